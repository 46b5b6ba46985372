//! Real name servers, and the cause that the bot finds.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use chatops_bot::dns::{Host, Observation, Prober, Role, classify};
use chatops_crds::bot_report::{Fault, FaultCode};
use hickory_proto::{op::ResponseCode, rr::RecordType};

use crate::servers::{CLUSTER, Dnsmasq, Does, Scripted, free_port, prober, prober_of};

const POD: &str = "search chat.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:1 timeout:2";
const NDOTS_5: &str =
    "search chat.svc.cluster.local svc.cluster.local cluster.local corp.example\noptions ndots:5 timeout:2";
const DOMAIN: Option<&str> = Some("cluster.local");
const ADDRESS: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

fn slack() -> Vec<Host> {
    [("slack.com", Role::Api), ("wss-primary.slack.com", Role::Socket), ("files.slack.com", Role::File)]
        .map(|(name, role)| Host::new(name, role, DOMAIN))
        .into()
}

async fn look(prober: &Prober, hosts: &[Host]) -> Observation {
    let start = Instant::now();
    let seen = prober.look(hosts, DOMAIN).await;
    assert!(start.elapsed() < Duration::from_secs(9), "a look took {:?}", start.elapsed());
    seen
}

async fn fault(prober: &Prober, hosts: &[Host]) -> Option<Fault> {
    classify(&look(prober, hosts).await)
}

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [CLUSTER, more].concat()
}

#[track_caller]
fn assert_fault(fault: Option<&Fault>, code: FaultCode, args: &[(&str, &str)]) {
    let fault = fault.unwrap_or_else(|| panic!("{code:?} was not seen"));
    assert_eq!(fault.code, code, "{fault:?}");
    for (name, value) in args {
        assert_eq!(fault.arg(name), *value, "{fault:?}");
    }
}

fn is_cluster(name: &str) -> bool {
    name.ends_with("cluster.local.")
}

#[tokio::test]
async fn a_name_server_that_knows_slack_is_no_fault_and_every_look_up_is_shown() {
    let server = Dnsmasq::start(&with(&["--address=/slack.com/203.0.113.5"])).await;
    let (prober, _dir) = prober(server.port, NDOTS_5);
    let mut hosts = slack();
    hosts.push(Host::new("kubernetes.default.svc", Role::Redis, DOMAIN));
    let seen = look(&prober, &hosts).await;
    // It refuses corp.example, as a server without one that it could ask does.
    assert_fault(classify(&seen).as_ref(), FaultCode::DnsSearchDomainFails, &[("domain", "corp.example")]);
    let lookups = seen.lookups();
    let found = lookups.iter().find(|lookup| lookup.name == "slack.com." && lookup.kind == "A").unwrap();
    assert_eq!((found.outcome.as_str(), found.server.as_str()), ("203.0.113.5", "127.0.0.1"));
    let searched = lookups.iter().find(|lookup| lookup.name == "slack.com.cluster.local.").unwrap();
    assert_eq!((searched.host.as_str(), searched.outcome.as_str()), ("slack.com", "NXDOMAIN"));
    assert!(lookups.iter().any(|lookup| lookup.name == "kubernetes.default.svc.cluster.local."));
}

#[tokio::test]
async fn the_default_options_of_a_pod_never_touch_the_search_domains_for_slack() {
    let server = Dnsmasq::start(&with(&["--address=/slack.com/203.0.113.5"])).await;
    let (prober, _dir) = prober(server.port, POD);
    let seen = look(&prober, &slack()).await;
    assert_eq!(classify(&seen), None);
    assert!(seen.lookups().iter().all(|lookup| !lookup.name.starts_with("slack.com.c")));
}

#[tokio::test]
async fn a_server_without_one_that_it_could_ask_refuses_external_names() {
    let server = Dnsmasq::start(CLUSTER).await;
    let (prober, _dir) = prober(server.port, POD);
    let args = [("host", "slack.com"), ("error", "REFUSED"), ("server", "127.0.0.1")];
    assert_fault(fault(&prober, &slack()).await.as_ref(), FaultCode::DnsForwarderUnusable, &args);
}

#[tokio::test]
async fn a_server_whose_upstream_is_silent_is_silent_about_external_names() {
    let hole = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let upstream = format!("--server=127.0.0.1#{}", hole.local_addr().unwrap().port());
    let server = Dnsmasq::start(&with(&[&upstream])).await;
    let (prober, _dir) = prober(server.port, POD);
    let args = [("host", "slack.com"), ("error", "timeout")];
    assert_fault(fault(&prober, &slack()).await.as_ref(), FaultCode::DnsUpstreamUnreachable, &args);
}

#[tokio::test]
async fn a_wildcard_matters_with_many_ndots_only() {
    let server =
        Dnsmasq::start(&with(&["--address=/slack.com/203.0.113.5", "--address=/corp.example/198.51.100.9"]))
            .await;
    let (searching, _dir) = prober(server.port, NDOTS_5);
    let args = [("name", "slack.com.corp.example."), ("address", "198.51.100.9")];
    assert_fault(fault(&searching, &slack()).await.as_ref(), FaultCode::DnsSearchDomainWildcard, &args);
    let (fixed, _dir) = prober(server.port, &NDOTS_5.replace("ndots:5", "ndots:1"));
    assert_eq!(fault(&fixed, &slack()).await, None);
}

