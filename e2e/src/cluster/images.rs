//! The images that the node has; it never pulls any.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep};

use super::state::State;
use super::{command, process, tools};

/// What the node itself runs.
const BASE: [&str; 2] = ["pause", "coredns"];
/// What is installed in it: the product, and what its demo and tests need besides.
const WORKLOADS: [&str; 4] = ["redis", "slack-simulator", "operator", "bot"];
const DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// Waits for containerd, then imports what the node itself needs.
pub(super) async fn import_base(state: &State) -> Result<()> {
    let archives = BASE.map(tools::image_archive);
    until_containerd_answers(state).await?;
    for archive in archives {
        import(state, &archive?).await?;
    }
    Ok(())
}

/// Imports what is new or has changed since the last call. `images.sh` writes the key of an archive beside it.
pub(super) async fn import_workloads(state: &State) -> Result<()> {
    for name in WORKLOADS {
        let archive = tools::image_archive(name)?;
        let key_file = archive.with_extension("tar.key");
        let key = fs::read(&key_file).with_context(|| format!("cannot read {}", key_file.display()))?;
        let imported = state.path(&format!("{name}.imported"));
        if fs::read(&imported).ok().as_ref() == Some(&key) {
            continue;
        }
        tracing::info!("loading the image {name}");
        import(state, &archive).await?;
        fs::write(&imported, key).with_context(|| format!("cannot write {}", imported.display()))?;
    }
    Ok(())
}

pub(super) async fn import(state: &State, archive: &Path) -> Result<()> {
    let archive = archive.to_string_lossy();
    ctr(state, &["images", "import", &*archive])
        .await
        .map(drop)
        .with_context(|| format!("cannot load {archive}"))
}

async fn until_containerd_answers(state: &State) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    while let Err(error) = ctr(state, &["version"]).await {
        process::all_running(state)?;
        if Instant::now() > deadline {
            return Err(error);
        }
        sleep(POLL).await;
    }
    Ok(())
}

/// containerd keeps the images for pods in a namespace of this name.
async fn ctr(state: &State, args: &[&str]) -> Result<String> {
    let socket = state.containerd_socket();
    let socket = socket.to_string_lossy();
    let all = [&["--address", &*socket, "--namespace", "k8s.io"], args].concat();
    command::run("ctr", &all, DEADLINE).await
}
