//! From what was seen to what is wrong: one function per cause, the gravest first (design: `dns.md`, causes a to h). Pure.

use std::time::Duration;

use chatops_crds::bot_report::{Fault, FaultCode};

use super::observation::{Answer, Failure, HostSeen, NameSeen, Observation};

/// An answer that took so long was waited for by the server itself.
const LATE: Duration = Duration::from_secs(1);

/// So long is slow.
const SLOW: Duration = Duration::from_secs(2);

/// The gravest cause of trouble that `seen` shows, if it shows any.
pub fn classify(seen: &Observation) -> Option<Fault> {
    let causes = [
        blocked,
        tcp_blocked,
        no_external_names,
        forwarder_unusable,
        upstream_unreachable,
        one_host_unresolvable,
        search_domain_fails,
        search_domain_wildcard,
        musl_resolver,
        slow,
        one_host_silent,
    ];
    causes.iter().find_map(|cause| cause(seen))
}

/// g: nobody answers anything.
fn blocked(seen: &Observation) -> Option<Fault> {
    let names = || seen.hosts.iter().map(|host| &host.absolute).chain(&seen.control);
    let silent = names().all(|name| name.failure().is_some_and(|(failure, _)| failure.is_silence()));
    let (_, answer) = names().next()?.failure().filter(|_| silent)?;
    Some(with_error(Fault::new(FaultCode::DnsBlocked), answer).with("server", server(answer)))
}

/// Long answers are cut off.
fn tcp_blocked(seen: &Observation) -> Option<Fault> {
    failures(seen).find_map(|(host, failure, answer)| match failure {
        Failure::TcpBlocked(cause) => {
            Some(about(FaultCode::DnsTcpBlocked, host).with("server", server(answer)).with("error", cause))
        }
        _ => None,
    })
}

/// g: the internet is reached by a proxy, which looks its names up.
fn no_external_names(seen: &Observation) -> Option<Fault> {
    let (host, answer) = all_external(seen, |failure, _| *failure == Failure::NxDomain)?;
    // One name that does not exist is more likely written wrongly, unless it is Slack's.
    let several = external(seen).count() > 1 || host.host.name == "slack.com";
    several.then(|| about(FaultCode::DnsNoExternalNames, host).with("server", server(answer)))
}

/// a: external names get an error at once.
fn forwarder_unusable(seen: &Observation) -> Option<Fault> {
    let at_once = |failure: &Failure, answer: &Answer| is_error(failure) && answer.took < LATE;
    let (host, answer) = all_external(seen, at_once)?;
    // An error that the server remembers comes at once too.
    let fresh = seen.fresh.as_ref().and_then(NameSeen::failure);
    if fresh.is_some_and(|(failure, answer)| is_late(failure, answer)) {
        return None;
    }
    Some(with_error(about(FaultCode::DnsForwarderUnusable, host), answer).with("server", server(answer)))
}

/// b: external names get no answer, or an error after the server has waited for one.
fn upstream_unreachable(seen: &Observation) -> Option<Fault> {
    let broken = |failure: &Failure, _: &Answer| failure.is_silence() || is_error(failure);
    let (host, answer) = all_external(seen, broken)?;
    let late = external(seen).filter_map(|host| host.absolute.failure());
    let late = late.chain(seen.fresh.as_ref().and_then(NameSeen::failure)).any(|(f, a)| is_late(f, a));
    late.then(|| {
        with_error(about(FaultCode::DnsUpstreamUnreachable, host), answer).with("server", server(answer))
    })
}

/// h: only some do not resolve. Silence says so only where no other packet is lost.
fn one_host_unresolvable(seen: &Observation) -> Option<Fault> {
    let loses_packets = answers(seen).any(|(_, answer)| answer.lost > 0);
    let (host, _, answer) = failures(seen).find(|(_, failure, _)| !loses_packets || !failure.is_silence())?;
    Some(unresolvable(host, answer))
}

/// h: as above, where packets are lost, though too few to call the server slow.
fn one_host_silent(seen: &Observation) -> Option<Fault> {
    failures(seen).next().map(|(host, _, answer)| unresolvable(host, answer))
}

fn unresolvable(host: &HostSeen, answer: &Answer) -> Fault {
    let fault = about(FaultCode::DnsHostUnresolvable, host).with("role", host.host.role.as_str());
    with_error(fault, answer)
}

