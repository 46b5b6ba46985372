//! Slack over Socket Mode: tokens, sockets and the Web API. What people type goes into the inbox and is acknowledged
//! to Slack only then; what the bot answers goes out by `chat.postMessage`. How Slack fares is written to the facts.
//!
//! The loop over the sockets is this crate's own, since Slack's faults decide its shape: deadlines on everything, a
//! new socket before the old one ends, and no acknowledgement that waits for a command. What is sent is typed by
//! `slack-morphism`; what is received is decoded leniently, field by field, since one unknown block in a message
//! must not cost the message.

mod acknowledgement;
mod arrival;
mod backoff;
mod connections;
mod credentials;
pub mod decode;
pub mod encode;
pub mod form;
mod health;
mod inspect;
mod interaction;
mod link;
pub mod manifest;
pub mod markup;
mod metadata;
mod reaction;
mod rich_text;
mod scopes;
mod sender;
mod socket;
mod timing;
mod tokens;
mod upload;
mod web_api;

use std::sync::Arc;

use chatops_crds::bot_config::SlackConfig;
use futures::future::join_all;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    chat::form::Forms,
    inbox::Inbox,
    network::Network,
    report::{Facts, Metrics},
};
pub use inspect::{Accepted, Inspection, inspect};
use link::Link;
pub use scopes::Needs;
pub use sender::SlackSender;
pub use timing::Timing;
pub use web_api::SetupError;

/// A bot's connection to one Slack workspace.
#[derive(Debug)]
pub struct Slack {
    config: SlackConfig,
    needs: watch::Receiver<Needs>,
    link: Arc<Link>,
}

impl Slack {
    /// Prepares a connection; [`Slack::run`] opens it. `needs`: what the commands in force need to be
    /// granted.
    ///
    /// # Errors
    /// [`SetupError`] when `config.api_url` cannot be used.
    pub fn new(
        config: SlackConfig,
        needs: watch::Receiver<Needs>,
        forms: Arc<dyn Forms>,
        network: Arc<Network>,
        facts: Facts,
        metrics: Metrics,
    ) -> Result<Slack, SetupError> {
        Self::with_timing(config, needs, forms, network, facts, metrics, Timing::default())
    }

    /// The same with other deadlines.
    ///
    /// # Errors
    /// As for [`Slack::new`].
    pub fn with_timing(
        config: SlackConfig,
        needs: watch::Receiver<Needs>,
        forms: Arc<dyn Forms>,
        network: Arc<Network>,
        facts: Facts,
        metrics: Metrics,
        timing: Timing,
    ) -> Result<Slack, SetupError> {
        let link = Link::new(&config.api_url, forms, network, facts, metrics, timing)?;
        Ok(Slack { config, needs, link: Arc::new(link) })
    }

    /// What sends answers, also after [`Slack::run`] has returned.
    pub fn sender(&self) -> SlackSender {
        SlackSender::new(self.link.clone())
    }

    /// The host of the web socket, as soon as Slack has named one.
    pub fn socket_host(&self) -> watch::Receiver<Option<String>> {
        self.link.socket_host.subscribe()
    }

    /// Keeps sockets open and puts what arrives into `inbox`, until `shutdown`; then closes the sockets, so that
    /// Slack delivers elsewhere what it has not delivered yet. Faults are reported and outlasted, never returned.
    pub async fn run(self, inbox: Inbox, shutdown: CancellationToken) {
        let Slack { config, needs, link } = self;
        let connection = |_| connections::run(link.clone(), inbox.clone(), shutdown.clone());
        tokio::select! {
            _ = join_all((0..config.connections).map(connection)) => (),
            () = credentials::run(&link, needs, [config.bot_token, config.app_token]) => (),
        }
    }
}

/// Names the one TLS implementation of this process. To be called before anything opens a TLS connection; again does
/// no harm.
pub fn install_tls_provider() {
    // It fails only where a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
