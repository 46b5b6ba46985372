//! One table: what was seen, and which cause it is.

use std::{net::IpAddr, time::Duration};

use chatops_bot::dns::{Answer, Failure, Host, HostSeen, NameSeen, Observation, Role, classify};
use chatops_crds::bot_report::FaultCode;

const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 10));

fn answer(outcome: Result<[u8; 4], Failure>, millis: u64) -> Answer {
    let outcome = outcome.map(|address| vec![IpAddr::from(address)]);
    Answer { outcome, server: SERVER, took: Duration::from_millis(millis), lost: 0 }
}

fn name(text: &str, a: Answer) -> NameSeen {
    let aaaa = match &a.outcome {
        Ok(_) => answer(Err(Failure::NoData), 1),
        Err(_) => a.clone(),
    };
    NameSeen { name: format!("{text}."), a, aaaa: Some(aaaa) }
}

/// A host that is looked up as it is.
fn host(text: &str, role: Role, a: Answer) -> HostSeen {
    let host = Host::new(text, role, Some("cluster.local"));
    HostSeen { host, absolute_first: true, absolute: name(text, a), suffixed: Vec::new() }
}

/// The same with search domains tried first.
fn searched(mut host: HostSeen, suffixed: Vec<(&str, Answer)>) -> HostSeen {
    host.absolute_first = false;
    let full = |domain: &str| format!("{}.{domain}", host.host.name);
    host.suffixed = suffixed.into_iter().map(|(domain, a)| (domain.into(), name(&full(domain), a))).collect();
    host
}

fn ok() -> Answer {
    answer(Ok([203, 0, 113, 5]), 1)
}

fn slack(a: &Answer) -> Vec<HostSeen> {
    vec![
        host("slack.com", Role::Api, a.clone()),
        host("wss-primary.slack.com", Role::Socket, a.clone()),
        host("files.slack.com", Role::File, a.clone()),
    ]
}

fn seen(hosts: Vec<HostSeen>, control: Option<Answer>) -> Observation {
    Observation {
        hosts,
        control: control.map(|a| name("kubernetes.default.svc.cluster.local", a)),
        fresh: None,
        ndots: 5,
        timeout: Duration::from_secs(2),
        not_for_us: None,
    }
}

fn silence() -> Answer {
    answer(Err(Failure::Timeout), 6000)
}

#[track_caller]
fn expect(observation: &Observation, code: FaultCode, args: &[(&str, &str)]) {
    let fault = classify(observation).unwrap_or_else(|| panic!("{code:?} was not seen"));
    assert_eq!(fault.code, code, "{fault:?}");
    for (name, value) in args {
        assert_eq!(fault.arg(name), *value, "{fault:?}");
    }
    let advice = chatops_crds::advice::network(&fault).expect("advice");
    assert!(!advice.to_string().contains('?'), "an argument is missing: {advice}");
}

#[test]
fn names_that_resolve_are_no_fault() {
    assert_eq!(classify(&seen(slack(&ok()), Some(ok()))), None);
    let redis = host("redis.data.svc.cluster.local.", Role::Redis, ok());
    assert_eq!(classify(&seen(vec![redis], Some(ok()))), None);
    assert_eq!(classify(&seen(Vec::new(), None)), None);
}

#[test]
fn a_an_error_at_once_for_every_external_name_means_that_the_forwarder_is_unusable() {
    for (failure, error) in [(Failure::ServFail, "SERVFAIL"), (Failure::Refused, "REFUSED")] {
        let observation = seen(slack(&answer(Err(failure), 2)), Some(ok()));
        let args = [("host", "slack.com"), ("error", error), ("server", "10.0.0.10")];
        expect(&observation, FaultCode::DnsForwarderUnusable, &args);
    }
}

#[test]
fn b_silence_or_a_late_error_for_every_external_name_means_that_the_upstream_is_unreachable() {
    let silent = seen(slack(&silence()), Some(ok()));
    expect(&silent, FaultCode::DnsUpstreamUnreachable, &[("host", "slack.com"), ("error", "timeout")]);
    let late = seen(slack(&answer(Err(Failure::ServFail), 2_100)), Some(ok()));
    expect(&late, FaultCode::DnsUpstreamUnreachable, &[("error", "SERVFAIL")]);
}

#[test]
fn b_an_error_that_the_server_remembers_comes_at_once_and_a_fresh_name_shows_it() {
    let mut observation = seen(slack(&answer(Err(Failure::ServFail), 1)), Some(ok()));
    observation.fresh = Some(NameSeen { aaaa: None, ..name("chatops-1.slack.com", silence()) });
    expect(&observation, FaultCode::DnsUpstreamUnreachable, &[("host", "slack.com")]);
}

#[test]
fn c_a_search_domain_that_answers_for_every_name_is_a_wildcard() {
    let wrong = answer(Ok([198, 51, 100, 9]), 1);
    let nothing = || answer(Err(Failure::NxDomain), 1);
    let suffixed = vec![("cluster.local", nothing()), ("corp.example", wrong)];
    let observation = seen(vec![searched(host("slack.com", Role::Api, ok()), suffixed)], Some(ok()));
    let args = [("host", "slack.com"), ("name", "slack.com.corp.example."), ("address", "198.51.100.9")];
    expect(&observation, FaultCode::DnsSearchDomainWildcard, &args);
}

#[test]
fn c_a_search_domain_that_leads_to_the_same_address_does_no_harm() {
    let observation =
        seen(vec![searched(host("slack.com", Role::Api, ok()), vec![("corp.example", ok())])], Some(ok()));
    assert_eq!(classify(&observation), None);
}

