//! What is installed in every cluster: DNS and a storage class.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::config::fill;
use super::state::State;
use super::tools::Tools;
use super::{Cluster, Dns, command, kube_dns, volumes};

const ADDONS: &str = include_str!("config/addons.yaml");
const COREDNS: &str = include_str!("config/coredns.yaml");
const KUBE_DNS: &str = include_str!("config/kube-dns.yaml");
const DEADLINE: Duration = Duration::from_secs(60);

/// Seconds that CoreDNS keeps an answer: kubeadm's value.
const CACHE: &str = "30";
/// Where the outside changes under the eyes of a test, the cluster sees it at once.
const CACHE_WITH_INTERNET: &str = "1 {\n           servfail 0\n        }";

pub(super) async fn apply(cluster: &Cluster) -> Result<()> {
    let options = cluster.options;
    let cache = if options.internet { CACHE_WITH_INTERNET } else { CACHE };
    let values = [
        ("CACHE", cache.to_owned()),
        ("NODE_IP", cluster.node_ip().to_string()),
        ("KUBEDNS_IP", kube_dns::KUBEDNS_IP.to_string()),
    ];
    let dns = match options.dns {
        Dns::CoreDns => COREDNS,
        Dns::KubeDns => KUBE_DNS,
    };
    let file = cluster.state.config("addons.yaml");
    let volumes = volumes::offer(&cluster.state)?;
    let manifests = format!("{ADDONS}---\n{}{volumes}", fill(dns, &values));
    std::fs::write(&file, manifests).with_context(|| format!("cannot write {}", file.display()))?;
    let mut apply = kubectl(&cluster.state, &cluster.tools);
    apply.args(["apply", "--server-side", "--filename"]).arg(file);
    command::check(apply.into(), DEADLINE).await.map(drop)
}

/// kubectl as the cluster's administrator; its cache of the API's description goes with the cluster.
pub(super) fn kubectl(state: &State, tools: &Tools) -> Command {
    let mut kubectl = Command::new(tools.kubernetes("kubectl"));
    kubectl.env("KUBECONFIG", state.kubeconfig("admin")).env("KUBECACHEDIR", state.path("kubectl-cache"));
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        kubectl.env_remove(proxy);
    }
    kubectl
}
