//! The order in which a cluster comes up.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::components::Components;
use super::network::Network;
use super::state::State;
use super::tools::Tools;
use super::{Cluster, Dns, Options, addons, cgroups, config, health, images, kube_dns, pki, process, uplink};

/// A start takes five seconds on two idle cores; this is for a machine that compiles at the same time.
const DEADLINE: Duration = Duration::from_secs(120);

/// Starts a cluster where nothing is left of an earlier one.
pub(super) async fn cluster(state: State, tools: Tools, options: Options) -> Result<Cluster> {
    let began = Instant::now();
    tracing::info!("starting the cluster {}", state.name());
    state.create()?;
    let network = Network::create(&state, options).await?;
    pki::create(&state, &network)?;
    config::create(&state, &network, options)?;
    if options.internet {
        uplink::make(&network, &state.internet()).await?;
    }

    let kubeconfig = state.kubeconfig("admin");
    let cluster = Cluster { state, network, tools, kubeconfig, options };
    let components = Components { state: &cluster.state, network: &cluster.network, tools: &cluster.tools };
    bring_up(&cluster, &components, options).await?;
    cluster.state.mark_complete()?;
    tracing::info!(
        "the cluster {} is ready after {:.1} s",
        cluster.state.name(),
        began.elapsed().as_secs_f32()
    );
    Ok(cluster)
}

async fn bring_up(cluster: &Cluster, components: &Components<'_>, options: Options) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    let state = &cluster.state;
    let start = |daemon| process::start(state, cluster.network.namespace(), daemon);
    start(components.etcd())?;
    start(components.api_server())?;
    if options.control_plane_only {
        health::until_api_answers(cluster, deadline).await?;
        start(components.controller_manager())?;
        return health::until_default_account_exists(cluster, deadline).await;
    }
    cgroups::create(state)?;
    if !options.internet {
        start(components.outside_dns())?;
    }
    if options.dns == Dns::KubeDns {
        start(kube_dns::daemon(cluster, &kube_dns::Config::default()))?;
    }
    start(components.containerd())?;
    tokio::try_join!(health::until_api_answers(cluster, deadline), images::import_base(state))?;
    tracing::info!("the API server answers at {}", cluster.server_url());
    start(components.controller_manager())?;
    start(components.scheduler())?;
    start(components.kubelet())?;
    start(components.proxy())?;
    addons::apply(cluster).await?;
    health::until_default_account_exists(cluster, deadline).await?;
    health::until_node_is_ready(cluster, deadline).await?;
    tracing::info!("the node is ready");
    health::until_dns_is_ready(cluster, deadline).await
}
