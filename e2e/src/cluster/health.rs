//! Whether a cluster works, and waiting until it does.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use tokio::time::{Instant, sleep, timeout};

use super::config::NODE_NAME;
use super::{Cluster, process};

const REQUEST: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

pub(super) async fn client(kubeconfig: &Path) -> Result<Client> {
    let content = Kubeconfig::read_from(kubeconfig)?;
    let mut config = Config::from_custom_kubeconfig(content, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(CONNECT);
    config.proxy_url = None;
    // A test wants to see a failure, not to wait minutes for it to go away.
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}

pub(super) async fn until_api_answers(cluster: &Cluster, deadline: Instant) -> Result<()> {
    until(cluster, deadline, async |client| api_answers(client).await).await
}

pub(super) async fn until_node_is_ready(cluster: &Cluster, deadline: Instant) -> Result<()> {
    until(cluster, deadline, async |client| node_is_ready(client).await).await
}

/// The first pod of a namespace is refused until its default service account exists.
pub(super) async fn until_default_account_exists(cluster: &Cluster, deadline: Instant) -> Result<()> {
    until(cluster, deadline, async |client| {
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
        accounts.get("default").await.map(drop).context("no default service account")
    })
    .await
}

pub(super) async fn until_dns_is_ready(cluster: &Cluster, deadline: Instant) -> Result<()> {
    until(cluster, deadline, async |client| {
        let deployments: Api<Deployment> = Api::namespaced(client.clone(), "kube-system");
        let name = cluster.options.dns.deployment();
        let status = deployments.get(name).await?.status.unwrap_or_default();
        if status.available_replicas.unwrap_or(0) == 0 {
            bail!("{name} is not available");
        }
        Ok(())
    })
    .await
}

/// Asks until the answer is good.
///
/// # Errors
/// A daemon has ended, or the deadline has passed; then the last answer.
async fn until(cluster: &Cluster, deadline: Instant, ask: impl AsyncFn(&Client) -> Result<()>) -> Result<()> {
    let client = cluster.client().await?;
    loop {
        let problem = match timeout(REQUEST, ask(&client)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(problem)) => problem,
            Err(_) => anyhow!("the API server does not answer"),
        };
        process::all_running(&cluster.state)?;
        if Instant::now() > deadline {
            return Err(problem);
        }
        tracing::debug!("waiting: {problem:#}");
        sleep(POLL).await;
    }
}

async fn api_answers(client: &Client) -> Result<()> {
    let request = http::Request::get("/readyz").body(Vec::new())?;
    let answer =
        timeout(REQUEST, client.request_text(request)).await.context("the API server does not answer")?;
    match answer {
        Ok(_) => Ok(()),
        // The body lists every check of the server, several times over.
        Err(kube::Error::Api(status)) => bail!("the API server is not ready: it answers {}", status.code),
        Err(error) => Err(error).context("the API server does not answer"),
    }
}

async fn node_is_ready(client: &Client) -> Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    let node = nodes.get(NODE_NAME).await.context("the node has not registered")?;
    let conditions = node.status.unwrap_or_default().conditions.unwrap_or_default();
    match conditions.iter().find(|condition| condition.type_ == "Ready") {
        Some(ready) if ready.status == "True" => Ok(()),
        Some(ready) => bail!("the node is not ready: {}", ready.message.as_deref().unwrap_or_default()),
        None => bail!("the node has not reported yet"),
    }
}
