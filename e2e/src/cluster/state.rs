//! The folder that holds one cluster's files, and the lock that makes starting and stopping it exclusive.
//!
//! Knows names and paths only: what is in the files is the affair of those who write them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::namespace::Namespace;
use super::{Options, tools};

/// The kernel's limit for the path of a socket is 107 bytes; the longest below a state folder is the kubelet's
/// `kubelet/pod-resources/kubelet.sock`, with a temporary suffix.
const LONGEST_ROOT: usize = 60;

/// What is known of a cluster before anything of it exists, so that whatever happens next can be cleaned up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) slot: u16,
    #[serde(flatten)]
    pub(super) options: Options,
    /// Whether everything was started: a start that was killed can leave a cluster that looks healthy but has no
    /// controller-manager.
    pub(super) complete: bool,
    /// Nothing but files survives a restart of the machine, and the names in here may by then be another cluster's.
    boot: String,
}

impl Record {
    pub(super) fn new(slot: u16, options: Options) -> Result<Self> {
        Ok(Self { slot, options, complete: false, boot: boot_id()? })
    }

    pub(super) fn is_of_this_boot(&self) -> Result<bool> {
        Ok(self.boot == boot_id()?)
    }
}

fn boot_id() -> Result<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").context("cannot read the boot id")?;
    Ok(id.trim().to_owned())
}

/// The state folder of one cluster.
#[derive(Debug, Clone)]
pub(super) struct State {
    name: String,
    root: PathBuf,
}

impl State {
    /// The folder of the cluster `name`, which need not exist.
    pub(super) fn of(name: &str) -> Result<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 20 || !name.chars().all(allowed) || name.starts_with('-') {
            bail!("{name:?} is no name for a cluster: at most 20 lower-case letters, digits and hyphens");
        }
        let root = clusters()?.join(name);
        if root.as_os_str().len() > LONGEST_ROOT {
            bail!(
                "{} is too long a path for the sockets of a cluster (at most {LONGEST_ROOT} bytes): \
                 set CHATOPS_CACHE to a shorter folder",
                root.display()
            );
        }
        Ok(Self { name: name.to_owned(), root })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The namespace beside the node that plays the internet, for a cluster that has one.
    pub(super) fn internet(&self) -> Namespace {
        Namespace::new(format!("chatops-{}-net", self.name))
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    pub(super) fn pki(&self) -> PathBuf {
        self.path("pki")
    }

    pub(super) fn config(&self, file: &str) -> PathBuf {
        self.path("config").join(file)
    }

    pub(super) fn kubeconfig(&self, user: &str) -> PathBuf {
        self.path(&format!("{user}.kubeconfig"))
    }

    pub(super) fn processes(&self) -> PathBuf {
        self.path("processes")
    }

    pub(super) fn containerd_socket(&self) -> PathBuf {
        self.path("containerd.sock")
    }

    pub(super) fn etcd_data(&self) -> PathBuf {
        self.path("etcd")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.path("log")
    }

    pub(super) fn audit_log(&self) -> PathBuf {
        self.logs().join("audit.log")
    }

    /// The kubelet's folder of container logs.
    pub(super) fn pod_logs(&self) -> PathBuf {
        self.path("pods-log")
    }

    /// Makes the empty folders, readable by root alone: there are keys in them.
    pub(super) fn create(&self) -> Result<()> {
        let folders = [self.pki(), self.path("config"), self.path("cni"), self.processes(), self.logs()];
        for folder in folders {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(())
    }

    pub(super) fn record_file(&self) -> PathBuf {
        self.root.join(RECORD)
    }

    pub(super) fn record(&self) -> Result<Option<Record>> {
        read_record(&self.root)
    }

    pub(super) fn write_record(&self, record: &Record) -> Result<()> {
        let path = self.record_file();
        fs::write(&path, serde_json::to_vec(record)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    pub(super) fn mark_complete(&self) -> Result<()> {
        let record = self.record()?.context("the record of the cluster is gone")?;
        self.write_record(&Record { complete: true, ..record })
    }

    /// Waits until no other process starts or stops this cluster. The guard is the open file.
    pub(super) async fn lock(&self) -> Result<File> {
        lock(self.root.with_extension("lock")).await
    }
}

const RECORD: &str = "cluster.json";

fn clusters() -> Result<PathBuf> {
    Ok(tools::cache()?.join("clusters"))
}

fn read_record(root: &Path) -> Result<Option<Record>> {
    let path = root.join(RECORD);
    match fs::read(&path) {
        Ok(content) => serde_json::from_slice(&content)
            .map(Some)
            .with_context(|| format!("cannot read {}", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// The slots that clusters of this cache folder hold.
pub(super) fn claimed_slots() -> Result<Vec<u16>> {
    let mut slots = Vec::new();
    for entry in fs::read_dir(clusters()?).context("cannot list the clusters")? {
        slots.extend(read_record(&entry?.path()).ok().flatten().map(|record| record.slot));
    }
    Ok(slots)
}

/// Opens the file at `path` and locks it, waiting for as long as another process holds it.
pub(super) async fn lock(path: PathBuf) -> Result<File> {
    let locked = tokio::task::spawn_blocking(move || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::options().create(true).append(true).open(&path)?;
        file.lock()?;
        Ok::<_, std::io::Error>(file)
    });
    locked.await?.context("cannot take the lock of the local clusters")
}
