//! Removes every trace of a cluster, in whatever condition it is: what runs is found through the network namespaces
//! and the cgroup, which a crash of anything leaves intact, and what is mounted through the table of mounts.
//!
//! Everything is killed without grace: nothing in a cluster outlives it.

mod mounts;
mod processes;

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::files;
use super::namespace::Namespace;
use super::network::Network;
use super::state::State;
use super::{cgroups, uplink};

/// The kubelet links the log of each container here, whatever folder the logs are in.
const CONTAINER_LOGS: &str = "/var/log/containers";

/// The network plugins keep what they answered here, a file per pod and network.
const NETWORK_RESULTS: &str = "/var/lib/cni/results";

/// What becomes of the daemons' logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logs {
    Remove,
    Keep,
}

/// Stops and removes the cluster of `state`; nothing to do is no error.
pub(super) async fn remove(state: &State, logs: Logs) -> Result<()> {
    if let Some(record) = state.record()?
        && record.is_of_this_boot()?
    {
        tracing::info!("stopping the cluster {}", state.name());
        stop(state, &Network::new(state.name(), record.slot), &state.internet()).await?;
    }
    remove_links(Path::new(CONTAINER_LOGS), &state.pod_logs())?;
    remove_network_results(state)?;
    remove_files(state, logs)
}

async fn stop(state: &State, network: &Network, internet: &Namespace) -> Result<()> {
    processes::kill_all(state, &[network.namespace(), internet]).await?;
    remove_shim_sockets(state)?;
    mounts::unmount_below(state.root())?;
    cgroups::remove(state).await?;
    uplink::remove(internet).await?;
    network.remove().await
}

/// Every container has a socket outside the state folder, which its shim would remove if it were asked to end.
fn remove_shim_sockets(state: &State) -> Result<()> {
    let bundles = state.path("containerd/state/io.containerd.runtime.v2.task/k8s.io");
    for bundle in files::list(&bundles)? {
        let Ok(address) = fs::read_to_string(bundle.join("address")) else { continue };
        if let Some(socket) = address.trim().strip_prefix("unix://") {
            files::remove(Path::new(socket))?;
        }
    }
    Ok(())
}

/// Removes the links in `folder` that lead to something below `target`.
fn remove_links(folder: &Path, target: &Path) -> Result<()> {
    for link in files::list(folder)? {
        if fs::read_link(&link).is_ok_and(|leads_to| leads_to.starts_with(target)) {
            files::remove(&link)?;
        }
    }
    Ok(())
}

/// Each result names the pod's network namespace, which is mounted below the state folder.
fn remove_network_results(state: &State) -> Result<()> {
    let folder = format!("{}/", state.root().display());
    for result in files::list(Path::new(NETWORK_RESULTS))? {
        if fs::read_to_string(&result).is_ok_and(|content| content.contains(&folder)) {
            files::remove(&result)?;
        }
    }
    Ok(())
}

/// The record goes last: as long as it exists, a later call finds everything again.
fn remove_files(state: &State, logs: Logs) -> Result<()> {
    let record = state.record_file();
    for path in files::list(state.root())? {
        let is_kept = path == record || (logs == Logs::Keep && path == state.logs());
        if !is_kept {
            files::remove(&path)?;
        }
    }
    files::remove(&record)?;
    if logs == Logs::Remove {
        files::remove(state.root())?;
    }
    Ok(())
}
