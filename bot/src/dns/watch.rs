//! Looks again and again: soon when something is wrong or when Slack or storage has just been lost, seldom otherwise,
//! and writes the verdict to the facts.

use std::{sync::Arc, time::Duration};

use chatops_crds::{
    bot_config::BotConfig,
    bot_report::{BotReport, DnsReport, Envelope, Fault},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{classify::classify, hosts::needed, probe::Prober, verdict::Verdict};
use crate::{network::Network, report::Facts};

/// Shortest time between two looks that failures of others ask for.
const CALM: Duration = Duration::from_secs(1);

/// The bot's look at its names.
#[derive(Debug)]
pub struct Watch {
    pub prober: Prober,
    pub config: BotConfig,
    pub network: Arc<Network>,
    pub facts: Facts,
    /// Host of the web socket as Slack named it last.
    pub socket_host: watch::Receiver<Option<String>>,
}

impl Watch {
    /// Never returns.
    pub async fn run(self) {
        let mut reports = self.facts.subscribe();
        let mut verdict = Verdict::default();
        let mut told: Option<Fault> = None;
        loop {
            let trouble = trouble(&self.facts.current());
            let socket = self.socket_host.borrow().clone();
            let hosts = needed(&self.config, &self.network, socket.as_deref());
            let domain = self.config.dns.cluster_domain.as_deref();
            let seen = self.prober.look(&hosts, domain).await;
            self.facts.note_lookups(seen.lookups());
            let next = verdict.see(classify(&seen), self.facts.current().slack.connections > 0);
            if let Some(fault) = next.news {
                say(told.as_ref(), fault.as_ref());
                told.clone_from(&fault);
                self.facts.update(|report| report.dns = DnsReport { checked: true, fault });
            }
            let looked = Instant::now();
            tokio::select! {
                () = sleep(next.pause) => (),
                () = worse(&mut reports, trouble) => sleep_until(looked + CALM.min(next.pause)).await,
            }
        }
    }
}

fn say(before: Option<&Fault>, fault: Option<&Fault>) {
    match fault {
        Some(fault) => {
            tracing::warn!(code = ?fault.code, args = ?fault.args, "names do not resolve as they should")
        }
        None if before.is_some() => tracing::info!("names resolve again"),
        None => tracing::debug!("names resolve"),
    }
}

/// What may be for want of a name.
fn trouble(report: &BotReport) -> Vec<Fault> {
    let connection = report.slack.connection_fault.clone();
    connection.into_iter().chain(report.storage.fault.clone()).collect()
}

/// Returns when something fails that did not fail at the time of `before`.
async fn worse(reports: &mut watch::Receiver<Arc<Envelope>>, before: Vec<Fault>) {
    let mut known = before;
    loop {
        let now = trouble(&reports.borrow_and_update().report);
        if now.iter().any(|fault| !known.contains(fault)) {
            return;
        }
        known = now;
        if reports.changed().await.is_err() {
            // The facts end with the process.
            return std::future::pending().await;
        }
    }
}
