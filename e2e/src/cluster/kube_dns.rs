//! What stands in for kube-dns, which can't be built from packages: its contract, run for real.
//!
//! In kube-dns a *nanny* starts dnsmasq with arguments that it derives from ConfigMap `kube-system/kube-dns`, and starts
//! it anew when they change; dnsmasq hands names of the cluster to another container. Here dnsmasq is Debian's, it runs
//! beside the cluster behind the same Service address, CoreDNS plays the other container, and [`Nanny`] derives and
//! restarts in the same way (kubernetes/dns, `pkg/dns/config` and `pkg/dnsmasq`):
//!
//! - `stubDomains`: a JSON object in a string, zone → list of addresses; each becomes `--server=/zone/ip#port`.
//! - `upstreamNameservers`: a JSON list in a string, three at most; each becomes `--server=ip#port`, and any of them
//!   `--no-resolv` for everything.
//! - A value that is not valid is not taken up, and nobody is told. When the pod restarts, the defaults apply, as
//!   silently.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use tokio::runtime::{self, Runtime};
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::process::{self, Daemon};
use super::{Cluster, Dns};

/// Where CoreDNS answers for names of the cluster.
pub(super) const KUBEDNS_IP: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 11);

const DAEMON: &str = "dnsmasq";
/// `pkg/dns/config/validation.go`
const MOST_UPSTREAMS: usize = 3;
/// How often the ConfigMap is looked at. The kubelet of a real cluster takes up to a minute to show a change to the pod.
const POLL: Duration = Duration::from_millis(250);
const REQUEST: Duration = Duration::from_secs(5);

/// What dnsmasq was told beyond its defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Config {
    stub_domains: BTreeMap<String, Vec<String>>,
    upstreams: Vec<String>,
}

impl Config {
    /// None if any value is not valid.
    fn parse(data: &BTreeMap<String, String>) -> Option<Self> {
        let text = |key: &str| data.get(key).filter(|value| !value.is_empty());
        let stub_domains: BTreeMap<String, Vec<String>> =
            text("stubDomains").map_or(Some(BTreeMap::new()), |json| serde_json::from_str(json).ok())?;
        let upstreams: Vec<String> =
            text("upstreamNameservers").map_or(Some(Vec::new()), |json| serde_json::from_str(json).ok())?;
        if upstreams.len() > MOST_UPSTREAMS || stub_domains.keys().any(|zone| !is_zone(zone)) {
            return None;
        }
        Some(Self {
            stub_domains: stub_domains
                .into_iter()
                .map(|(zone, servers)| {
                    Some((zone, servers.iter().map(|s| server(s)).collect::<Option<_>>()?))
                })
                .collect::<Option<_>>()?,
            upstreams: upstreams.iter().map(|s| server(s)).collect::<Option<_>>()?,
        })
    }

    fn arguments(&self) -> Vec<String> {
        let stubs = self.stub_domains.iter().flat_map(|(zone, servers)| {
            servers.iter().map(move |server| format!("--server=/{zone}/{server}"))
        });
        let upstreams = self.upstreams.iter().map(|server| format!("--server={server}"));
        let alone = (!self.upstreams.is_empty()).then(|| "--no-resolv".to_owned());
        stubs.chain(upstreams).chain(alone).collect()
    }
}

/// A DNS-1123 subdomain.
fn is_zone(zone: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(inside) && !label.starts_with('-') && !label.ends_with('-')
    };
    zone.split('.').all(is_label)
}

/// `ip` or `ip:port`, as dnsmasq writes it.
fn server(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let address = text.parse::<SocketAddr>().ok()?;
    Some(format!("{}#{}", address.ip(), address.port()))
}

/// dnsmasq as kube-dns's manifest starts it.
pub(super) fn daemon(cluster: &Cluster, config: &Config) -> Daemon {
    let mut args = vec![
        "--keep-in-foreground".to_owned(),
        "--conf-file=/dev/null".to_owned(),
        "--pid-file=".to_owned(),
        "--user=root".to_owned(),
        "--log-facility=-".to_owned(),
        "--no-hosts".to_owned(),
        "--cache-size=1000".to_owned(),
        "--no-negcache".to_owned(),
        "--dns-loop-detect".to_owned(),
        "--bind-interfaces".to_owned(),
        format!("--listen-address={}", cluster.node_ip()),
        format!("--resolv-file={}", cluster.node_resolv_conf().display()),
    ];
    for zone in ["cluster.local", "in-addr.arpa", "ip6.arpa"] {
        args.push(format!("--server=/{zone}/{KUBEDNS_IP}#10053"));
    }
    args.extend(config.arguments());
    Daemon {
        name: DAEMON,
        program: PathBuf::from("dnsmasq"),
        args: args.into_iter().map(Into::into).collect(),
        environment: Vec::new(),
    }
}

