//! The internet of a cluster, in a namespace beside the node: Slack's hosts behind TLS under a private authority, an
//! authoritative name server, the resolver that the node asks, public resolvers, and an HTTP proxy. [`Fault`]s are
//! switched while everything runs.
//!
//! Name servers are daemons of the cluster and go with it. Slack and the proxy live in this process, on sockets in the
//! namespace. Knows nothing of the product under test.

mod certificates;
mod fault;
mod filter;
mod name_servers;
pub mod places;

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

pub use fault::Fault;

use crate::cluster::{Cluster, Dns, Nanny, Options};
use crate::faults::{ConnectProxy, Credentials};
use crate::slack::Simulator;

/// How long the proxy waits for a host.
const CONNECT: Duration = Duration::from_secs(5);
const FREE_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// A cluster with its internet. Dropping it ends Slack and the proxy; the rest goes with [`Internet::down`], or when a
/// cluster of the name is started or removed the next time.
#[derive(Debug)]
pub struct Internet {
    cluster: Cluster,
    slack: Simulator,
    /// PEM of the authority that signed Slack's certificates.
    ca: String,
    nanny: Option<Nanny>,
    faults: Mutex<BTreeSet<Fault>>,
}

impl Internet {
    /// Returns the cluster `name` with an internet in which nothing is wrong: attaches to a healthy one, or starts it.
    ///
    /// # Errors
    /// As [`Cluster::up`]; or a server of the internet can't be started.
    pub async fn up(name: &str, dns: Dns) -> Result<Self> {
        let options = Options { internet: true, dns, ..Options::default() };
        let cluster = Cluster::up(name, options).await?;
        name_servers::start_authority(&cluster)?;
        let authority = certificates::Authority::new()?;
        let listener = listen(&cluster, (Ipv4Addr::UNSPECIFIED, 443).into()).await?;
        let slack = Simulator::builder()
            .listener(listener)
            .tls(authority.server_config(&places::SLACK_HOSTS)?, places::hosts())
            .start()
            .await?;
        let nanny = match dns {
            Dns::CoreDns => None,
            Dns::KubeDns => Some(Nanny::of(&cluster)?),
        };
        let ca = authority.pem();
        let internet = Self { cluster, slack, ca, nanny, faults: Mutex::default() };
        internet.set(&mut *internet.faults.lock().await, BTreeSet::new(), true).await?;
        Ok(internet)
    }

    /// The cluster whose internet it is.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Slack, at `https://slack.com/api`.
    #[must_use]
    pub fn slack(&self) -> &Simulator {
        &self.slack
    }

    /// The certificate to trust, PEM: for `spec.network.trustedCARef`.
    #[must_use]
    pub fn ca_bundle(&self) -> &str {
        &self.ca
    }

    /// Who restarts the stand-in of kube-dns, in a cluster that has it.
    #[must_use]
    pub fn nanny(&self) -> Option<&Nanny> {
        self.nanny.as_ref()
    }

    /// Switches a fault on, beside those that are.
    ///
    /// # Errors
    /// A server can't be started, nftables refuses, or CoreDNS does not come back.
    pub async fn apply(&self, fault: Fault) -> Result<()> {
        let mut faults = self.faults.lock().await;
        let wanted = faults.iter().copied().chain([fault]).collect();
        self.set(&mut faults, wanted, false).await
    }

    /// Switches a fault off.
    ///
    /// # Errors
    /// As [`Internet::apply`].
    pub async fn clear(&self, fault: Fault) -> Result<()> {
        let mut faults = self.faults.lock().await;
        let wanted = faults.iter().copied().filter(|other| *other != fault).collect();
        self.set(&mut faults, wanted, false).await
    }

    /// Switches every fault off.
    ///
    /// # Errors
    /// As [`Internet::apply`].
    pub async fn clear_all(&self) -> Result<()> {
        let mut faults = self.faults.lock().await;
        self.set(&mut faults, BTreeSet::new(), false).await
    }

    /// Makes the world one of exactly `wanted`; what is there already stays untouched unless `anew`.
    async fn set(&self, now: &mut BTreeSet<Fault>, wanted: BTreeSet<Fault>, anew: bool) -> Result<()> {
        filter::obey(&self.cluster, &wanted).await?;
        for resolver in name_servers::RESOLVERS {
            if anew || resolver.arguments(now) != resolver.arguments(&wanted) {
                resolver.serve(&self.cluster, &wanted)?;
            }
        }
        let was = (!anew).then(|| name_servers::node_resolv_conf(now));
        let resolv_conf = name_servers::node_resolv_conf(&wanted);
        if was.as_ref() != Some(&resolv_conf) {
            self.give_node(&resolv_conf, anew).await?;
        }
        *now = wanted;
        Ok(())
    }

    /// The name server of the cluster gets its copy of the node's file when its pod starts.
    async fn give_node(&self, resolv_conf: &str, anew: bool) -> Result<()> {
        let file = self.cluster.node_resolv_conf();
        if anew && fs::read_to_string(&file).is_ok_and(|content| content == resolv_conf) {
            return Ok(());
        }
        fs::write(&file, resolv_conf).with_context(|| format!("cannot write {}", file.display()))?;
        let deployment = format!("deployment/{}", self.cluster.options().dns.deployment());
        // `kubectl rollout restart` can do it once a second only.
        let given = json!({ "resolv-conf-given-at": Timestamp::now().as_nanosecond().to_string() });
        let patch = json!({ "spec": { "template": { "metadata": { "annotations": given } } } }).to_string();
        let (deployment, patch) = (deployment.as_str(), patch.as_str());
        let actions = [
            &["patch", deployment, "--patch", patch][..],
            &["rollout", "status", deployment, "--timeout=60s"],
        ];
        for action in actions {
            let args = [&["--namespace=kube-system"], action].concat();
            let done = self.cluster.kubectl(&args).await?;
            ensure!(done.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }

    /// An HTTP proxy in the internet at `http://`[`places::PROXY`]`:3128`, which reaches Slack whatever the resolvers
    /// say, until it is dropped.
    ///
    /// # Errors
    /// Another one runs.
    pub async fn proxy(&self, credentials: Option<Credentials>) -> Result<ConnectProxy> {
        let listener = listen(&self.cluster, (places::PROXY, places::PROXY_PORT).into()).await?;
        let namespace = self.cluster.internet()?;
        let route = move |host: &str, port: u16| {
            let Some(address) = places::address_of(host) else {
                return Err(std::io::Error::other(format!("no such host: {host}")));
            };
            let target = SocketAddr::from((address, port));
            namespace.inside(|| TcpStream::connect_timeout(&target, CONNECT)).map_err(std::io::Error::other)
        };
        Ok(ConnectProxy::start(listener, credentials, route)?)
    }

    /// Stops the cluster and its internet, and removes every trace of them.
    ///
    /// # Errors
    /// As [`Cluster::down`].
    pub async fn down(self) -> Result<()> {
        let Self { cluster, nanny, slack, .. } = self;
        drop((nanny, slack));
        cluster.down().await
    }
}

/// A server that was dropped leaves its address a moment later.
async fn listen(cluster: &Cluster, address: SocketAddr) -> Result<TcpListener> {
    let namespace = cluster.internet()?;
    let deadline = Instant::now() + FREE_WITHIN;
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    loop {
        match namespace.inside(bind) {
            Err(_) if Instant::now() < deadline => sleep(POLL).await,
            bound => return bound,
        }
    }
}