#[tokio::test]
async fn a_search_domain_that_fails_matters_with_many_ndots_only() {
    let script = |name: &str, _, _| match name {
        name if name.ends_with("corp.example.") => Does::Says(ResponseCode::ServFail),
        name if is_cluster(name) && !name.starts_with("kubernetes") => Does::Says(ResponseCode::NXDomain),
        _ => Does::Address(ADDRESS),
    };
    let server = Scripted::start(false, Arc::new(script)).await;
    let (searching, _dir) = prober(server.port, NDOTS_5);
    let args = [("host", "slack.com"), ("domain", "corp.example"), ("error", "SERVFAIL")];
    assert_fault(fault(&searching, &slack()).await.as_ref(), FaultCode::DnsSearchDomainFails, &args);
    let (fixed, _dir) = prober(server.port, POD);
    assert_eq!(fault(&fixed, &slack()).await, None);
}

#[tokio::test]
async fn a_first_packet_that_is_lost_is_slow_and_tcp_is_the_cure() {
    let script = |_: &str, kind, before| match (kind, before) {
        (RecordType::AAAA, 0) => Does::Nothing,
        _ => Does::Address(ADDRESS),
    };
    let server = Scripted::start(true, Arc::new(script)).await;
    let (lossy, _dir) = prober(server.port, POD);
    let args = [("host", "slack.com"), ("seconds", "2"), ("cause", "lost")];
    let found = fault(&lossy, &slack()[..1]).await;
    assert_fault(found.as_ref(), FaultCode::DnsSlow, &args);
    let (over_tcp, _dir) = prober(server.port, &format!("{POD} use-vc"));
    assert_eq!(fault(&over_tcp, &slack()[..1]).await, None);
}

#[tokio::test]
async fn an_answer_after_five_seconds_is_slow_and_not_lost() {
    let script = |name: &str, _, _| {
        if is_cluster(name) { Does::Address(ADDRESS) } else { Does::After(Duration::from_secs(5), ADDRESS) }
    };
    let server = Scripted::start(false, Arc::new(script)).await;
    let (prober, _dir) = prober(server.port, POD);
    let args = [("host", "slack.com"), ("seconds", "5"), ("cause", "late")];
    assert_fault(fault(&prober, &slack()[..1]).await.as_ref(), FaultCode::DnsSlow, &args);
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_over_tcp() {
    for takes_tcp in [true, false] {
        let script = |_: &str, _, _| Does::Truncates;
        let server = Scripted::start(takes_tcp, Arc::new(script)).await;
        let (prober, _dir) = prober(server.port, POD);
        let found = fault(&prober, &slack()).await;
        if takes_tcp {
            assert_eq!(found, None);
        } else {
            assert_fault(
                found.as_ref(),
                FaultCode::DnsTcpBlocked,
                &[("host", "slack.com"), ("error", "refused")],
            );
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_reaches_is_blocked() {
    let silent = Scripted::start(false, Arc::new(|_: &str, _, _| Does::Nothing)).await;
    let (prober_of_silent, _dir) = prober(silent.port, POD);
    assert_fault(
        fault(&prober_of_silent, &slack()).await.as_ref(),
        FaultCode::DnsBlocked,
        &[("server", "127.0.0.1")],
    );
    let (prober_of_none, _dir) = prober(free_port().await, POD);
    let start = Instant::now();
    let args = [("error", "nobody listens")];
    assert_fault(fault(&prober_of_none, &slack()).await.as_ref(), FaultCode::DnsBlocked, &args);
    assert!(start.elapsed() < Duration::from_secs(4), "waited {:?} for nobody", start.elapsed());
}

#[tokio::test]
async fn a_network_that_knows_no_external_names_asks_for_a_proxy() {
    let server = Dnsmasq::start(&with(&["--address=/#/"])).await;
    let (prober, _dir) = prober(server.port, POD);
    assert_fault(
        fault(&prober, &slack()).await.as_ref(),
        FaultCode::DnsNoExternalNames,
        &[("host", "slack.com")],
    );
    // With it only its own name matters, and here it is an address.
    assert_eq!(fault(&prober, &[]).await, None);
}

#[tokio::test]
async fn only_the_sockets_host_fails() {
    let server =
        Dnsmasq::start(&with(&["--address=/slack.com/203.0.113.5", "--address=/wss-primary.slack.com/"]))
            .await;
    let (prober, _dir) = prober(server.port, POD);
    let args = [("host", "wss-primary.slack.com"), ("role", "socket"), ("error", "NXDOMAIN")];
    assert_fault(fault(&prober, &slack()).await.as_ref(), FaultCode::DnsHostUnresolvable, &args);
}

#[tokio::test]
async fn a_server_of_the_bots_own_steps_in_where_the_clusters_fails() {
    let servers = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2])];
    let refusing = Dnsmasq::start(CLUSTER).await;
    let own = tokio::net::UdpSocket::bind(("127.0.0.2", refusing.port)).await.unwrap();
    let answering = tokio::spawn(async move {
        let mut buffer = [0; 512];
        loop {
            let (length, from) = own.recv_from(&mut buffer).await.unwrap();
            let mut answer = hickory_proto::op::Message::from_vec(&buffer[..length]).unwrap();
            answer.metadata.message_type = hickory_proto::op::MessageType::Response;
            let name = answer.queries[0].name().clone();
            let address = hickory_proto::rr::RData::A(hickory_proto::rr::rdata::A(ADDRESS));
            answer.add_answer(hickory_proto::rr::Record::from_rdata(name, 1, address));
            own.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    let (prober, _dir) = prober_of(refusing.port, &servers, POD);
    assert_eq!(fault(&prober, &slack()).await, None);
    answering.abort();
}

#[tokio::test]
async fn a_name_of_the_hosts_file_needs_no_name_server() {
    let (prober, dir) = prober(free_port().await, POD);
    std::fs::write(dir.path().join("hosts"), "203.0.113.5 slack.com # by hand\n").unwrap();
    let seen = prober.look(&slack()[..1], None).await;
    assert!(seen.hosts.is_empty());
    assert_eq!(classify(&seen), None);
}
