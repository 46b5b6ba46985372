//! Which zones go to which name servers, as the operator's administrator gave them. Checked here, so that nothing behind
//! it has to ask whether a name or an address could do harm in a file.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
};

use serde::{Deserialize, Serialize};

/// Most upstreams of a zone: what CoreDNS's plugin `forward` takes.
const MAX_UPSTREAMS: usize = 15;

/// Most zones: what a person oversees.
const MAX_ZONES: usize = 16;

/// Port of DNS (RFC 1035, 4.2).
pub const DNS_PORT: u16 = 53;

/// A DNS name that may be a stub zone: lower case, no final dot, at least two labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(String);

/// Address of a name server, with a port if it is not 53: `8.8.8.8`, `10.0.0.1:5353`, `[2001:db8::1]:5353`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Upstream(String);

/// The zones and the name servers that all of them go to; neither list is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StubZones {
    pub zones: Vec<Zone>,
    pub upstreams: Vec<Upstream>,
}

/// Why a zone or an upstream is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error(
        "zone \"{0}\" is not a DNS name: labels of a-z, 0-9 and -, separated by dots, at most 253 characters"
    )]
    NoName(String),
    #[error("zone \".\" would take every name of the cluster: give the zones that matter, e.g. slack.com")]
    Root,
    #[error("zone \"{0}\" is a whole top-level domain: give the zones that matter, e.g. slack.com")]
    TopLevel(String),
    #[error(
        "zone \"{zone}\" touches the cluster's own domain \"{domain}\", which only the cluster can answer for"
    )]
    Cluster { zone: String, domain: String },
    #[error("zone \"{0}\" is for looking up names of addresses, which the cluster answers for")]
    Reverse(String),
    #[error(
        "upstream \"{0}\" is no address of a name server: give IP or IP:PORT, e.g. 8.8.8.8 or [2001:db8::1]:53"
    )]
    NoAddress(String),
    #[error("no zone is given")]
    NoZone,
    #[error("no upstream is given: the cluster has to know which name servers to ask for the zones")]
    NoUpstream,
    #[error("{given} {what}s are more than the {most} that are possible")]
    TooMany { what: &'static str, given: usize, most: usize },
}

