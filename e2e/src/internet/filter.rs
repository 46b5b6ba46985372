//! Packets that are lost or refused: rules for nftables in the internet and on the node, as a function of the faults.

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};

use super::Fault;
use super::places::{PUBLIC_RESOLVERS, RESOLVER, SLACK};
use crate::cluster::{Cluster, Namespace, uplink};

/// Of the cluster's name server, and of pods.
const CLUSTER_DNS: &str = "10.96.0.10";
const PODS: &str = "10.244.0.0/16";

/// Replaces the rules of both namespaces.
pub(super) async fn obey(cluster: &Cluster, faults: &BTreeSet<Fault>) -> Result<()> {
    give(cluster, &cluster.internet()?, "internet.nft", &in_internet(faults)).await?;
    give(cluster, cluster.node(), "node.nft", &on_node(faults)).await
}

async fn give(cluster: &Cluster, namespace: &Namespace, file: &str, rules: &str) -> Result<()> {
    let file = cluster.config_file(file);
    fs::write(&file, rules).with_context(|| format!("cannot write {}", file.display()))?;
    namespace.obey(&file).await
}

fn in_internet(faults: &BTreeSet<Fault>) -> String {
    let mut rules = String::new();
    let mut add = |fault: Fault, rule: String| {
        if faults.contains(&fault) {
            rules.push_str(&format!("    {rule}\n"));
        }
    };
    let dns = "meta l4proto { tcp, udp } th dport 53";
    add(Fault::UpstreamDrops, format!("ip daddr {RESOLVER} {dns} drop"));
    add(Fault::Truncated, format!("ip daddr {RESOLVER} tcp dport 53 drop"));
    let old = list(&SLACK.map(|(_, address)| address));
    add(Fault::SlackMoved, format!("ip daddr {old} meta l4proto tcp reject with tcp reset"));
    let from_outside = format!("ip saddr {}", uplink::NODE);
    add(Fault::OnlyProxy, format!("{from_outside} tcp dport 443 reject with tcp reset"));
    add(Fault::OnlyProxy, format!("{from_outside} ip daddr {} {dns} drop", list(&PUBLIC_RESOLVERS)));
    table(&format!(
        "  chain arriving {{\n    type filter hook input priority 0; policy accept;\n{rules}  }}\n"
    ))
}

fn on_node(faults: &BTreeSet<Fault>) -> String {
    let mut rules = String::new();
    let from_pods = format!("ip saddr {PODS} ip daddr {CLUSTER_DNS}");
    if faults.contains(&Fault::PodDnsBlocked) {
        rules.push_str(&format!("    {from_pods} meta l4proto {{ tcp, udp }} th dport 53 drop\n"));
    }
    if faults.contains(&Fault::PacketsLost) {
        rules.push_str(&format!("    {from_pods} udp dport 53 numgen inc mod 3 == 0 drop\n"));
    }
    // Before kube-proxy turns the Service's address into a pod's (dstnat, -100).
    table(&format!(
        "  chain leaving {{\n    type filter hook prerouting priority -150; policy accept;\n{rules}  }}\n"
    ))
}

/// A table instead of the one that may be there.
fn table(content: &str) -> String {
    format!("table inet faults\ndelete table inet faults\ntable inet faults {{\n{content}}}\n")
}

fn list(addresses: &[Ipv4Addr]) -> String {
    let addresses: Vec<_> = addresses.iter().map(Ipv4Addr::to_string).collect();
    format!("{{ {} }}", addresses.join(", "))
}
