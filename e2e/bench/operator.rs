//! What the operator costs: memory with 100 ChatBots, writes for a new one, writes after a restart.

use std::{path::Path, time::Duration};

use anyhow::{Result, ensure};
use chatops_e2e::{
    audit,
    cluster::{Cluster, Options},
    installed::program,
    local::resident,
    operator::{self, Operator, Rights},
};
use k8s_openapi::api::apps::v1::Deployment;
use kube::{Api, api::ListParams};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::report::{Table, mebibytes};

const CLUSTER: &str = "bench";
const BOTS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);

/// Measures on a control plane without a node.
pub async fn measure(table: &mut Table) -> Result<()> {
    Cluster::remove(CLUSTER).await?;
    let cluster = Cluster::up(CLUSTER, Options { control_plane_only: true, ..Options::default() }).await?;
    let measured = on(&cluster, table).await;
    cluster.down().await?;
    measured
}

async fn on(cluster: &Cluster, table: &mut Table) -> Result<()> {
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests");
    operator::install_without_deployment(cluster, &manifests).await?;
    let mut first = start(cluster, "first").await?;

    apply_bots(cluster, 0..1).await?;
    deployments(cluster, 1).await?;
    settled(cluster).await?;
    table.add("API writes of the operator for a new ChatBot", [writes(cluster)?.to_string()], "")?;

    apply_bots(cluster, 1..BOTS).await?;
    deployments(cluster, BOTS).await?;
    let before = settled(cluster).await?;
    table.add(
        &format!("operator, memory with {BOTS} ChatBots"),
        [mebibytes(resident(first.pid()?)?)],
        "≤ 32 MiB",
    )?;

    first.terminate(Duration::from_secs(10)).await?;
    let _second = start(cluster, "second").await?;
    let after = settled(cluster).await?;
    table.add("API writes after a restart of the operator", [(after - before).to_string()], "0")
}

async fn start(cluster: &Cluster, identity: &str) -> Result<Operator> {
    let rights = Rights::of_the_shipped_account(cluster, None).await?;
    let mut operator = Operator::start(&program("chatops-operator")?, rights, identity)?;
    operator.ready().await?;
    Ok(operator)
}

async fn apply_bots(cluster: &Cluster, numbers: std::ops::Range<usize>) -> Result<()> {
    let bots: Vec<_> = numbers
        .map(|i| {
            json!({
                "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": format!("bot-{i}")},
                "spec": {"slack": {"tokensSecretRef": {"name": "none"}}},
            })
        })
        .collect();
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), json!({"apiVersion": "v1", "kind": "List", "items": bots}).to_string())?;
    let output = cluster.kubectl(["apply", "-f", &file.path().display().to_string()]).await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Waits until there are `count` Deployments.
async fn deployments(cluster: &Cluster, count: usize) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(cluster.client().await?, "default");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = api.list(&ListParams::default()).await?.items.len();
        if found == count {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{found} of {count} Deployments");
        sleep(POLL).await;
    }
}

/// Waits until the operator has written nothing for five seconds, and returns how much it wrote in all.
async fn settled(cluster: &Cluster) -> Result<usize> {
    let deadline = Instant::now() + PATIENCE;
    let (mut count, mut since) = (writes(cluster)?, Instant::now());
    while since.elapsed() < Duration::from_secs(5) {
        ensure!(Instant::now() < deadline, "the operator does not stop writing");
        sleep(POLL).await;
        let now = writes(cluster)?;
        if now != count {
            (count, since) = (now, Instant::now());
        }
    }
    Ok(count)
}

fn writes(cluster: &Cluster) -> Result<usize> {
    let user = audit::service_account(operator::NAMESPACE, operator::NAME);
    let requests = audit::requests_of(&cluster.audit_log(), &user)?;
    Ok(requests.iter().filter(|request| request.is_write()).count())
}
