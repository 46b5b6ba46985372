//! The name servers of the internet: an authoritative one (CoreDNS) with a port for each world in which a question can
//! be asked, and resolvers (dnsmasq) that ask at one port or another, as a function of the faults.
//!
//! No answer outlives its second in any of them, so that a switch is seen at once.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result};

use super::Fault;
use super::places::{AUTHORITY, NOBODY, PUBLIC_RESOLVERS, RESOLVER, SLACK, SLACK_HOSTS, SLACK_MOVED};
use crate::cluster::uplink::address;
use crate::cluster::{Cluster, UNREACHABLE, WILDCARD_ZONE};

/// Names of the daemon and of its configuration.
const AUTHORITY_NAME: &str = "internet-authority";
/// Last numbers of the addresses that a long answer has besides: some 700 bytes, more than the 512 that fit into a UDP
/// packet without EDNS, and less than the 1,200 that glibc takes with it. Slack is at all of them.
const MORE: RangeInclusive<u8> = 200..=240;

/// The authority's ports, which are its worlds.
mod port {
    /// Slack's hosts as they are, and no other name.
    pub(super) const NOW: u16 = 5300;
    /// Slack's hosts at their new addresses.
    pub(super) const MOVED: u16 = 5301;
    /// SERVFAIL for everything.
    pub(super) const FAILS: u16 = 5302;
    /// Slack's hosts with more addresses than fit into a packet.
    pub(super) const LONG: u16 = 5303;
    /// No name exists.
    pub(super) const NOTHING: u16 = 5304;
    /// Every name exists, where nobody answers.
    pub(super) const WILDCARD: u16 = 5305;
    /// Every name exists, without addresses.
    pub(super) const EMPTY: u16 = 5306;
}

const SLACK_ZONE: &str = SLACK_HOSTS[0];

/// Starts the authoritative name server, instead of the one that may run.
pub(super) fn start_authority(cluster: &Cluster) -> Result<()> {
    let mut corefile = String::new();
    let long = SLACK.iter().flat_map(|(host, first)| {
        let more = MORE.map(address);
        std::iter::once(*first).chain(more).map(move |address| (*host, address))
    });
    let worlds =
        [(port::NOW, SLACK.to_vec()), (port::MOVED, SLACK_MOVED.to_vec()), (port::LONG, long.collect())];
    for (port, records) in worlds {
        let file = cluster.config_file(&format!("{SLACK_ZONE}.{port}"));
        fs::write(&file, zone(&records)).with_context(|| format!("cannot write {}", file.display()))?;
        corefile.push_str(&block(SLACK_ZONE, port, &format!("file {}", file.display())));
        corefile.push_str(&block(".", port, &template("NXDOMAIN")));
    }
    corefile.push_str(&block(".", port::NOTHING, &template("NXDOMAIN")));
    corefile.push_str(&block(".", port::FAILS, "template ANY ANY {\n        rcode SERVFAIL\n    }"));
    corefile.push_str(&block(".", port::EMPTY, &template("NOERROR")));
    let record = format!("template IN A {{\n        answer \"{{{{ .Name }}}} 1 IN A {UNREACHABLE}\"\n    }}");
    corefile.push_str(&block(".", port::WILDCARD, &format!("{record}\n    {}", template("NOERROR"))));

    let file = cluster.config_file("internet.Corefile");
    fs::write(&file, corefile).with_context(|| format!("cannot write {}", file.display()))?;
    let args = vec![OsString::from("-conf"), file.into_os_string()];
    cluster.serve_in_internet(AUTHORITY_NAME, &cluster.coredns_program(), args)
}

fn block(zone: &str, port: u16, plugin: &str) -> String {
    format!("{zone}:{port} {{\n    errors\n    {plugin}\n}}\n")
}

fn template(rcode: &str) -> String {
    let authority = "{{ .Zone }} 1 IN SOA ns.internet. admin.internet. (1 60 60 60 1)";
    format!("template IN ANY {{\n        rcode {rcode}\n        authority \"{authority}\"\n    }}")
}

