//! Which hosts are reached without the proxy. Pure.

use std::net::IpAddr;

/// Whether one of `rules` names `host`: a host name, a domain with a leading `.` (and all below it), or an address.
pub(super) fn names(rules: &[String], host: &str) -> bool {
    let host = normal(host);
    let address = host.parse::<IpAddr>().ok();
    rules.iter().map(|rule| normal(rule)).any(|rule| match (rule.strip_prefix('.'), address) {
        (_, Some(address)) => rule.parse() == Ok(address),
        (Some(domain), None) => host == domain || host.ends_with(&rule),
        (None, None) => host == rule,
    })
}

fn normal(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_a_host_a_domain_or_an_address() {
        let rules = ["proxy.corp", ".svc", ".Corp.Example", "10.0.0.7", "fd00::1"].map(String::from);
        for host in [
            "proxy.corp",
            "redis.data.svc",
            "svc",
            "a.corp.example.",
            "CORP.example",
            "10.0.0.7",
            "fd00:0::1",
        ] {
            assert!(names(&rules, host), "{host}");
        }
        for host in ["a.proxy.corp", "slack.com", "xcorp.example", "10.0.0.70", "fd00::2", "mysvc"] {
            assert!(!names(&rules, host), "{host}");
        }
    }
}
