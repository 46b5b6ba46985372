//! A complete one-node Kubernetes cluster on this machine, for the tests, the demo and a person at a terminal.
//!
//! The node is a network namespace, joined to the host by a pair of interfaces; in it run etcd, the control plane,
//! containerd, the kubelet, kube-proxy, and a name server that plays the world outside the cluster. Where that is not
//! world enough, a second namespace beside the node is its internet (`crate::internet` fills it). Several clusters
//! of different names live side by side. A cluster outlives the process that started it: [`Cluster::up`] attaches to
//! one that is healthy. It is disposable: one that is found half-dead is removed and started empty.
//!
//! Needs root, Linux, and what `e2e/scripts/tools.sh` and `e2e/scripts/images.sh` install. Knows nothing of the
//! product that is tested in it.

mod addons;
mod cgroups;
mod cleanup;
mod command;
mod components;
mod config;
mod files;
mod health;
mod images;
mod kube_dns;
mod namespace;
mod network;
mod pki;
mod process;
mod start;
mod state;
mod tools;
pub(crate) mod uplink;
mod volumes;

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::Instant;

pub use kube_dns::Nanny;
pub(crate) use namespace::Namespace;
use network::Network;
pub(crate) use network::UNREACHABLE;
use state::{Record, State};
use tools::Tools;

/// The zone whose every name the node's name server answers with the node's address.
pub const REACHABLE_ZONE: &str = "chatops.test";

/// The search domain of the node: a wildcard, whose every name has an address that nobody answers at.
pub const WILDCARD_ZONE: &str = "corp.test";

/// Longer than any kubectl command that a test waits for; `kubectl wait` has a timeout of its own below it.
const KUBECTL_DEADLINE: Duration = Duration::from_secs(120);

/// A cluster whose daemons all run may be slow on a busy machine; only one that stays unwell is given up.
const HEALTHY_WITHIN: Duration = Duration::from_secs(20);

/// What a cluster consists of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Only etcd, API server and controller-manager: objects and their garbage collection, but no pods.
    pub control_plane_only: bool,
    /// A namespace beside the node plays the internet, and the node's `resolv.conf` names a name server there. See
    /// [`crate::internet::Internet`], which starts such clusters.
    pub internet: bool,
    /// What answers the pods' look-ups.
    pub dns: Dns,
}

/// What answers the pods' look-ups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dns {
    /// CoreDNS with a Corefile in ConfigMap `kube-system/coredns`, as kubeadm installs it.
    #[default]
    CoreDns,
    /// What stands in for kube-dns, configured by ConfigMap `kube-system/kube-dns`: see [`Nanny`].
    KubeDns,
}

impl Dns {
    /// The Deployment in `kube-system`.
    #[must_use]
    pub fn deployment(self) -> &'static str {
        match self {
            Self::CoreDns => "coredns",
            Self::KubeDns => "kube-dns",
        }
    }
}

/// A cluster that has been started. Dropping it stops nothing: see [`Cluster::down`].
#[derive(Debug, Clone)]
pub struct Cluster {
    state: State,
    network: Network,
    tools: Tools,
    kubeconfig: PathBuf,
    options: Options,
}

/// One daemon of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    pub name: String,
    pub pid: i32,
    pub running: bool,
}

impl Cluster {
    /// Returns the cluster `name`, ready for use: attaches when it is healthy, else removes what is left of it and
    /// starts it, which takes a few seconds. Safe to call from several processes at once.
    ///
    /// # Errors
    /// Not root, a missing tool, or a component that died; the message then ends with the last lines of its log.
    pub async fn up(name: &str, options: Options) -> Result<Self> {
        let state = State::of(name)?;
        let tools = Tools::find()?;
        if !rustix::process::geteuid().is_root() {
            bail!("a local cluster needs root: network namespaces, mounts and cgroups are made for it");
        }
        let _guard = state.lock().await?;
        if let Some(record) = state.record()? {
            let cluster = Self::existing(state.clone(), tools.clone(), &record);
            match cluster.check(&record, options).await {
                Ok(()) => return Ok(cluster),
                Err(problem) => tracing::info!("starting {name} anew: {problem:#}"),
            }
        }
        cleanup::remove(&state, cleanup::Logs::Remove).await?;
        start::cluster(state, tools, options).await
    }

