//! The verdict in the report, as a fault comes and goes.

use std::{sync::Arc, time::Duration};

use chatops_bot::{dns::Watch, network::Network, report::Facts};
use chatops_crds::{
    bot_config::{BotConfig, NetworkConfig},
    bot_report::{BotReport, Fault, FaultCode},
};
use serde_json::json;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use crate::servers::{CLUSTER, Dnsmasq, prober};

fn config() -> BotConfig {
    let source = json!({"env": "TOKEN"});
    serde_json::from_value(json!({
        "version": 2, "namespace": "chat", "name": "ops",
        "slack": {"apiUrl": "https://slack.com/api/", "botToken": source, "appToken": source},
        "dns": {"clusterDomain": "cluster.local"},
        "commands": {"prefix": "!", "timeout": "30s"}, "storage": {"memory": {}},
    }))
    .unwrap()
}

struct Watched {
    facts: Facts,
    task: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

impl Watched {
    fn start(port: u16) -> Watched {
        let (prober, dir) = prober(port, "options ndots:1 timeout:1");
        let (facts, network) = (Facts::new(), Arc::new(Network::new(&NetworkConfig::default()).unwrap()));
        let socket_host = watch::Sender::new(None).subscribe();
        let watch = Watch { prober, config: config(), network, facts: facts.clone(), socket_host };
        Watched { facts, task: tokio::spawn(watch.run()), _dir: dir }
    }

    async fn until(&self, what: &str, within: u64, condition: impl Fn(&BotReport) -> bool) {
        let mut reports = self.facts.subscribe();
        let news = reports.wait_for(|envelope| condition(&envelope.report));
        let outcome = timeout(Duration::from_secs(within), news).await.map(|outcome| outcome.map(|_| ()));
        assert!(
            matches!(outcome, Ok(Ok(()))),
            "{what}: not within {within} s: {:?}",
            self.facts.current().dns
        );
    }

    async fn until_fault(&self, code: FaultCode, within: u64) {
        let is = |report: &BotReport| report.dns.fault.as_ref().is_some_and(|fault| fault.code == code);
        self.until(&format!("{code:?}"), within, is).await;
    }

    async fn until_well(&self, within: u64) {
        self.until("no fault", within, |report| report.dns.checked && report.dns.fault.is_none()).await;
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_cause_is_named_within_15_seconds_and_its_end_within_10() {
    let slack: Vec<_> = [CLUSTER, &["--address=/slack.com/203.0.113.5"]].concat();
    let server = Dnsmasq::start(&slack).await;
    let port = server.port;
    let watched = Watched::start(port);
    watched.until_well(10).await;
    assert!(!watched.facts.subscribe().borrow().lookups.is_empty());

    drop(server);
    watched.until_fault(FaultCode::DnsBlocked, 15).await;
    let server = Dnsmasq::start_at(port, CLUSTER).await;
    watched.until_fault(FaultCode::DnsForwarderUnusable, 10).await;
    drop(server);
    let _server = Dnsmasq::start_at(port, &slack).await;
    watched.until_well(10).await;
}

#[tokio::test]
async fn a_lost_connection_is_a_reason_to_look_at_once() {
    let slack: Vec<_> = [CLUSTER, &["--address=/slack.com/203.0.113.5"]].concat();
    let server = Dnsmasq::start(&slack).await;
    let watched = Watched::start(server.port);
    watched.until_well(10).await;
    drop(server);
    watched.facts.update(|report| {
        report.slack.connection_fault =
            Some(Fault::new(FaultCode::DnsUnresolvable).with("host", "slack.com"));
    });
    watched.until_fault(FaultCode::DnsBlocked, 5).await;
}

#[tokio::test]
async fn the_report_does_not_change_while_nothing_happens() {
    let server = Dnsmasq::start(CLUSTER).await;
    let watched = Watched::start(server.port);
    watched.until_fault(FaultCode::DnsForwarderUnusable, 10).await;
    let mut reports = watched.facts.subscribe();
    // Two more looks come within that time.
    let change = timeout(Duration::from_secs(7), reports.changed()).await;
    assert!(change.is_err(), "{:?}", watched.facts.current().dns);
}
