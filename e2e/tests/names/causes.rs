//! The table: cause → reason → fix → time to answer.

use std::time::Duration;

use chatops_e2e::internet::Fault;
use serde_json::{Value, json};

use crate::{
    bed::{bot, in_bed, loses_names},
    remedy,
    support::{World, objects::merge},
};

/// One row of the table.
struct Row {
    fault: Fault,
    /// Of `DNSReady`; any of them is true.
    reasons: &'static [&'static str],
    /// What the message has to say besides.
    says: &'static str,
    /// The bot's spec while nothing is wrong yet.
    spec: Value,
}

impl Row {
    fn new(fault: Fault, reasons: &'static [&'static str], says: &'static str) -> Self {
        Self { fault, reasons, says, spec: json!({}) }
    }

    /// The search list matters only to a bot that does not look names up as they are first.
    fn with_five_dots(self) -> Self {
        self.with(json!({"dns": {"options": [{"name": "ndots", "value": "5"}]}}))
    }

    fn with(mut self, spec: Value) -> Self {
        merge(&mut self.spec, spec);
        self
    }

    /// A bot that answers; the fault; the reason; the fix as printed; an answer.
    async fn told_and_cured(self) {
        in_bed(|bed, world| async move {
            world.ready_bot(bot(self.spec)).await;
            bed.apply(self.fault).await.expect("the fault is switched on");
            let (condition, told) = loses_names(&world, self.reasons).await;
            assert!(
                condition.message.contains(self.says),
                "{:?} is not in {:?}",
                self.says,
                condition.message
            );
            remedy::apply(&world, &condition.message, &[]).await;
            if self.fault == Fault::PodDnsBlocked {
                // The fix is a NetworkPolicy, which the cluster accepts and does not enforce.
                bed.clear(self.fault).await.expect("the fault is switched off");
            }
            let answered = answers(&world).await;
            report(self.fault, &condition.reason, told, answered);
        })
        .await;
    }
}

async fn answers(world: &World) -> Duration {
    world.answers("!echo with names", "with names").await
}

fn report(fault: Fault, reason: &str, told: Duration, answered: Duration) {
    println!("{fault:?} → {reason} after {told:.1?} → fix as printed → answers after {answered:.1?}");
}

/// What a bot can see of it depends on CoreDNS: it tries a server that refuses for five seconds at first, and answers at
/// once when it has given the server up. Both reasons print the same way out.
#[tokio::test(flavor = "multi_thread")]
async fn a_the_node_has_an_unusable_resolv_conf() {
    let reasons = &["DNSForwarderUnusable", "DNSUpstreamUnreachable"];
    Row::new(Fault::NodeResolvConf, reasons, "slack.com").told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_the_upstream_answers_servfail() {
    Row::new(Fault::UpstreamFails, &["DNSForwarderUnusable"], "SERVFAIL").told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_the_upstream_answers_refused() {
    Row::new(Fault::UpstreamRefuses, &["DNSForwarderUnusable"], "REFUSED").told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b_packets_to_the_upstream_are_dropped() {
    Row::new(Fault::UpstreamDrops, &["DNSUpstreamUnreachable"], "slack.com").told_and_cured().await;
}

/// As with the node's unusable `resolv.conf`.
#[tokio::test(flavor = "multi_thread")]
async fn b_nothing_listens_at_the_upstream() {
    let reasons = &["DNSUpstreamUnreachable", "DNSForwarderUnusable"];
    Row::new(Fault::UpstreamAbsent, reasons, "slack.com").told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_the_search_domain_is_a_wildcard() {
    let row = Row::new(Fault::SearchWildcard, &["DNSSearchDomainWildcard"], "slack.com.corp.test");
    row.with_five_dots().told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_the_search_domain_answers_servfail() {
    let row = Row::new(Fault::SearchFails, &["DNSSearchDomainFails"], "corp.test");
    row.with_five_dots().told_and_cured().await;
}

/// The image stands in for one that somebody builds on Alpine. To glibc such a search domain is no trouble.
#[tokio::test(flavor = "multi_thread")]
async fn e_the_program_is_linked_with_musl() {
    let row =
        Row::new(Fault::SearchEmpty, &["DNSMuslResolver"], "slack.com resolves, but not for this program");
    row.with_five_dots().with(json!({"image": "chatops-bot:musl"})).told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn e_the_shipped_program_is_not() {
    in_bed(|bed, world| async move {
        bed.apply(Fault::SearchEmpty).await.expect("the fault is switched on");
        world.ready_bot(bot(json!({"dns": {"options": [{"name": "ndots", "value": "5"}]}}))).await;
        world.told("DNSReady", "True", "DNSResolves").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_packets_to_the_cluster_dns_are_lost() {
    Row::new(Fault::PacketsLost, &["DNSSlow"], "10.96.0.10").told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn f_answers_are_truncated_and_tcp_is_blocked() {
    Row::new(Fault::Truncated, &["DNSTcpBlocked"], "TCP").told_and_cured().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn g_egress_to_the_name_server_is_blocked() {
    Row::new(Fault::PodDnsBlocked, &["DNSBlocked"], "10.96.0.10").told_and_cured().await;
}

/// The fix asks the cluster's DNS to forward Slack's zones, which the operator of the bed may do.
#[tokio::test(flavor = "multi_thread")]
async fn h_only_the_host_of_the_sockets_does_not_resolve() {
    let row = Row::new(Fault::SocketHostFails, &["DNSHostUnresolvable"], "wss-primary.slack.com");
    row.told_and_cured().await;
}

/// Nothing is wrong: the same bot says so, and goes on saying so.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_resolve_are_said_to() {
    in_bed(|_, world| async move {
        world.ready_bot(bot(json!({}))).await;
        world.told("DNSReady", "True", "DNSResolves").await;
    })
    .await;
}