    /// Returns the cluster `name` if it runs and answers.
    ///
    /// # Errors
    /// It was never started, or is not healthy; the message says what is wrong with it.
    pub async fn attach(name: &str) -> Result<Self> {
        let state = State::of(name)?;
        let _guard = state.lock().await?;
        let record = state.record()?.with_context(|| format!("there is no cluster {name}"))?;
        let cluster = Self::existing(state, Tools::find()?, &record);
        cluster.check(&record, record.options).await?;
        Ok(cluster)
    }

    fn existing(state: State, tools: Tools, record: &Record) -> Self {
        let network = Network::new(state.name(), record.slot);
        let kubeconfig = state.kubeconfig("admin");
        Self { state, network, tools, kubeconfig, options: record.options }
    }

    async fn check(&self, record: &Record, options: Options) -> Result<()> {
        if !record.is_of_this_boot()? {
            bail!("the machine was restarted");
        }
        if !record.complete {
            bail!("its start was interrupted");
        }
        if record.options != options {
            bail!("it was started with other options");
        }
        process::all_running(&self.state)?;
        let deadline = Instant::now() + HEALTHY_WITHIN;
        health::until_api_answers(self, deadline).await?;
        if options.control_plane_only { Ok(()) } else { health::until_node_is_ready(self, deadline).await }
    }

    /// Stops everything, without grace for pods, and removes every trace: processes, network namespaces, mounts,
    /// cgroups, volumes and files.
    ///
    /// # Errors
    /// Something resisted; a later call tries again.
    pub async fn down(self) -> Result<()> {
        Self::remove(self.state.name()).await
    }

    /// Like [`Cluster::down`], for a cluster in whatever condition, or none.
    ///
    /// # Errors
    /// As [`Cluster::down`].
    pub async fn remove(name: &str) -> Result<()> {
        Self::remove_with(name, cleanup::Logs::Remove).await
    }

    /// Like [`Cluster::remove`], but leaves the folder of logs, which it returns.
    ///
    /// # Errors
    /// As [`Cluster::down`].
    pub async fn remove_but_logs(name: &str) -> Result<PathBuf> {
        Self::remove_with(name, cleanup::Logs::Keep).await?;
        Ok(State::of(name)?.logs())
    }

    async fn remove_with(name: &str, logs: cleanup::Logs) -> Result<()> {
        let state = State::of(name)?;
        let _guard = state.lock().await?;
        cleanup::remove(&state, logs).await
    }

    /// The file for `KUBECONFIG`: a cluster administrator.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client of the cluster's administrator. It does not retry, and gives up connecting after five seconds.
    ///
    /// # Errors
    /// The kubeconfig can't be read.
    pub async fn client(&self) -> Result<kube::Client> {
        health::client(&self.kubeconfig).await
    }

    /// `https://ADDRESS:PORT` of the API server; it can be reached from the host.
    #[must_use]
    pub fn server_url(&self) -> String {
        self.network.server_url()
    }

    /// The node's address: reachable from the host and from pods.
    #[must_use]
    pub fn node_ip(&self) -> Ipv4Addr {
        self.network.node_ip()
    }

    /// The cluster's certificate authority, PEM.
    #[must_use]
    pub fn certificate_authority(&self) -> PathBuf {
        self.state.pki().join("ca.crt")
    }

