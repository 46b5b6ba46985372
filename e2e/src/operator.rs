//! The shipped operator as a process of this machine: the released program, with the rights of the shipped
//! ServiceAccount and no more.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use k8s_openapi::ByteString;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::cluster::Cluster;

/// Namespace and ServiceAccount of `manifests`.
pub const NAMESPACE: &str = "chatops-system";
/// Name of the ServiceAccount, the Deployment and the lease.
pub const NAME: &str = "chatops-operator";

/// How long the operator may take to become ready.
const READY: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Applies what is shipped but for the Deployment: CRDs, namespace, roles.
///
/// # Errors
/// kubectl's words.
pub async fn install_without_deployment(cluster: &Cluster, manifests: &Path) -> Result<()> {
    let folder = manifests.display().to_string();
    kubectl(cluster, &["apply", "-k", &folder]).await?;
    kubectl(cluster, &["-n", NAMESPACE, "delete", "deployment", NAME, "--ignore-not-found", "--wait=true"])
        .await?;
    let crds = ["crd/chatbots.chatops.dev", "crd/botplugins.chatops.dev"];
    kubectl(cluster, &[&["wait", "--for=condition=Established", "--timeout=30s"], &crds[..]].concat())
        .await?;
    Ok(())
}

/// A kubeconfig with the rights of the shipped ServiceAccount.
#[derive(Debug)]
pub struct Rights {
    folder: TempDir,
}

impl Rights {
    /// Asks the API server for a token. With `through`, connections go there (a proxy on loopback).
    ///
    /// # Errors
    /// The ServiceAccount does not exist, or the API server does not answer.
    pub async fn of_the_shipped_account(cluster: &Cluster, through: Option<SocketAddr>) -> Result<Self> {
        let token = kubectl(cluster, &["-n", NAMESPACE, "create", "token", NAME, "--duration=2h"]).await?;
        let authority = fs::read(cluster.certificate_authority())?;
        let server = through.map_or_else(|| cluster.server_url(), |address| format!("https://{address}"));
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {
                "server": server, "certificate-authority-data": ByteString(authority),
            }}],
            "users": [{"name": "u", "user": {"token": token.trim()}}],
            "contexts": [{"name": "d", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE}}],
            "current-context": "d",
        });
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("config"), config.to_string())?;
        Ok(Self { folder })
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("config")
    }
}

/// A running operator. Dropping it kills it.
#[derive(Debug)]
pub struct Operator {
    process: Child,
    listen: SocketAddr,
    log: PathBuf,
    _folder: TempDir,
    _rights: Rights,
}

impl Operator {
    /// Starts `program run` with `rights`, under the name `identity` for its lease.
    ///
    /// # Errors
    /// It can't be started.
    pub fn start(program: &Path, rights: Rights, identity: &str) -> Result<Self> {
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let folder = tempfile::tempdir()?;
        let log = folder.path().join("log");
        let process = Command::new(program)
            .args([
                "run",
                "--listen",
                &listen.to_string(),
                "--lease-namespace",
                NAMESPACE,
                "--log-format",
                "text",
            ])
            .env("KUBECONFIG", rights.kubeconfig())
            .env("POD_NAME", identity)
            .stdin(Stdio::null())
            .stdout(fs::File::create(&log)?)
            .stderr(fs::OpenOptions::new().append(true).open(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self { process, listen, log, _folder: folder, _rights: rights })
    }

    /// Waits until `/readyz` says so.
    ///
    /// # Errors
    /// It ended, or was not ready within a minute; the message has its log.
    pub async fn ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + READY;
        while self.get("readyz").await.is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("the operator ended with {status}:\n{}", self.log());
            }
            if Instant::now() > deadline {
                bail!("the operator is not ready:\n{}", self.log());
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// The body of a page of its server, if the answer is a success.
    ///
    /// # Errors
    /// No answer within two seconds, or another status.
    pub async fn get(&self, page: &str) -> Result<String> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let answer = client.get(format!("http://{}/{page}", self.listen)).send().await?;
        Ok(answer.error_for_status()?.text().await?)
    }

    /// Process id.
    ///
    /// # Errors
    /// It has ended.
    pub fn pid(&self) -> Result<u32> {
        self.process.id().context("the operator has ended")
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    /// It did not end within `grace`; the message has its log.
    pub async fn terminate(&mut self, grace: Duration) -> Result<ExitStatus> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid()?)?).context("a process id")?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        match timeout(grace, self.process.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("the operator did not end within {grace:?}:\n{}", self.log()),
        }
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    /// It has ended already.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

async fn kubectl(cluster: &Cluster, args: &[&str]) -> Result<String> {
    let output = cluster.kubectl(args).await?;
    if !output.status.success() {
        bail!("kubectl {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
