//! Wiring and supervision: every task is selected on, and when one ends that should not, the process ends visibly.

mod controller;
pub mod scope;

use std::{future::Future, io, net::SocketAddr, process, sync::Arc, time::Duration};

use k8s_openapi::jiff::Timestamp;
use kube::Config;
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    task::JoinSet,
    time::interval,
};

use crate::{
    bots::access::Access,
    chat_bot::Settings,
    cluster::{client, identity, lease::Lease},
    cluster_dns,
    serve::{
        self,
        health::{Health, Phase},
        metrics::Metrics,
    },
};
use scope::Scope;

/// Deadline for the head of any answer of the API server. Longer than a bot's long poll, which may pass through it.
const DEADLINE: Duration = Duration::from_secs(15);

/// What the operator was started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Namespaces to watch; none: all.
    pub namespaces: Vec<String>,
    pub settings: Settings,
    /// None: this operator is alone, and takes no lease.
    pub identity: Option<String>,
    pub listen: SocketAddr,
    pub way: Way,
    pub cluster_dns: cluster_dns::controller::Setup,
}

/// How bots are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At their pods' addresses.
    Direct,
    /// Through the API server.
    Proxy,
}

/// Why the operator ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no client for the API server: {0}")]
    Client(#[from] kube::Error),
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("signals cannot be received: {0}")]
    Signal(#[source] io::Error),
    #[error("the HTTP server ended: {0:?}")]
    Served(io::Result<()>),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error("the lease was lost: another operator may be active")]
    LeaseLost,
    #[error("a task that should run as long as the operator ended: {0}")]
    TaskEnded(String),
}

/// Runs until SIGTERM or SIGINT; a second signal ends at once. What runs at that moment is dropped: whatever half of it
/// is done, the next operator finishes.
///
/// # Errors
/// When something ended that the operator cannot do without.
pub async fn run(options: Options, config: Config) -> Result<(), Error> {
    let mut terminate = signals(SignalKind::terminate())?;
    let mut interrupt = signals(SignalKind::interrupt())?;
    let address = options.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })?;
    let (health, metrics) = (Arc::new(Health::default()), Metrics::default());
    let stopped = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("ending");
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            process::exit(130);
        });
    };
    tokio::select! {
        served = serve::serve(listener, health.clone(), metrics.clone()) => Err(Error::Served(served)),
        () = beat(&health) => Ok(()),
        ended = lead(options, config, &health, &metrics, stopped) => ended,
    }
}

fn signals(kind: SignalKind) -> Result<Signal, Error> {
    signal(kind).map_err(Error::Signal)
}

async fn beat(health: &Health) {
    let mut second = interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        health.beat();
    }
}

/// Works while the lease is held, and gives it back at the end.
async fn lead(
    options: Options,
    config: Config,
    health: &Arc<Health>,
    metrics: &Metrics,
    stopped: impl Future<Output = ()>,
) -> Result<(), Error> {
    let Some(identity) = &options.identity else {
        return tokio::select! {
            ended = work(&options, config, health, metrics) => ended,
            () = stopped => Ok(()),
        };
    };
    let lease = Lease::new(config.clone(), &options.settings.operator_namespace, identity)?;
    let mut stopped = std::pin::pin!(stopped);
    let held = tokio::select! {
        held = lease.acquire(|| health.enter(Phase::Standby)) => held,
        () = &mut stopped => return Ok(()),
    };
    metrics.active(true);
    let ended = tokio::select! {
        () = lease.hold(&held) => return Err(Error::LeaseLost),
        ended = work(&options, config, health, metrics) => ended,
        () = stopped => Ok(()),
    };
    lease.release(&held).await;
    ended
}

/// The controllers of every watched namespace.
async fn work(
    options: &Options,
    config: Config,
    health: &Arc<Health>,
    metrics: &Metrics,
) -> Result<(), Error> {
    health.enter(Phase::Syncing);
    let counted = metrics.clone();
    let observer = move |call: &client::Call| {
        counted.requested(call.method.as_str(), &call.path, call.status.map(|status| status.as_u16()));
    };
    let client = client::client(config, DEADLINE, Arc::new(observer))?;
    let cluster_id = identity::of_the_cluster(&client).await?;
    let access = match options.way {
        Way::Direct => Access::direct(),
        Way::Proxy => Access::Proxy(client.clone()),
    };
    let scopes: Vec<Option<String>> = if options.namespaces.is_empty() {
        vec![None]
    } else {
        options.namespaces.iter().cloned().map(Some).collect()
    };
    let (dns, board) =
        cluster_dns::controller::Controller::new(client.clone(), &options.cluster_dns, Timestamp::now);
    let mut tasks = JoinSet::new();
    let mut caches = Vec::new();
    for namespace in scopes {
        let scope = Scope {
            client: client.clone(),
            namespace,
            access: access.clone(),
            settings: options.settings.clone(),
            cluster_id: cluster_id.clone(),
            metrics: metrics.clone(),
            clock: Timestamp::now,
            cluster_dns: board.clone(),
        };
        caches.push(scope.start(&mut tasks));
    }
    tasks.spawn(dns.run(caches.clone()));
    let health = health.clone();
    let gauges = scope::gauge(caches.clone(), metrics.clone());
    tasks.spawn(async move {
        for cache in &caches {
            if cache.ready().await.is_err() {
                return "filling the caches";
            }
        }
        health.enter(Phase::Active);
        gauges.await
    });
    match tasks.join_next().await {
        Some(Ok(task)) => Err(Error::TaskEnded(task.into())),
        Some(Err(error)) => Err(Error::TaskEnded(error.to_string())),
        None => Err(Error::TaskEnded("all".into())),
    }
}