/// d: a search domain fails, and the look-up ends before the name itself is tried.
fn search_domain_fails(seen: &Observation) -> Option<Fault> {
    searched(seen).find_map(|(host, domain, name)| {
        let (failure, answer) = name.failure()?;
        let fault = || about(FaultCode::DnsSearchDomainFails, host).with("domain", domain);
        (!failure.is_negative()).then(|| with_error(fault(), answer))
    })
}

/// c: a search domain answers for every name.
fn search_domain_wildcard(seen: &Observation) -> Option<Fault> {
    searched(seen).find_map(|(host, _, name)| {
        let known = host.absolute.addresses();
        let wrong = name.addresses().into_iter().find(|address| !known.contains(address))?;
        let fault = about(FaultCode::DnsSearchDomainWildcard, host).with("name", &name.name);
        Some(fault.with("address", wrong.to_string()))
    })
}

/// e: the name servers know the name, and the program's resolver does not find it.
fn musl_resolver(seen: &Observation) -> Option<Fault> {
    let host = seen.not_for_us.as_ref()?;
    let fault = Fault::new(FaultCode::DnsMuslResolver).with("host", host);
    Some(fault.with("ndots", seen.ndots.to_string()))
}

/// f: packets are lost, or somebody takes long.
fn slow(seen: &Observation) -> Option<Fault> {
    let answers = answers(seen).filter(|(_, answer)| {
        !matches!(&answer.outcome, Err(failure) if failure.is_silence()) || answer.lost > 0
    });
    let (host, answer) = answers.max_by_key(|(_, answer)| answer.delay(seen.timeout))?;
    let delay = answer.delay(seen.timeout);
    (delay >= SLOW).then(|| {
        about(FaultCode::DnsSlow, host)
            .with("server", server(answer))
            .with("seconds", delay.as_secs().to_string())
            .with("cause", if answer.lost > 0 { "lost" } else { "late" })
    })
}

/// Everything that the look-ups of hosts came to.
fn answers(seen: &Observation) -> impl Iterator<Item = (&HostSeen, &Answer)> {
    let names = seen.hosts.iter().flat_map(|host| host.walk().map(move |name| (host, name)));
    names.flat_map(|(host, name)| name.answers().map(move |answer| (host, answer)))
}

/// Hosts that do not resolve, each with why the name itself does not.
fn failures(seen: &Observation) -> impl Iterator<Item = (&HostSeen, &Failure, &Answer)> {
    let failing = seen.hosts.iter().filter(|host| !host.resolves());
    failing.filter_map(|host| host.absolute.failure().map(|(failure, answer)| (host, failure, answer)))
}

fn external(seen: &Observation) -> impl Iterator<Item = &HostSeen> {
    seen.hosts.iter().filter(|host| host.host.external)
}

/// The first external host, if there is one and all of them fail like `fails`.
fn all_external(
    seen: &Observation,
    fails: impl Fn(&Failure, &Answer) -> bool,
) -> Option<(&HostSeen, &Answer)> {
    let all = external(seen)
        .all(|host| host.absolute.failure().is_some_and(|(failure, answer)| fails(failure, answer)));
    let first = external(seen).next().filter(|_| all)?;
    first.absolute.failure().map(|(_, answer)| (first, answer))
}

/// What search domains make of hosts that resolve, up to where the look-up ends before the name itself is tried.
fn searched(seen: &Observation) -> impl Iterator<Item = (&HostSeen, &str, &NameSeen)> {
    let hosts = seen.hosts.iter().filter(|host| !host.absolute_first && host.absolute.resolves());
    hosts.filter_map(|host| {
        let ends = |name: &NameSeen| name.failure().is_none_or(|(failure, _)| !failure.is_negative());
        let (domain, name) = host.suffixed.iter().find(|(_, name)| ends(name))?;
        Some((host, domain.as_str(), name))
    })
}

fn is_error(failure: &Failure) -> bool {
    matches!(failure, Failure::ServFail | Failure::Refused | Failure::Other(_))
}

fn is_late(failure: &Failure, answer: &Answer) -> bool {
    failure.is_silence() || (is_error(failure) && answer.took >= LATE)
}

fn about(code: FaultCode, host: &HostSeen) -> Fault {
    Fault::new(code).with("host", host.host.name.trim_end_matches('.'))
}

fn with_error(fault: Fault, answer: &Answer) -> Fault {
    let error = answer.outcome.as_ref().err().map(Failure::word).unwrap_or_default();
    fault.with("error", error)
}

fn server(answer: &Answer) -> String {
    answer.server.to_string()
}
