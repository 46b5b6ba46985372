//! Where the programs and image archives are that the scripts in `e2e/scripts` made.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

const KUBERNETES: [&[u8]; 2] =
    [include_bytes!("../../tools/kubernetes/go.mod"), include_bytes!("../../tools/kubernetes/go.sum")];
const ETCD: [&[u8]; 2] =
    [include_bytes!("../../tools/etcd/go.mod"), include_bytes!("../../tools/etcd/go.sum")];
const COREDNS: [&[u8]; 3] = [
    include_bytes!("../../tools/coredns/go.mod"),
    include_bytes!("../../tools/coredns/go.sum"),
    include_bytes!("../../tools/coredns/main.go"),
];

/// The folder outside the checkout for downloads and builds.
pub(super) fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CHATOPS_CACHE") {
        return Ok(folder.into());
    }
    let caches = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let caches = caches.or_else(|| env::home_dir().map(|home| home.join(".cache")));
    Ok(caches.context("neither CHATOPS_CACHE nor HOME is set")?.join("chatops-operator"))
}

/// The programs that were compiled from the Go modules in `e2e/tools`.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    kubernetes: PathBuf,
    etcd: PathBuf,
    coredns: PathBuf,
}

impl Tools {
    /// # Errors
    /// They are not built, or from other sources than this program was.
    pub(super) fn find() -> Result<Self> {
        let tools = Self {
            kubernetes: folder("kubernetes", &KUBERNETES)?,
            etcd: folder("etcd", &ETCD)?,
            coredns: folder("coredns", &COREDNS)?,
        };
        for folder in [&tools.kubernetes, &tools.etcd, &tools.coredns] {
            if !folder.is_dir() {
                bail!("{} is missing: run e2e/scripts/tools.sh", folder.display());
            }
        }
        Ok(tools)
    }

    /// A program of Kubernetes itself: `kubelet`, `kubectl`, …
    pub(super) fn kubernetes(&self, program: &str) -> PathBuf {
        self.kubernetes.join(program)
    }

    pub(super) fn etcd(&self) -> PathBuf {
        self.etcd.join("etcd")
    }

    pub(super) fn coredns(&self) -> PathBuf {
        self.coredns.join("coredns")
    }
}

/// `tool_dir` in `e2e/scripts/common.sh` computes the same path.
fn folder(module: &str, sources: &[&[u8]]) -> Result<PathBuf> {
    let mut hash = Sha256::new();
    for source in sources {
        hash.update(source);
    }
    let digest: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Ok(cache()?.join("tools").join(format!("{module}-{digest}")))
}

/// The archive of an image that `e2e/scripts/images.sh` built.
///
/// # Errors
/// It was not built.
pub(super) fn image_archive(name: &str) -> Result<PathBuf> {
    let archive = cache()?.join("images").join(format!("{name}.tar"));
    if !Path::new(&archive).is_file() {
        bail!("the image {} is missing: run e2e/scripts/images.sh {name}", archive.display());
    }
    Ok(archive)
}
