//! `resolv.conf`: whom to ask, and for which names, as glibc reads it (resolv.conf(5)). Pure.

use std::{net::IpAddr, time::Duration};

use resolv_conf::Config;

/// How the system's resolver works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    pub servers: Vec<IpAddr>,
    pub search: Vec<String>,
    /// A name with so many dots is looked up as it is first.
    pub ndots: u32,
    /// How long it waits for a server.
    pub timeout: Duration,
    /// How often it asks each of them.
    pub attempts: u32,
    /// It asks over TCP.
    pub over_tcp: bool,
    /// It takes answers above 512 bytes over UDP.
    pub edns0: bool,
    /// It asks for IPv4 addresses only.
    pub no_aaaa: bool,
}

impl Resolver {
    /// Reads `text`; lines that cannot be understood are skipped, as glibc does.
    pub fn parse(text: &str) -> Resolver {
        let (mut config, _) = Config::parse_with_errors(text.as_bytes());
        config.glibc_normalize();
        let servers = config.get_nameservers_or_local().iter().map(IpAddr::from).collect();
        Resolver {
            servers,
            search: config.get_last_search_or_domain().cloned().collect(),
            // The bounds are glibc's (RES_MAXNDOTS, RES_MAXRETRANS, RES_MAXRETRY).
            ndots: config.ndots.min(15),
            timeout: Duration::from_secs(config.timeout.clamp(1, 30).into()),
            attempts: config.attempts.clamp(1, 5),
            over_tcp: config.use_vc,
            edns0: config.edns0,
            no_aaaa: config.no_aaaa,
        }
    }

    /// Whether `host` is looked up as it is before search domains are tried.
    pub fn absolute_first(&self, host: &str) -> bool {
        let dots = u32::try_from(host.matches('.').count()).unwrap_or(u32::MAX);
        host.ends_with('.') || dots >= self.ndots
    }

    /// The names that `host` becomes with each search domain; with a final dot. None for an absolute one.
    pub fn suffixed(&self, host: &str) -> Vec<(String, String)> {
        if host.ends_with('.') {
            return Vec::new();
        }
        let domains =
            self.search.iter().map(|domain| domain.trim_matches('.')).filter(|domain| !domain.is_empty());
        domains.map(|domain| (domain.to_owned(), format!("{host}.{domain}."))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: &str = "search chat.svc.cluster.local svc.cluster.local cluster.local\n\
        nameserver 10.96.0.10\noptions ndots:5 timeout:2 attempts:3 nonsense\n";

    #[test]
    fn a_name_with_few_dots_is_tried_with_search_domains_first() {
        let resolver = Resolver::parse(CLUSTER);
        assert!(!resolver.absolute_first("slack.com"));
        assert!(resolver.absolute_first("slack.com."));
        assert!(Resolver::parse("options ndots:1").absolute_first("slack.com"));
        assert_eq!(resolver.suffixed("slack.com")[1].1, "slack.com.svc.cluster.local.");
        assert_eq!(resolver.suffixed("slack.com."), []);
    }

    #[test]
    fn what_glibc_bounds_is_bounded_and_what_it_assumes_is_assumed() {
        let resolver = Resolver::parse("options ndots:99 timeout:99 attempts:99 use-vc edns0 no-aaaa");
        assert_eq!((resolver.ndots, resolver.timeout.as_secs(), resolver.attempts), (15, 30, 5));
        assert!(resolver.over_tcp && resolver.edns0 && resolver.no_aaaa);
        let nothing = Resolver::parse("");
        assert_eq!(nothing.servers[0], IpAddr::from([127, 0, 0, 1]));
        assert_eq!((nothing.ndots, nothing.timeout.as_secs(), nothing.attempts), (1, 5, 2));
    }
}