    /// The API server's audit log at level `Metadata`: one JSON object per line and stage, written before the
    /// response is sent. It tells which user did what.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.state.audit_log()
    }

    /// The daemons of the cluster `name`, in whatever condition, in the order in which they were started.
    ///
    /// # Errors
    /// The state folder can't be read.
    pub fn components_of(name: &str) -> Result<Vec<Component>> {
        process::components(&State::of(name)?)
    }

    /// Makes the images of a docker archive (as `docker save` and `buildah push docker-archive:` write it) known to
    /// the node, under the names the archive gives them.
    ///
    /// # Errors
    /// No such file, not an archive, or containerd does not answer.
    pub async fn load_image(&self, archive: &Path) -> Result<()> {
        images::import(&self.state, archive).await
    }

    /// Makes all images that `e2e/scripts/images.sh` built known to the node, except those that it has already.
    ///
    /// # Errors
    /// An image was not built, or containerd does not answer.
    pub async fn load_images(&self) -> Result<()> {
        images::import_workloads(&self.state).await
    }

    /// Listens on a free port at the node's address, so that pods reach a server of this process. The socket is
    /// non-blocking, as `tokio::net::TcpListener::from_std` wants it.
    ///
    /// # Errors
    /// The node's network namespace is gone.
    pub fn listen(&self) -> Result<TcpListener> {
        let address = (self.node_ip(), 0);
        self.inside(|| {
            // Bound by its number, a port stays with the socket while it does not listen for a time.
            let chosen = TcpListener::bind(address)?.local_addr()?;
            let listener = TcpListener::bind(chosen)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        })
    }

    /// Runs `action` on a thread that has entered the node's network: a socket that it opens stays there.
    ///
    /// # Errors
    /// The node's network namespace is gone; or the action's own.
    pub fn inside<T: Send>(&self, action: impl FnOnce() -> io::Result<T> + Send) -> Result<T> {
        self.network.namespace().inside(action)
    }

    /// The node's network namespace.
    pub(crate) fn node(&self) -> &Namespace {
        self.network.namespace()
    }

    /// The namespace that plays the internet.
    ///
    /// # Errors
    /// The cluster was started without.
    pub(crate) fn internet(&self) -> Result<Namespace> {
        if !self.options.internet {
            bail!("the cluster {} was started without an internet", self.state.name());
        }
        Ok(self.state.internet())
    }

    /// What it consists of.
    #[must_use]
    pub fn options(&self) -> Options {
        self.options
    }

    /// The `resolv.conf` that the kubelet gives to pods with `dnsPolicy: Default`, the cluster's name server among them.
    pub(crate) fn node_resolv_conf(&self) -> PathBuf {
        self.state.config("resolv.conf")
    }

    /// A file for the configuration of something that belongs to the cluster.
    pub(crate) fn config_file(&self, name: &str) -> PathBuf {
        self.state.config(name)
    }

    /// Starts a daemon in the internet, instead of the one of this name that runs.
    ///
    /// # Errors
    /// The one that runs can't be ended, or the program can't be started.
    pub(crate) fn serve_in_internet(
        &self,
        name: &'static str,
        program: &Path,
        args: Vec<OsString>,
    ) -> Result<()> {
        process::stop(&self.state, name)?;
        let daemon = process::Daemon { name, program: program.to_owned(), args, environment: Vec::new() };
        process::start(&self.state, &self.internet()?, daemon)
    }

    /// Ends a daemon in the internet, if it runs.
    ///
    /// # Errors
    /// It can't be ended.
    pub(crate) fn stop_in_internet(&self, name: &str) -> Result<()> {
        process::stop(&self.state, name)
    }

    /// CoreDNS.
    pub(crate) fn coredns_program(&self) -> PathBuf {
        self.tools.coredns()
    }

    /// Runs kubectl as the cluster's administrator, without a terminal, and waits for it. A command that fails is
    /// not an error here: look at the output's status.
    ///
    /// # Errors
    /// It could not be started, or ran for more than two minutes.
    pub async fn kubectl<I, S>(&self, args: I) -> Result<Output>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut kubectl = Command::from(self.kubectl_command());
        kubectl.args(args);
        command::output(kubectl, KUBECTL_DEADLINE).await
    }

    /// The kubectl of this cluster's version, set up for its administrator, for the caller to add arguments and run.
    #[must_use]
    pub fn kubectl_command(&self) -> std::process::Command {
        addons::kubectl(&self.state, &self.tools)
    }

    /// The kubectl of this cluster's version; it wants `KUBECONFIG` set to [`Cluster::kubeconfig`].
    #[must_use]
    pub fn kubectl_program(&self) -> PathBuf {
        self.tools.kubernetes("kubectl")
    }
}

/// The docker archive of the image `name` (`redis`, `bot`, …) that `e2e/scripts/images.sh` built.
///
/// # Errors
/// It was not built.
pub fn image_archive(name: &str) -> Result<PathBuf> {
    tools::image_archive(name)
}
