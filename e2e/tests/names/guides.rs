//! What `docs/dns.md` tells people to type does what it says.

use chatops_e2e::{
    cluster::Dns,
    faults::Credentials,
    internet::{Fault, Internet, places},
    slack,
};
use serde_json::json;

use crate::{
    bed::{bot, in_bed, loses_names, start_operator_with},
    cluster_level::data,
    support::{
        World,
        guide::{follow, follow_with},
    },
};

const DNS: &str = "docs/dns.md";

#[tokio::test(flavor = "multi_thread")]
async fn my_bot_cannot_reach_slack() {
    in_bed(|_, world| async move {
        world.ready_bot(bot(json!({}))).await;
        let printed = follow(&world, DNS, "cannot-reach-slack").await;
        assert!(printed.contains("DNSReady") && printed.contains("slack.com"), "{printed}");
    })
    .await;
}

/// A bot that cannot connect any more, since the name server that the cluster asks is broken.
async fn is_lost(bed: &Internet, world: &World) {
    world.ready_bot(bot(json!({}))).await;
    bed.apply(Fault::UpstreamFails).await.expect("the fault is switched on");
    loses_names(world, &["DNSForwarderUnusable"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn choose_name_servers_for_one_bot() {
    in_bed(|bed, world| async move {
        is_lost(bed, &world).await;
        follow(&world, DNS, "name-servers").await;
        world.answers("!echo by name servers", "by name servers").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn go_through_a_proxy() {
    in_bed(|bed, world| async move {
        let credentials =
            Credentials { user: "who-asks-the-proxy".to_owned(), password: "open sesame, please".to_owned() };
        let values = [("username", &*credentials.user), ("password", &*credentials.password)];
        world.apply_secret("proxy-auth", &values).await;
        let ca = json!({"ca.crt": bed.ca_bundle()});
        let ca = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "corporate-ca"}, "data": ca});
        world.apply(&ca).await;
        world.ready_bot(bot(json!({}))).await;
        let proxy = bed.proxy(Some(credentials.clone())).await.expect("a proxy");
        bed.apply(Fault::OnlyProxy).await.expect("the fault is switched on");
        world.slack.inject(slack::Fault::DropSockets);
        let host = places::PROXY.to_string();
        follow_with(&world, DNS, "proxy", &[("proxy.corp.example", &host)]).await;
        world.answers("!echo by proxy", "by proxy").await;
        assert!(proxy.tunnels() >= 2, "the Web API and the socket go through it");
    })
    .await;
}

/// The change is made, and taken back before an uninstall.
#[tokio::test(flavor = "multi_thread")]
async fn mend_the_clusters_dns() {
    in_bed(|bed, world| async move {
        let before = data(world.cluster, Dns::CoreDns).await;
        is_lost(bed, &world).await;
        let upstream = places::PUBLIC_RESOLVERS[0].to_string();
        let words = [("YOUR-NAME-SERVER", &*upstream), ("\"diagnose\"}", "\"apply\"}")];
        let printed = follow_with(&world, DNS, "cluster-dns", &words).await;
        assert!(printed.contains("StubZoneDiagnosed"), "{printed}");
        world.answers("!echo by stub zone", "by stub zone").await;
        assert!(data(world.cluster, Dns::CoreDns).await.to_string().contains(&upstream));

        follow(&world, DNS, "dns-undo").await;
        assert_eq!(data(world.cluster, Dns::CoreDns).await, before);
        start_operator_with(world.cluster, "apply").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn print_the_change_for_git() {
    in_bed(|_, world| async move {
        let printed = follow_with(&world, DNS, "dns-render", &[("YOUR-NAME-SERVER", "192.0.2.53")]).await;
        assert!(printed.contains("slack.com") && printed.contains("192.0.2.53"), "{printed}");
    })
    .await;
}
