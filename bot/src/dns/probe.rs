//! One look at all names at once, bounded in time: reads `resolv.conf` and asks.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::join_all;
use hickory_proto::rr::{Name, RecordType};
use rand::random;
use tokio::{
    net::lookup_host,
    time::{Instant, timeout},
};

use super::{
    ask::Asker,
    hosts::Host,
    observation::{Answer, Failure, HostSeen, NameSeen, Observation},
    resolver::Resolver,
};

/// A name that every cluster's DNS has, below its domain.
const CONTROL: &str = "kubernetes.default.svc";

/// How long asking may take. Above the 5 s that a lost packet costs by default.
const DEADLINE: Duration = Duration::from_secs(6);

/// The same for the one question that may follow.
const FRESH_DEADLINE: Duration = Duration::from_secs(2);

/// Asks about names. Its files are read for each look, as the system's resolver does.
#[derive(Clone, Debug)]
pub struct Prober {
    pub resolv_conf: PathBuf,
    /// Names in this file need no name server.
    pub hosts_file: PathBuf,
    /// Of all name servers.
    pub port: u16,
    /// The system's resolver is musl's, which is asked too.
    pub musl: bool,
}

impl Default for Prober {
    fn default() -> Self {
        Prober {
            resolv_conf: "/etc/resolv.conf".into(),
            hosts_file: "/etc/hosts".into(),
            port: 53,
            musl: cfg!(target_env = "musl"),
        }
    }
}

impl Prober {
    /// How the system's resolver works at the moment.
    pub async fn resolver(&self) -> Resolver {
        // Without the file glibc asks the own machine, as with an empty one.
        Resolver::parse(&tokio::fs::read_to_string(&self.resolv_conf).await.unwrap_or_default())
    }

    /// Looks for `hosts`, and for the name that the cluster of `cluster_domain` must have.
    pub async fn look(&self, hosts: &[Host], cluster_domain: Option<&str>) -> Observation {
        let resolver = self.resolver().await;
        let known = names_in(&self.hosts_file).await;
        let asker = Asker { resolver: &resolver, port: self.port, end: Instant::now() + DEADLINE };
        let wanted = hosts.iter().filter(|host| !known.contains(host.name.trim_end_matches('.')));
        let control = async {
            let domain = cluster_domain.filter(|_| !hosts.is_empty())?;
            Some(name(&asker, &format!("{CONTROL}.{domain}.")).await)
        };
        let (hosts, control) = tokio::join!(join_all(wanted.map(|host| seen(&asker, host))), control);
        let mut observation = Observation {
            hosts,
            control,
            fresh: None,
            ndots: resolver.ndots,
            timeout: resolver.timeout,
            not_for_us: None,
        };
        observation.fresh = fresh(&observation, &resolver, self.port).await;
        if self.musl {
            observation.not_for_us = missed_by_the_system(&observation.hosts).await;
        }
        observation
    }
}

async fn seen(asker: &Asker<'_>, host: &Host) -> HostSeen {
    let absolute_first = asker.resolver.absolute_first(&host.name);
    let absolute = format!("{}.", host.name.trim_end_matches('.'));
    // A short name may need a search domain also where it is tried as it is first.
    let searched = !absolute_first || !host.external;
    let suffixed = if searched { asker.resolver.suffixed(&host.name) } else { Vec::new() };
    let with_domains = suffixed.into_iter().map(async |(domain, full)| (domain, name(asker, &full).await));
    let (absolute, suffixed) = tokio::join!(name(asker, &absolute), join_all(with_domains));
    HostSeen { host: host.clone(), absolute_first, absolute, suffixed }
}

async fn name(asker: &Asker<'_>, text: &str) -> NameSeen {
    let Ok(name) = Name::from_ascii(text) else {
        // No resolver sends it.
        let a = Answer::at_once(Err(Failure::NxDomain));
        return NameSeen { name: text.to_owned(), a, aaaa: None };
    };
    let aaaa = async {
        let wanted = !asker.resolver.no_aaaa;
        if wanted { Some(asker.ask(&name, RecordType::AAAA).await) } else { None }
    };
    let (a, aaaa) = tokio::join!(asker.ask(&name, RecordType::A), aaaa);
    NameSeen { name: text.to_owned(), a, aaaa }
}

/// After an error that came at once: a name below that host that nobody has asked for, since name servers remember
/// errors for some seconds and a remembered one hides how long it took.
async fn fresh(seen: &Observation, resolver: &Resolver, port: u16) -> Option<NameSeen> {
    let failed = |host: &&HostSeen| {
        host.host.external
            && host.absolute.failure().is_some_and(|(failure, _)| *failure == Failure::ServFail)
    };
    let host = seen.hosts.iter().find(failed)?;
    let text = format!("chatops-{:08x}.{}", random::<u32>(), host.absolute.name);
    let asker = Asker { resolver, port, end: Instant::now() + FRESH_DEADLINE };
    let a = asker.ask(&Name::from_ascii(&text).ok()?, RecordType::A).await;
    Some(NameSeen { name: text, a, aaaa: None })
}

/// A host that resolves, but not for the system's resolver.
async fn missed_by_the_system(hosts: &[HostSeen]) -> Option<String> {
    for host in hosts.iter().filter(|host| host.resolves()) {
        let found = timeout(DEADLINE, lookup_host((host.host.name.as_str(), 0))).await;
        if !matches!(found, Ok(Ok(_))) {
            return Some(host.host.name.clone());
        }
    }
    None
}

/// Names of the hosts file (hosts(5)).
async fn names_in(file: &Path) -> HashSet<String> {
    let text = tokio::fs::read_to_string(file).await.unwrap_or_default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| line.split_whitespace().skip(1).map(str::to_owned)).collect()
}
