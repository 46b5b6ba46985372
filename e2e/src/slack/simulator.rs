//! The owner of a running simulator.

use std::{net::SocketAddr, ops::Deref};

use tokio::runtime::Runtime;

use super::{
    builder::Builder,
    handle::Slack,
    origin::{Hosts, Origin},
};

/// A simulated Slack that runs until this is dropped. Everything a test does with it, it does through [`Slack`], to which
/// this dereferences.
#[derive(Debug)]
pub struct Simulator {
    slack: Slack,
    address: SocketAddr,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Simulator {
    /// Sets one up; see [`Builder`] for what can be set.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(slack: Slack, address: SocketAddr, runtime: Runtime) -> Self {
        Self { slack, address, runtime: Some(runtime) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL of the Web API, `http://127.0.0.1:port/api` or `https://slack.com/api`, without a slash at the end.
    #[must_use]
    pub fn api_url(&self) -> String {
        let hosts = self.slack.shared.settings.hosts.as_ref();
        let origin = hosts.map_or_else(|| Origin::at(&self.address.to_string()), Hosts::origin);
        format!("{}/api", origin.web)
    }

    /// A handle to hand to other tasks; it does not keep the simulator alive.
    #[must_use]
    pub fn slack(&self) -> Slack {
        self.slack.clone()
    }
}

impl Deref for Simulator {
    type Target = Slack;

    fn deref(&self) -> &Slack {
        &self.slack
    }
}

impl Drop for Simulator {
    /// Ends every task and closes every connection; does not wait, since it may run on another runtime's thread.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
