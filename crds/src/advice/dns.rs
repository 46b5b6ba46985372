//! Names that do not resolve, or resolve wrongly or slowly.

use super::Advice;
use crate::{
    bot_report::{Fault, FaultCode},
    shared::conditions::Reason,
};

/// Look names up as they are instead of with every search domain first.
const ABSOLUTE_FIRST: &str = r#"spec: {dns: {options: [{name: ndots, value: "1"}]}}"#;

/// Name servers behind the cluster's own, which are asked when that one answers with an error.
const OWN_SERVERS: &str = r#"spec: {dns: {nameservers: ["8.8.8.8", "1.1.1.1"]}}"#;

/// The same where the cluster's own does not answer at all: it should not be waited for long.
const OWN_SERVERS_SOON: &str =
    r#"spec: {dns: {nameservers: ["8.8.8.8", "1.1.1.1"], options: [{name: timeout, value: "1"}]}}"#;

/// Host of the Web API, where the ChatBot names no other.
const SLACK: &str = "slack.com";

const STUB_ZONE: &str = "spec: {dns: {clusterStubZone: Apply}}";

/// TCP sends lost packets again within a fraction of the second or more that the resolver waits.
const OVER_TCP: &str = "spec: {dns: {options: [{name: use-vc}]}}";

/// Selects the pods of every bot of the namespace. Where no other policy restricts their egress it would take the rest
/// of it from them, so it is told together with that condition.
const ALLOW_DNS: &str = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: chatops-bot-dns}, \
    spec: {podSelector: {matchLabels: {app.kubernetes.io/name: chatops-bot}}, policyTypes: [Egress], \
    egress: [{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}]}}";

/// UDP packets of up to 1200 bytes.
const LONG_ANSWERS: &str = "spec: {dns: {options: [{name: edns0}]}}";

const PROXY: &str = r#"spec: {network: {proxy: {url: "http://PROXY:3128"}}}"#;

pub(super) fn advice(fault: &Fault) -> Option<Advice> {
    match fault.code {
        FaultCode::DnsUnresolvable => Some(unresolvable(fault)),
        FaultCode::DnsHostUnresolvable => Some(one_host(fault)),
        _ => search_list(fault).or_else(|| name_server(fault)),
    }
}

fn search_list(fault: &Fault) -> Option<Advice> {
    let (host, error) = (fault.arg("host"), fault.arg("error"));
    Some(match fault.code {
        FaultCode::DnsSearchDomainWildcard => Advice::new(
            Reason::DNSSearchDomainWildcard,
            format!(
                "the search domains turn {host} into {}, for which a wildcard record answers {}",
                fault.arg("name"),
                fault.arg("address")
            ),
            "look names up as they are first",
        )
        .yaml(ABSOLUTE_FIRST),
        FaultCode::DnsSearchDomainFails => Advice::new(
            Reason::DNSSearchDomainFails,
            format!(
                "the search domain {} answers {error} for {host} instead of \"no such name\", at which resolvers give up or wait, though {host}. resolves",
                fault.arg("domain")
            ),
            "look names up as they are first",
        )
        .yaml(ABSOLUTE_FIRST),
        FaultCode::DnsMuslResolver => Advice::new(
            Reason::DNSMuslResolver,
            format!(
                "{host} resolves, but not for this program: it is linked with musl, whose resolver fails with ndots:{}",
                fault.arg("ndots")
            ),
            "use the bot's own image (spec.image), which is linked with glibc, or look names up as they are first",
        )
        .yaml(ABSOLUTE_FIRST),
        _ => return None,
    })
}

fn name_server(fault: &Fault) -> Option<Advice> {
    let (host, server, error) = (fault.arg("host"), fault.arg("server"), fault.arg("error"));
    Some(match fault.code {
        FaultCode::DnsForwarderUnusable => Advice::new(
            Reason::DNSForwarderUnusable,
            format!("name server {server} answers {error} for {host} at once: it has no usable server to ask for names outside the cluster"),
            format!("mend what it forwards to (a node's 127.0.0.53 is no use to a pod), or for Slack's names only `{STUB_ZONE}`, or give the bot name servers that it reaches itself"),
        )
        .yaml(OWN_SERVERS),
        FaultCode::DnsUpstreamUnreachable => Advice::new(
            Reason::DNSUpstreamUnreachable,
            format!("name server {server} has no answer for {host} ({error}): it does not reach the server that it asks for names outside the cluster"),
            format!("let it through to that server, or for Slack's names only `{STUB_ZONE}`, or give the bot name servers that it reaches itself"),
        )
        .yaml(OWN_SERVERS_SOON),
        FaultCode::DnsSlow => slow(fault),
        FaultCode::DnsTcpBlocked => Advice::new(
            Reason::DNSTcpBlocked,
            format!("the answer for {host} does not fit into a UDP packet of 512 bytes, and name server {server} cannot be asked over TCP ({error})"),
            "allow TCP to its port 53 besides UDP, or take longer answers over UDP",
        )
        .yaml(LONG_ANSWERS),
        FaultCode::DnsBlocked => Advice::new(
            Reason::DNSBlocked,
            format!("no name resolves, neither of the cluster nor external: name server {server} does not answer the bot's pod ({error})"),
            "allow egress to port 53 in the firewall, or, where a NetworkPolicy restricts the bot's egress, add another one",
        )
        .yaml(ALLOW_DNS),
        FaultCode::DnsNoExternalNames => Advice::new(
            Reason::DNSNoExternalNames,
            format!("name server {server} answers, and says that {host} does not exist: this network resolves no names outside it"),
            "go through its proxy, which looks them up",
        )
        .yaml(PROXY),
        _ => return None,
    })
}

fn unresolvable(fault: &Fault) -> Advice {
    Advice::new(
        Reason::DNSUnresolvable,
        format!("the host name {} cannot be resolved from the bot's pod", fault.arg("host")),
        "check the name where the spec has it, the cluster's DNS and spec.dns",
    )
}

fn slow(fault: &Fault) -> Advice {
    let (host, server) = (fault.arg("host"), fault.arg("server"));
    let what = format!("looking up {host} takes {} s", fault.arg("seconds"));
    if fault.arg("cause") == "late" {
        let what = format!("{what}: name server {server} answers late");
        let fix = "mend what it forwards to, or give the bot name servers that it reaches itself";
        return Advice::new(Reason::DNSSlow, what, fix).yaml(OWN_SERVERS_SOON);
    }
    let what = format!("{what}: packets to name server {server} are lost");
    Advice::new(Reason::DNSSlow, what, "ask over TCP, which sends them again at once").yaml(OVER_TCP)
}

fn one_host(fault: &Fault) -> Advice {
    let (host, error) = (fault.arg("host"), fault.arg("error"));
    let what = format!("only {host} does not resolve ({error}), the other names do");
    let advice = |fix: &str| Advice::new(Reason::DNSHostUnresolvable, what.clone(), fix);
    match fault.arg("role") {
        "redis" => advice("correct it in spec.storage.redis.addresses, or start the server"),
        "proxy" => advice("correct it in spec.network.proxy.url"),
        "api" if host != SLACK && !host.ends_with(".slack.com") => advice("correct it in spec.slack.apiURL"),
        _ => advice("let the name server answer for all of Slack's names, or ask another one for them")
            .yaml(STUB_ZONE),
    }
}