/// A zone file of Slack's zone.
fn zone(records: &[(&str, Ipv4Addr)]) -> String {
    let mut text = format!(
        "$ORIGIN {SLACK_ZONE}.\n$TTL 1\n@ IN SOA ns admin 1 60 60 60 1\n@ IN NS ns\nns IN A {AUTHORITY}\n"
    );
    for (host, address) in records {
        text.push_str(&format!("{host}. IN A {address}\n"));
    }
    text
}

/// A resolver of the internet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver {
    name: &'static str,
    addresses: &'static [Ipv4Addr],
    /// Whether faults that are said to be the resolver's are its own.
    is_faulty: bool,
}

/// The one that the node asks, and the public ones.
pub(super) const RESOLVERS: [Resolver; 2] = [
    Resolver { name: "internet-resolver", addresses: &[RESOLVER], is_faulty: true },
    Resolver { name: "internet-public-resolver", addresses: &PUBLIC_RESOLVERS, is_faulty: false },
];

impl Resolver {
    /// Of dnsmasq; none if it does not run.
    pub(super) fn arguments(self, faults: &BTreeSet<Fault>) -> Option<Vec<String>> {
        let mut args = vec![
            "--keep-in-foreground".to_owned(),
            "--conf-file=/dev/null".to_owned(),
            "--pid-file=".to_owned(),
            "--user=root".to_owned(),
            "--log-facility=-".to_owned(),
            "--no-hosts".to_owned(),
            "--no-resolv".to_owned(),
            "--cache-size=0".to_owned(),
            "--bind-interfaces".to_owned(),
        ];
        args.extend(self.addresses.iter().map(|address| format!("--listen-address={address}")));
        let has = |fault| self.is_faulty && faults.contains(&fault);
        if has(Fault::UpstreamAbsent) {
            return None;
        }
        let ask = |zone: &str, port: u16| format!("--server={zone}{AUTHORITY}#{port}");
        let world = [
            (has(Fault::UpstreamFails), port::FAILS),
            (faults.contains(&Fault::OnlyProxy), port::NOTHING),
            (has(Fault::Truncated), port::LONG),
            (faults.contains(&Fault::SlackMoved), port::MOVED),
        ];
        let port = world.iter().find(|(is_on, _)| *is_on).map_or(port::NOW, |(_, port)| *port);
        // Without any server it answers REFUSED.
        if !has(Fault::UpstreamRefuses) {
            args.push(ask("", port));
        }
        let search = format!("/{WILDCARD_ZONE}/");
        if has(Fault::SearchWildcard) {
            args.push(ask(&search, port::WILDCARD));
        }
        if has(Fault::SearchFails) {
            args.push(ask(&search, port::FAILS));
        }
        if has(Fault::SearchEmpty) {
            args.push(ask(&search, port::EMPTY));
        }
        if has(Fault::SocketHostFails) {
            args.push(ask(&format!("/{}/", SLACK_HOSTS[2]), port::FAILS));
        }
        Some(args)
    }

    /// Starts it as `faults` want it, instead of the one that runs.
    pub(super) fn serve(self, cluster: &Cluster, faults: &BTreeSet<Fault>) -> Result<()> {
        match self.arguments(faults) {
            None => cluster.stop_in_internet(self.name),
            Some(args) => {
                let args = args.into_iter().map(OsString::from).collect();
                cluster.serve_in_internet(self.name, Path::new("dnsmasq"), args)
            }
        }
    }
}

/// The node's `resolv.conf`.
pub(super) fn node_resolv_conf(faults: &BTreeSet<Fault>) -> String {
    let server = if faults.contains(&Fault::NodeResolvConf) { NOBODY } else { RESOLVER };
    format!("nameserver {server}\nsearch {WILDCARD_ZONE}\n")
}
