//! The cluster's own DNS: what is diagnosed, what is applied, and that it is all taken back.

use std::process::Command;

use chatops_crds::ChatBot;
use chatops_e2e::{
    cluster::{Cluster, Dns},
    internet::{Fault, Internet, places},
};
use serde_json::{Value, json};

use crate::{
    bed::{bot, in_bed, in_bed_with, loses_names, start_operator_with},
    support::{SOON, World, eventually, shared},
};

/// The ConfigMap that the kind of DNS is configured by.
fn config_map(dns: Dns) -> &'static str {
    match dns {
        Dns::CoreDns => "coredns",
        Dns::KubeDns => "kube-dns",
    }
}

/// The data of the ConfigMap that the kind of DNS is configured by, every byte.
pub async fn data(cluster: &Cluster, dns: Dns) -> Value {
    let args = ["-n", "kube-system", "get", "configmap", config_map(dns), "-o", "json"];
    let object: Value = serde_json::from_str(&shared::kubectl(cluster, &args).await).expect("JSON");
    object.get("data").cloned().unwrap_or(Value::Null)
}

/// A bot that cannot connect, since the default upstream is broken for everything, and then asks for `mode`.
async fn is_lost(bed: &Internet, world: &World, mode: &str) {
    world.ready_bot(bot(json!({}))).await;
    bed.apply(Fault::UpstreamFails).await.expect("the fault is switched on");
    loses_names(world, &["DNSForwarderUnusable"]).await;
    world.patch::<ChatBot>("ops", json!({"spec": {"dns": {"clusterStubZone": mode}}})).await;
}

async fn diagnose_prints_and_changes_nothing(dns: Dns) {
    in_bed_with(dns, move |bed, world| async move {
        let before = data(world.cluster, dns).await;
        is_lost(bed, &world, "Diagnose").await;
        let (condition, _) = world.told("ClusterDNS", "False", "StubZoneDiagnosed").await;
        assert_eq!(data(world.cluster, dns).await, before, "nothing was written");

        let command = condition.message.split_once("This would do it: ");
        let (_, command) = command.unwrap_or_else(|| panic!("no command in {:?}", condition.message));
        run(world.cluster, command);
        let answered = world.answers("!echo by hand", "by hand").await;
        println!("{dns:?}: Diagnose → the printed command → answers after {answered:.1?}");
        let mut patch = json!({"data": before});
        if before.is_null() {
            patch = json!({"data": {"stubDomains": null}});
        }
        let patch = patch.to_string();
        let back = ["-n", "kube-system", "patch", "configmap", config_map(dns), "--type=merge", "-p", &patch];
        shared::kubectl(world.cluster, &back).await;
    })
    .await;
}

/// Runs a command as a person would paste it into a shell.
fn run(cluster: &Cluster, command: &str) {
    let kubectl = cluster.kubectl_program();
    let folder = kubectl.parent().expect("a program is in a folder");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).env("PATH", path).env("KUBECONFIG", cluster.kubeconfig());
    let output = shell.output().expect("a shell runs");
    assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Asks for it, sees it in force, and sees every byte back when the last ChatBot is gone.
async fn apply_is_in_force_and_leaves_nothing(dns: Dns) {
    in_bed_with(dns, move |bed, world| async move {
        let before = data(world.cluster, dns).await;
        is_lost(bed, &world, "Apply").await;
        let answered = world.answers("!echo by stub zone", "by stub zone").await;
        let (condition, told) = world.told("ClusterDNS", "True", "StubZoneApplied").await;
        println!("{dns:?}: Apply → answers after {answered:.1?}, {} {told:.1?} later", condition.reason);
        let upstream = places::PUBLIC_RESOLVERS[0].to_string();
        let during = data(world.cluster, dns).await;
        assert!(during.to_string().contains(&upstream), "{during}");

        world.patch::<ChatBot>("ops", json!({"spec": {"dns": {"clusterStubZone": "None"}}})).await;
        is_as(world.cluster, dns, &before).await;
        world.patch::<ChatBot>("ops", json!({"spec": {"dns": {"clusterStubZone": "Apply"}}})).await;
        is_as(world.cluster, dns, &during).await;
        world.delete("chatbot ops").await;
        is_as(world.cluster, dns, &before).await;
    })
    .await;
}

/// Waits until the ConfigMap's data are these, byte for byte.
async fn is_as(cluster: &Cluster, dns: Dns, wanted: &Value) {
    let empty = |data: &Value| data.as_object().is_none_or(serde_json::Map::is_empty);
    eventually("the configuration", SOON, || async {
        let now = data(cluster, dns).await;
        if now == *wanted || (empty(&now) && empty(wanted)) { Ok(()) } else { Err(now) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn diagnose_prints_a_command_for_coredns_that_works() {
    diagnose_prints_and_changes_nothing(Dns::CoreDns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn diagnose_prints_a_command_for_kube_dns_that_works() {
    diagnose_prints_and_changes_nothing(Dns::KubeDns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_edits_the_corefile_and_leaves_nothing() {
    apply_is_in_force_and_leaves_nothing(Dns::CoreDns).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_edits_kube_dns_and_leaves_nothing() {
    apply_is_in_force_and_leaves_nothing(Dns::KubeDns).await;
}

/// The last ChatBot goes while the operator is away.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_applied_is_taken_away_also_when_the_operator_was_away() {
    in_bed(|bed, world| async move {
        let before = data(world.cluster, Dns::CoreDns).await;
        is_lost(bed, &world, "Apply").await;
        world.told("ClusterDNS", "True", "StubZoneApplied").await;
        scale_operator(world.cluster, 0).await;
        shared::kubectl(world.cluster, &["-n", &world.namespace, "delete", "chatbot", "ops", "--wait=false"])
            .await;
        scale_operator(world.cluster, 1).await;
        is_as(world.cluster, Dns::CoreDns, &before).await;
    })
    .await;
}

async fn scale_operator(cluster: &Cluster, replicas: u8) {
    let replicas = format!("--replicas={replicas}");
    let scale = ["-n", shared::OPERATOR_NAMESPACE, "scale", "deployment/chatops-operator", &replicas];
    shared::kubectl(cluster, &scale).await;
    shared::rolled_out(cluster).await;
}

/// Before an uninstall: the operator may no longer write, and the command takes everything out.
#[tokio::test(flavor = "multi_thread")]
async fn undo_takes_everything_out() {
    in_bed(|bed, world| async move {
        let before = data(world.cluster, Dns::CoreDns).await;
        is_lost(bed, &world, "Apply").await;
        world.told("ClusterDNS", "True", "StubZoneApplied").await;
        start_operator_with(world.cluster, "off").await;
        let mut undo = Command::new(shared::program("chatops-operator"));
        let output = undo.args(["dns", "undo"]).env("KUBECONFIG", world.cluster.kubeconfig()).output();
        let output = output.expect("the operator's program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(data(world.cluster, Dns::CoreDns).await, before);
        start_operator_with(world.cluster, "apply").await;
    })
    .await;
}