impl Zone {
    /// # Errors
    /// When it is no name, or one that is not to be redirected. `cluster_domain` is e.g. `cluster.local`.
    pub fn parse(text: &str, cluster_domain: &str) -> Result<Self, Refused> {
        let zone = normal(text);
        if zone.is_empty() && text.trim() == "." {
            return Err(Refused::Root);
        }
        let labels: Vec<&str> = zone.split('.').collect();
        let numeric = labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        if zone.len() > 253 || numeric || !labels.iter().all(|label| is_label(label)) {
            return Err(Refused::NoName(text.into()));
        }
        if labels.len() < 2 {
            return Err(Refused::TopLevel(zone));
        }
        let domain = normal(cluster_domain);
        if is_within(&zone, &domain) || is_within(&domain, &zone) {
            return Err(Refused::Cluster { zone, domain });
        }
        if is_within(&zone, "in-addr.arpa") || is_within(&zone, "ip6.arpa") {
            return Err(Refused::Reverse(zone));
        }
        Ok(Self(zone))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Upstream {
    /// # Errors
    /// When it is not the address of a host.
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let refused = || Refused::NoAddress(text.into());
        let (ip, port) = match (text.parse::<IpAddr>(), text.parse::<SocketAddr>()) {
            (Ok(ip), _) => (ip, DNS_PORT),
            (_, Ok(address)) => (address.ip(), address.port()),
            _ => return Err(refused()),
        };
        if ip.is_unspecified() || ip.is_multicast() || port == 0 {
            return Err(refused());
        }
        let written = if port == DNS_PORT { ip.to_string() } else { SocketAddr::new(ip, port).to_string() };
        Ok(Self(written))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StubZones {
    /// Checks what was typed. What is given twice counts once.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn parse(zones: &[String], upstreams: &[String], cluster_domain: &str) -> Result<Self, Refused> {
        let mut checked = Self { zones: Vec::new(), upstreams: Vec::new() };
        for zone in zones {
            let zone = Zone::parse(zone, cluster_domain)?;
            if !checked.zones.contains(&zone) {
                checked.zones.push(zone);
            }
        }
        for upstream in upstreams {
            let upstream = Upstream::parse(upstream)?;
            if !checked.upstreams.contains(&upstream) {
                checked.upstreams.push(upstream);
            }
        }
        let (zones, upstreams) = (checked.zones.len(), checked.upstreams.len());
        match () {
            () if zones == 0 => Err(Refused::NoZone),
            () if upstreams == 0 => Err(Refused::NoUpstream),
            () if zones > MAX_ZONES => Err(Refused::TooMany { what: "zone", given: zones, most: MAX_ZONES }),
            () if upstreams > MAX_UPSTREAMS => {
                Err(Refused::TooMany { what: "upstream", given: upstreams, most: MAX_UPSTREAMS })
            }
            () => Ok(checked),
        }
    }

    /// The zones for people: `slack.com, slack-edge.com`.
    pub fn zone_list(&self) -> String {
        self.zones.iter().map(Zone::as_str).collect::<Vec<_>>().join(", ")
    }

    /// The upstreams, separated by `separator`.
    pub fn upstream_list(&self, separator: &str) -> String {
        self.upstreams.iter().map(Upstream::as_str).collect::<Vec<_>>().join(separator)
    }
}

/// The name in the form in which names are compared.
pub fn normal(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_within(name: &str, domain: &str) -> bool {
    name == domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(text: &str) -> Result<String, Refused> {
        Zone::parse(text, "cluster.local").map(|zone| zone.0)
    }

    #[test]
    fn a_name_is_a_zone_in_any_case_and_with_a_final_dot() {
        for text in ["slack.com", "Slack.COM.", " slack.com "] {
            assert_eq!(zone(text).as_deref(), Ok("slack.com"));
        }
        assert_eq!(zone("a.b-c.x1").as_deref(), Ok("a.b-c.x1"));
        assert_eq!(zone("notcluster.local.example").as_deref(), Ok("notcluster.local.example"));
    }

    #[test]
    fn what_would_take_more_than_a_few_names_is_refused() {
        assert_eq!(zone("."), Err(Refused::Root));
        assert_eq!(zone("com"), Err(Refused::TopLevel("com".into())));
        assert_eq!(zone("com."), Err(Refused::TopLevel("com".into())));
        for text in ["cluster.local", "svc.cluster.local", "LOCAL.", "kubernetes.default.svc.cluster.local."]
        {
            let refused = zone(text);
            assert!(
                matches!(refused, Err(Refused::Cluster { .. } | Refused::TopLevel(_))),
                "{text}: {refused:?}"
            );
        }
        let above = Zone::parse("corp.example", "k8s.corp.example.");
        assert!(matches!(above, Err(Refused::Cluster { .. })), "{above:?}");
        for text in ["in-addr.arpa", "10.in-addr.arpa", "8.b.d.ip6.arpa"] {
            assert_eq!(zone(text), Err(Refused::Reverse(text.into())));
        }
    }

    #[test]
    fn what_could_break_out_of_a_file_is_no_name() {
        for text in [
            "",
            " ",
            "..",
            "a..b",
            ".a.b",
            "-a.b",
            "a-.b",
            "a b.c",
            "a.b {",
            "a.b\n.:53",
            "*.slack.com",
            "10.0.0.1",
            "{$X}.com",
            "sl#ck.com",
            "slack.com:53",
            "dns://slack.com",
        ] {
            assert!(matches!(zone(text), Err(Refused::NoName(_))), "{text:?}: {:?}", zone(text));
        }
        assert!(zone(&format!("{}.com", "a".repeat(64))).is_err());
    }

    #[test]
    fn an_upstream_is_an_address_with_or_without_a_port() {
        let upstream = |text: &str| Upstream::parse(text).map(|upstream| upstream.0);
        for (text, written) in [
            ("8.8.8.8", "8.8.8.8"),
            ("8.8.8.8:53", "8.8.8.8"),
            ("8.8.8.8:5353", "8.8.8.8:5353"),
            ("2001:DB8::1", "2001:db8::1"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ] {
            assert_eq!(upstream(text).as_deref(), Ok(written));
        }
        for text in [
            "dns.google",
            "tls://8.8.8.8",
            "8.8.8",
            "/etc/resolv.conf",
            "0.0.0.0",
            "8.8.8.8:0",
            "8.8.8.8 {",
            "224.0.0.1",
            "",
        ] {
            assert_eq!(upstream(text), Err(Refused::NoAddress(text.into())));
        }
    }

    #[test]
    fn nothing_empty_and_nothing_twice() {
        let parse = |zones: &[&str], upstreams: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            StubZones::parse(&owned(zones), &owned(upstreams), "cluster.local")
        };
        assert_eq!(parse(&[], &["8.8.8.8"]), Err(Refused::NoZone));
        assert_eq!(parse(&["slack.com"], &[]), Err(Refused::NoUpstream));
        let twice = parse(&["slack.com", "SLACK.com."], &["8.8.8.8", "8.8.8.8:53"]).unwrap();
        assert_eq!((twice.zones.len(), twice.upstreams.len()), (1, 1));
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_harmless_in_a_file(text in "\\PC{0,40}") {
            if let Ok(zone) = zone(&text) {
                prop_assert!(zone.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-'));
            }
            if let Ok(upstream) = Upstream::parse(&text) {
                prop_assert!(upstream.0.bytes().all(|b| b.is_ascii_hexdigit() || b".:[]%".contains(&b)));
            }
        }
    }
}
