//! The beds: a cluster per kind of cluster DNS, with the operator that may change it, and one world at a time in it.

use std::{future::Future, sync::Arc, time::Duration};

use chatops_e2e::{
    cluster::{Cluster, Dns, image_archive},
    internet::{Internet, places},
    slack::Fault,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use crate::support::{World, eventually, objects::merge, shared, world::live_in};

/// Within which a condition names the cause.
pub const TOLD: Duration = Duration::from_secs(15);

/// Within which a bot has ended: above the grace of its pod.
const ENDED: Duration = Duration::from_secs(360);

/// The machine is small, and the beds' Slack knows one bot.
static ALONE: Mutex<()> = Mutex::const_new(());

static WITH_COREDNS: OnceCell<Internet> = OnceCell::const_new();
static WITH_KUBE_DNS: OnceCell<Internet> = OnceCell::const_new();

/// Runs `test` in a world of its own on the cluster with CoreDNS.
pub async fn in_bed<F, Fut>(test: F)
where
    F: FnOnce(&'static Internet, Arc<World>) -> Fut,
    Fut: Future<Output = ()>,
{
    in_bed_with(Dns::CoreDns, test).await;
}

/// Runs `test` in a world of its own, in which nothing is wrong and no other bot is.
pub async fn in_bed_with<F, Fut>(dns: Dns, test: F)
where
    F: FnOnce(&'static Internet, Arc<World>) -> Fut,
    Fut: Future<Output = ()>,
{
    let _alone = ALONE.lock().await;
    let (bed, name) = match dns {
        Dns::CoreDns => (&WITH_COREDNS, "dns"),
        Dns::KubeDns => (&WITH_KUBE_DNS, "dns-kube"),
    };
    let bed = bed.get_or_init(|| make(name, dns)).await;
    bed.clear_all().await.expect("the faults are cleared");
    no_bots(bed.cluster()).await;
    let world = World::on(bed.cluster(), bed.slack().slack(), format!("{}/", bed.slack().api_url())).await;
    let ca = json!({"ca.crt": bed.ca_bundle()});
    world
        .apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca"}, "data": ca}))
        .await;
    live_in(world, |world| test(bed, world)).await;
}

async fn make(name: &str, dns: Dns) -> Internet {
    let bed = Internet::up(name, dns).await.expect("a cluster with an internet");
    let cluster = bed.cluster();
    cluster.load_images().await.expect("the images are loaded: run `make image`");
    let musl = image_archive("bot-musl").expect("the bot with musl: run e2e/scripts/musl.sh");
    cluster.load_image(&musl).await.expect("the image is loaded");
    shared::install(cluster).await;
    shared::kubectl(cluster, &["apply", "-k", &shared::repository("manifests/cluster-dns/apply")]).await;
    start_operator_with(cluster, "apply").await;
    bed
}

/// Restarts the operator with `--cluster-dns=MODE` and the public resolvers, by the shipped patch.
pub async fn start_operator_with(cluster: &Cluster, mode: &str) {
    let flags = shared::repository("manifests/cluster-dns/flags.yaml");
    let flags = std::fs::read_to_string(flags).expect("the flags are read");
    let upstreams = places::PUBLIC_RESOLVERS.map(|address| address.to_string()).join(",");
    let flags =
        flags.replace("\"diagnose\"}", &format!("\"{mode}\"}}")).replace("YOUR-NAME-SERVER", &upstreams);
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), flags).expect("the file is written");
    let path = file.path().display().to_string();
    let namespace = ["-n", shared::OPERATOR_NAMESPACE];
    let patch = ["patch", "deployment", "chatops-operator", "--patch-file", &path];
    shared::kubectl(cluster, &[&namespace[..], &patch].concat()).await;
    shared::rolled_out(cluster).await;
}

/// Waits until no bot of an earlier test runs: they all have the same Slack. Pods that never ran may be left for minutes,
/// where the kubelet mounts a ConfigMap that was deleted together with the pod.
async fn no_bots(cluster: &Cluster) {
    shared::kubectl(cluster, &["delete", "chatbots", "--all", "--all-namespaces", "--wait=true"]).await;
    let bots = "--selector=app.kubernetes.io/name=chatops-bot";
    let pods =
        ["get", "pods", "--all-namespaces", bots, "--field-selector=status.phase=Running", "-o", "name"];
    eventually("no bot of an earlier test", ENDED, || async {
        let left = shared::kubectl(cluster, &pods).await;
        if left.trim().is_empty() { Ok(()) } else { Err(left) }
    })
    .await;
}

/// A ChatBot's spec for the bed's Slack, with `spec` merged into it.
pub fn bot(spec: Value) -> Value {
    let mut all = json!({
        "slack": {"allowInsecureHTTP": false},
        "network": {"trustedCARef": {"name": "ca"}},
    });
    merge(&mut all, spec);
    all
}

/// Cuts the bot off until it cannot connect any more, and waits until `DNSReady` is false for one of `reasons`. Returns
/// the condition with the time it took.
pub async fn loses_names(world: &World, reasons: &[&str]) -> (Condition, Duration) {
    let told = eventually(&format!("DNSReady=False/{reasons:?}"), TOLD, || async {
        // What is connected stays so, whatever becomes of names; and an answer from before is kept for a second.
        if world.slack.stats().sockets > 0 {
            world.slack.inject(Fault::DropSockets);
        }
        let condition = world.condition("DNSReady").await;
        let wanted = |c: &Condition| c.status == "False" && reasons.contains(&c.reason.as_str());
        condition.clone().filter(wanted).ok_or(condition)
    })
    .await;
    world.slack.inject(Fault::DropSockets);
    told
}
