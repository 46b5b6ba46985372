//! The test bed for names: that each switch does what it says, seen by real look-ups from the node and from a pod, and
//! that Slack is served behind TLS. One scenario per kind of cluster DNS, one after the other.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "what helps tests fails by panicking and speaks to the person who runs them"
)]

mod client;
mod faults;
mod kube_dns;
mod query;
mod slack;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chatops_e2e::cluster::{self, Cluster, Dns};
use chatops_e2e::internet::Internet;
use tokio::sync::Mutex;

/// A cluster takes most of a small machine.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Within which a switch is seen. CoreDNS asks a server that failed again after half a second, and reads a changed
/// file within three.
const SOON: Duration = Duration::from_secs(20);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread")]
async fn every_switch_does_what_it_says_to_a_cluster_with_coredns() -> Result<()> {
    let _guard = ONE_AT_A_TIME.lock().await;
    Cluster::remove("bed").await?;
    let bed = Internet::up("bed", Dns::CoreDns).await?;
    a_pod_to_ask_from(bed.cluster()).await?;
    slack::is_three_hosts_behind_tls(&bed).await?;
    faults::come_and_go(&bed).await?;
    slack::is_reached_through_a_proxy_that_wants_a_password(&bed).await?;
    faults::of_an_earlier_run_are_gone(bed).await?.down().await
}

#[tokio::test(flavor = "multi_thread")]
async fn kube_dns_obeys_its_config_map() -> Result<()> {
    let _guard = ONE_AT_A_TIME.lock().await;
    Cluster::remove("bed-kube").await?;
    let bed = Internet::up("bed-kube", Dns::KubeDns).await?;
    kube_dns::answers_for_the_cluster_and_the_world(&bed).await?;
    kube_dns::takes_up_stub_domains_and_forgets_them(&bed).await?;
    kube_dns::ignores_what_is_invalid_until_its_pod_restarts(&bed).await?;
    bed.down().await
}

async fn a_pod_to_ask_from(cluster: &Cluster) -> Result<()> {
    cluster.load_image(&cluster::image_archive("redis")?).await?;
    let run =
        ["run", "probe", "--image=redis:7", "--image-pull-policy=Never", "--command", "--", "sleep", "86400"];
    kubectl(cluster, &run).await?;
    kubectl(cluster, &["wait", "pod/probe", "--for=condition=Ready", "--timeout=60s"]).await.map(drop)
}

/// Looks until `seen` gives what is `wanted`.
async fn eventually(what: &str, wanted: &str, mut seen: impl AsyncFnMut() -> String) -> Result<()> {
    let began = Instant::now();
    loop {
        let now = seen().await;
        if wanted.split('|').any(|wanted| wanted == now) {
            return Ok(());
        }
        ensure!(began.elapsed() < SOON, "{what}: {now} instead of {wanted}");
        tokio::time::sleep(LOOK).await;
    }
}

/// Runs kubectl and returns its output, trimmed.
async fn kubectl(cluster: &Cluster, args: &[&str]) -> Result<String> {
    let output = cluster.kubectl(args).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "kubectl {args:?}: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
