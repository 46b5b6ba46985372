//! What was seen of the names: each question, who was asked, and what came of it. Pure.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use chatops_crds::bot_report::Lookup;

use super::hosts::Host;

/// Why there is no address, the gravest last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// The name exists, without addresses of this kind.
    NoData,
    /// There is no such name.
    NxDomain,
    /// Another error of the server.
    Other(String),
    Refused,
    ServFail,
    /// The answer did not fit into a UDP packet, and TCP failed for this reason.
    TcpBlocked(&'static str),
    /// Nobody listens at the server's address.
    NotListening,
    /// No server answered in time.
    Timeout,
}

/// What came of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub outcome: Result<Vec<IpAddr>, Failure>,
    /// Who answered; where nobody did, who was asked first.
    pub server: IpAddr,
    /// From the first packet to the answer.
    pub took: Duration,
    /// How often nobody answered before the question was sent again.
    pub lost: u32,
}

/// What came of asking for the addresses of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameSeen {
    /// With a final dot.
    pub name: String,
    pub a: Answer,
    /// None where `resolv.conf` says `no-aaaa`.
    pub aaaa: Option<Answer>,
}

/// What came of looking for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSeen {
    pub host: Host,
    /// The resolver looks for the name as it is before it tries search domains.
    pub absolute_first: bool,
    pub absolute: NameSeen,
    /// With each search domain, in order; empty where the resolver would not come to them.
    pub suffixed: Vec<(String, NameSeen)>,
}

/// Everything that one look at the names has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub hosts: Vec<HostSeen>,
    /// A name that every cluster has; none outside a cluster.
    pub control: Option<NameSeen>,
    /// A name that nobody has asked for before, so that no answer to it is remembered. Only after an error.
    pub fresh: Option<NameSeen>,
    pub ndots: u32,
    /// How long the resolver waits for an answer before it asks again.
    pub timeout: Duration,
    /// A host that the system's resolver does not find, though the name servers know it.
    pub not_for_us: Option<String>,
}

impl Failure {
    /// The word as people know it.
    pub fn word(&self) -> String {
        match self {
            Failure::NoData => "NODATA".into(),
            Failure::NxDomain => "NXDOMAIN".into(),
            Failure::Other(code) => code.clone(),
            Failure::Refused => "REFUSED".into(),
            Failure::ServFail => "SERVFAIL".into(),
            Failure::TcpBlocked(cause) => format!("truncated, TCP {cause}"),
            Failure::NotListening => "nobody listens".into(),
            Failure::Timeout => "timeout".into(),
        }
    }

    /// The server does not answer at all.
    pub fn is_silence(&self) -> bool {
        matches!(self, Failure::Timeout | Failure::NotListening)
    }

    /// The server says that the name, or addresses of it, do not exist.
    pub fn is_negative(&self) -> bool {
        matches!(self, Failure::NxDomain | Failure::NoData)
    }
}

impl Answer {
    /// How long a program waits for this answer: the system's resolver sends a lost packet again after `timeout`.
    pub fn delay(&self, timeout: Duration) -> Duration {
        if self.lost > 0 { timeout * self.lost } else { self.took }
    }

    fn failure(&self) -> Option<&Failure> {
        self.outcome.as_ref().err()
    }

    /// An answer that came at once, for a server that need not be named.
    pub fn at_once(outcome: Result<Vec<IpAddr>, Failure>) -> Answer {
        Answer { outcome, server: Ipv4Addr::UNSPECIFIED.into(), took: Duration::ZERO, lost: 0 }
    }
}

impl NameSeen {
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        std::iter::once(&self.a).chain(&self.aaaa)
    }

    /// Addresses of both kinds; empty if it does not resolve.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.answers().filter_map(|answer| answer.outcome.as_ref().ok()).flatten().copied().collect()
    }

    pub fn resolves(&self) -> bool {
        self.answers().any(|answer| answer.outcome.is_ok())
    }

    /// The gravest failure and its answer, if it does not resolve.
    pub fn failure(&self) -> Option<(&Failure, &Answer)> {
        let failed = |answer| Answer::failure(answer).map(|failure| (failure, answer));
        if self.resolves() {
            None
        } else {
            self.answers().filter_map(failed).max_by_key(|(failure, _)| *failure)
        }
    }

    fn lookups(&self, host: &str) -> impl Iterator<Item = Lookup> {
        let kinds = [("A", Some(&self.a)), ("AAAA", self.aaaa.as_ref())];
        kinds.into_iter().filter_map(move |(kind, answer)| {
            let answer = answer?;
            let outcome = match &answer.outcome {
                Ok(addresses) => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                Err(failure) => failure.word(),
            };
            Some(Lookup {
                host: host.to_owned(),
                name: self.name.clone(),
                kind: kind.to_owned(),
                server: answer.server.to_string(),
                outcome,
                milliseconds: answer.took.as_millis().try_into().unwrap_or(u64::MAX),
            })
        })
    }
}

impl HostSeen {
    /// What the resolver does, name by name, until one has addresses.
    pub fn walk(&self) -> impl Iterator<Item = &NameSeen> {
        let (before, after) =
            if self.absolute_first { (Some(&self.absolute), None) } else { (None, Some(&self.absolute)) };
        before.into_iter().chain(self.suffixed.iter().map(|(_, seen)| seen)).chain(after)
    }

    /// The program gets addresses of some kind.
    pub fn resolves(&self) -> bool {
        self.walk().any(NameSeen::resolves)
    }
}

impl Observation {
    /// Every question, for people.
    pub fn lookups(&self) -> Vec<Lookup> {
        let of_hosts = self.hosts.iter().flat_map(|seen| {
            let host = &seen.host.name;
            seen.suffixed
                .iter()
                .map(|(_, name)| name)
                .chain([&seen.absolute])
                .flat_map(|name| name.lookups(host))
        });
        let others = self.control.iter().chain(&self.fresh).flat_map(|name| name.lookups(&name.name));
        of_hosts.chain(others).collect()
    }
}
