//! `chatops-operator run`.

use std::{
    env, fs, io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use clap::{ArgAction, ValueEnum};
use kube::{Config, config::InferConfigError};
use tracing_subscriber::EnvFilter;

use super::{config, dns};
use crate::{
    app::{self, Options, Way},
    chat_bot::Settings,
    cluster_dns::{self, canary, controller::Setup, stub_zones::Refused},
};

/// After the operator's end, what still runs in threads (name resolution) is not waited for longer.
const LEFTOVERS: Duration = Duration::from_millis(500);

/// Threads: the work is waiting, and each costs memory.
const THREADS: usize = 2;

/// Where a pod's name servers are.
const RESOLV_CONF: &str = "/etc/resolv.conf";

#[derive(clap::Args)]
pub(super) struct Args {
    /// Namespace to watch; may be given several times. Default: all
    #[arg(long, env = "CHATOPS_WATCH_NAMESPACE", value_delimiter = ',')]
    watch_namespace: Vec<String>,

    /// Image of bots whose ChatBot names none
    #[arg(long, env = "CHATOPS_BOT_IMAGE", default_value = concat!("chatops-bot:", env!("CARGO_PKG_VERSION")))]
    bot_image: String,

    /// Image of managed Redis servers whose ChatBot names none: redis-server and redis-cli 6.2 or newer, and a shell
    #[arg(long, env = "CHATOPS_REDIS_IMAGE", default_value = "redis:7")]
    redis_image: String,

    /// DNS domain of the cluster
    #[arg(long, env = "CHATOPS_CLUSTER_DOMAIN", default_value = "cluster.local")]
    cluster_domain: String,

    /// Namespace of the lease, and the one that bots let the operator's requests in from. Default: the operator's own,
    /// or the kubeconfig's
    #[arg(long, env = "CHATOPS_LEASE_NAMESPACE")]
    lease_namespace: Option<String>,

    /// Take a lease, so that of several operators one is active
    #[arg(long, env = "CHATOPS_LEADER_ELECTION", default_value_t = true, action = ArgAction::Set)]
    leader_election: bool,

    /// Address of /healthz, /readyz and /metrics
    #[arg(long, env = "CHATOPS_LISTEN", default_value = "0.0.0.0:8080")]
    listen: SocketAddr,

    /// Form of log lines. RUST_LOG says which are written
    #[arg(long, env = "CHATOPS_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,

    /// How bots are reached: at their pods' addresses, or through the API server, which takes the right to get
    /// pods/proxy. auto: direct inside a cluster, proxy outside
    #[arg(long, env = "CHATOPS_BOT_ACCESS", default_value = "auto")]
    bot_access: BotAccess,

    #[command(flatten)]
    cluster_dns: dns::Flags,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum BotAccess {
    Auto,
    Direct,
    Proxy,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("neither a kubeconfig nor a pod's service account leads to a cluster: {0}")]
    Config(#[from] InferConfigError),
    #[error("--cluster-dns: {0}")]
    ClusterDns(#[from] Refused),
    #[error("cannot start: {0}")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    App(#[from] app::Error),
}

pub(super) fn run(args: Args) -> Result<(), Error> {
    start_logging(args.log_format);
    // Before anything else, so that what is refused is said whatever else is wrong.
    let cluster_dns = args.cluster_dns.settings(&args.cluster_domain)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    let ended = runtime.block_on(async {
        let (config, in_cluster) = config::infer().await?;
        let options = options(args, cluster_dns, &config, in_cluster);
        Ok(app::run(options, config).await?)
    });
    runtime.shutdown_timeout(LEFTOVERS);
    ended
}

fn options(args: Args, settings: cluster_dns::Settings, config: &Config, in_cluster: bool) -> Options {
    let identity = || {
        // A restarted container keeps its pod's name and must not take the lease of its former self for its own.
        let pod = ["POD_NAME", "HOSTNAME"].into_iter().find_map(|name| env::var(name).ok());
        format!("{}-{:08x}", pod.unwrap_or_else(|| "operator".into()), rand::random::<u32>())
    };
    let way = match (args.bot_access, in_cluster) {
        (BotAccess::Direct, _) | (BotAccess::Auto, true) => Way::Direct,
        (BotAccess::Proxy, _) | (BotAccess::Auto, false) => Way::Proxy,
    };
    let cluster_dns =
        Setup { settings, cluster_domain: args.cluster_domain.clone(), name_server: name_server(in_cluster) };
    Options {
        identity: args.leader_election.then(identity),
        namespaces: args.watch_namespace.into_iter().filter(|namespace| !namespace.is_empty()).collect(),
        settings: Settings {
            bot_image: args.bot_image,
            redis_image: args.redis_image,
            cluster_domain: args.cluster_domain,
            operator_namespace: args.lease_namespace.unwrap_or_else(|| config.default_namespace.clone()),
        },
        listen: args.listen,
        way,
        cluster_dns,
    }
}

/// The name server of the operator's own pod, which is the cluster's; none outside of a cluster.
fn name_server(in_cluster: bool) -> Option<IpAddr> {
    let text = fs::read_to_string(RESOLV_CONF).ok().filter(|_| in_cluster)?;
    canary::first_name_server(&text)
}

fn start_logging(format: LogFormat) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,kube=warn,tower=warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}