#[test]
fn d_a_search_domain_that_fails_before_the_name_itself_is_tried() {
    for (failure, error) in
        [(Failure::ServFail, "SERVFAIL"), (Failure::Refused, "REFUSED"), (Failure::Timeout, "timeout")]
    {
        let suffixed = vec![("corp.example", answer(Err(failure), 1))];
        let observation = seen(vec![searched(host("slack.com", Role::Api, ok()), suffixed)], Some(ok()));
        let args = [("host", "slack.com"), ("domain", "corp.example"), ("error", error)];
        expect(&observation, FaultCode::DnsSearchDomainFails, &args);
    }
}

#[test]
fn d_a_search_domain_behind_one_that_has_the_name_is_never_asked() {
    let redis = host("redis", Role::Redis, answer(Err(Failure::NxDomain), 1));
    let failing = answer(Err(Failure::ServFail), 1);
    let redis = searched(redis, vec![("chat.svc.cluster.local", ok()), ("corp.example", failing)]);
    assert_eq!(classify(&seen(vec![redis], Some(ok()))), None);
}

#[test]
fn e_a_name_that_only_the_programs_resolver_does_not_find() {
    let mut observation = seen(slack(&ok()), Some(ok()));
    observation.not_for_us = Some("slack.com".into());
    expect(&observation, FaultCode::DnsMuslResolver, &[("host", "slack.com"), ("ndots", "5")]);
}

#[test]
fn f_lost_packets_and_late_answers_are_slow() {
    let lost = Answer { lost: 1, ..answer(Ok([203, 0, 113, 5]), 2_003) };
    let observation = seen(slack(&lost), Some(ok()));
    expect(&observation, FaultCode::DnsSlow, &[("seconds", "2"), ("cause", "lost"), ("server", "10.0.0.10")]);
    let late = answer(Ok([203, 0, 113, 5]), 5_004);
    expect(&seen(slack(&late), Some(ok())), FaultCode::DnsSlow, &[("seconds", "5"), ("cause", "late")]);
}

#[test]
fn f_a_host_all_of_whose_packets_are_lost_says_nothing_of_the_host_while_others_lose_some() {
    let mut hosts = slack(&Answer { lost: 1, ..answer(Ok([203, 0, 113, 5]), 2_003) });
    hosts[2] = host("files.slack.com", Role::File, silence());
    let mut observation = seen(hosts, Some(ok()));
    expect(&observation, FaultCode::DnsSlow, &[("seconds", "2"), ("cause", "lost")]);
    observation.timeout = Duration::from_secs(1);
    expect(
        &observation,
        FaultCode::DnsHostUnresolvable,
        &[("host", "files.slack.com"), ("error", "timeout")],
    );
}

#[test]
fn f_a_name_server_of_the_bots_own_that_steps_in_after_a_second_is_not_slow() {
    let mut observation = seen(slack(&Answer { lost: 1, ..answer(Ok([203, 0, 113, 5]), 1_002) }), Some(ok()));
    observation.timeout = Duration::from_secs(1);
    assert_eq!(classify(&observation), None);
}

#[test]
fn f_answers_that_need_tcp_where_there_is_none() {
    let truncated = answer(Err(Failure::TcpBlocked("timeout")), 2_000);
    expect(&seen(slack(&truncated), Some(ok())), FaultCode::DnsTcpBlocked, &[("error", "timeout")]);
}

#[test]
fn g_silence_for_every_name_means_that_the_name_server_is_blocked() {
    expect(&seen(slack(&silence()), Some(silence())), FaultCode::DnsBlocked, &[("server", "10.0.0.10")]);
    let deaf = answer(Err(Failure::NotListening), 1);
    expect(&seen(slack(&deaf), Some(deaf)), FaultCode::DnsBlocked, &[("server", "10.0.0.10")]);
}

#[test]
fn g_a_name_server_that_knows_no_external_name() {
    let nothing = answer(Err(Failure::NxDomain), 1);
    let args = [("host", "slack.com"), ("server", "10.0.0.10")];
    expect(&seen(slack(&nothing), Some(ok())), FaultCode::DnsNoExternalNames, &args);
}

#[test]
fn h_only_one_host_fails() {
    for (failure, error) in
        [(Failure::NxDomain, "NXDOMAIN"), (Failure::ServFail, "SERVFAIL"), (Failure::Timeout, "timeout")]
    {
        let mut hosts = slack(&ok());
        hosts[1] = host("wss-primary.slack.com", Role::Socket, answer(Err(failure), 1));
        let args = [("host", "wss-primary.slack.com"), ("error", error), ("role", "socket")];
        expect(&seen(hosts, Some(ok())), FaultCode::DnsHostUnresolvable, &args);
    }
}

#[test]
fn h_a_redis_that_does_not_exist_is_named_while_slack_resolves() {
    let mut hosts = slack(&ok());
    hosts.push(host("redis.data.svc.cluster.local.", Role::Redis, answer(Err(Failure::NxDomain), 1)));
    let args = [("host", "redis.data.svc.cluster.local"), ("role", "redis")];
    expect(&seen(hosts, Some(ok())), FaultCode::DnsHostUnresolvable, &args);
}

#[test]
fn a_name_of_its_own_that_does_not_exist_is_more_likely_written_wrongly() {
    let hosts = vec![host("slack.corp.example", Role::Api, answer(Err(Failure::NxDomain), 1))];
    let args = [("host", "slack.corp.example"), ("role", "api"), ("error", "NXDOMAIN")];
    expect(&seen(hosts, Some(ok())), FaultCode::DnsHostUnresolvable, &args);
}