/// Looks after dnsmasq of a cluster with [`Dns::KubeDns`] until it is dropped; dnsmasq then goes on as it is. It does so
/// on a runtime of its own, since each test has one, and a cluster outlives it.
#[derive(Debug)]
pub struct Nanny {
    cluster: Cluster,
    /// What dnsmasq runs with.
    config: Arc<Mutex<Config>>,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Nanny {
    /// Takes up what the ConfigMap says now, and goes on to do so.
    ///
    /// # Errors
    /// The cluster's DNS is another, or dnsmasq can't be started.
    pub fn of(cluster: &Cluster) -> Result<Self> {
        anyhow::ensure!(cluster.options().dns == Dns::KubeDns, "the cluster's DNS is not kube-dns");
        let config = Arc::new(Mutex::new(Config::default()));
        restart(cluster, &Config::default())?;
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("nanny")
            .enable_all()
            .build()?;
        runtime.spawn(look_after(cluster.clone(), config.clone()));
        Ok(Self { cluster: cluster.clone(), config, runtime: Some(runtime) })
    }

    /// What happens when the DNS pod is deleted: a configuration that is not valid now means the defaults.
    ///
    /// # Errors
    /// The ConfigMap can't be read, or dnsmasq can't be started.
    pub async fn restart_pod(&self) -> Result<()> {
        let maps = config_maps(&self.cluster).await?;
        let mut running = self.config.lock().await;
        *running = read(&maps).await?.unwrap_or_default();
        restart(&self.cluster, &running)
    }
}

impl Drop for Nanny {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn config_maps(cluster: &Cluster) -> Result<Api<ConfigMap>> {
    Ok(Api::namespaced(cluster.client().await?, "kube-system"))
}

async fn look_after(cluster: Cluster, config: Arc<Mutex<Config>>) {
    let maps = match config_maps(&cluster).await {
        Ok(maps) => maps,
        Err(error) => return tracing::warn!("ConfigMap kube-dns is not looked at: {error:#}"),
    };
    loop {
        let mut running = config.lock().await;
        match read(&maps).await {
            Ok(Some(wanted)) if wanted != *running => match restart(&cluster, &wanted) {
                Ok(()) => *running = wanted,
                Err(error) => tracing::warn!("dnsmasq: {error:#}"),
            },
            Ok(_) => {}
            Err(error) => tracing::debug!("ConfigMap kube-dns: {error:#}"),
        }
        drop(running);
        sleep(POLL).await;
    }
}

/// None if it is not valid; an absent one is an empty one.
async fn read(maps: &Api<ConfigMap>) -> Result<Option<Config>> {
    let map =
        timeout(REQUEST, maps.get_opt("kube-dns")).await.context("the API server does not answer")??;
    Ok(Config::parse(&map.and_then(|map| map.data).unwrap_or_default()))
}

fn restart(cluster: &Cluster, config: &Config) -> Result<()> {
    process::stop(&cluster.state, DAEMON)?;
    process::start(&cluster.state, cluster.node(), daemon(cluster, config))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(values: &[(&str, &str)]) -> Option<Vec<String>> {
        let data = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Config::parse(&data).map(|config| config.arguments())
    }

    #[test]
    fn stub_domains_and_upstreams_become_dnsmasqs_arguments() {
        let stubs = r#"{"slack.com": ["8.8.8.8", "1.1.1.1:5353"]}"#;
        assert_eq!(
            arguments(&[("stubDomains", stubs)]).expect("valid"),
            ["--server=/slack.com/8.8.8.8", "--server=/slack.com/1.1.1.1#5353"]
        );
        assert_eq!(
            arguments(&[("upstreamNameservers", r#"["9.9.9.9"]"#)]).expect("valid"),
            ["--server=9.9.9.9", "--no-resolv"]
        );
        assert_eq!(arguments(&[]).expect("valid"), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_strictly_valid_is_nothing() {
        for stubs in [
            "{“slack.com”: [“8.8.8.8”]}",
            r#"{"slack.com": "8.8.8.8"}"#,
            r#"{"Slack_com": ["8.8.8.8"]}"#,
            "{",
        ] {
            assert_eq!(arguments(&[("stubDomains", stubs)]), None, "{stubs}");
        }
        for upstreams in [r#"["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]"#, r#"["dns.google"]"#, "['1.1.1.1']"]
        {
            assert_eq!(arguments(&[("upstreamNameservers", upstreams)]), None, "{upstreams}");
        }
    }
}
