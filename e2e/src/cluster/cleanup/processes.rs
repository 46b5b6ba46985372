//! Ends the processes of a cluster: daemons and shims are in its network namespaces, pods in its cgroup.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::{Instant, sleep};

use crate::cluster::cgroups;
use crate::cluster::namespace::Namespace;
use crate::cluster::process::Identity;
use crate::cluster::state::State;

const DEADLINE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Kills until nothing is left: what is killed may have started something in between.
pub(super) async fn kill_all(state: &State, networks: &[&Namespace]) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut running = in_networks(networks)?;
        running.extend(cgroups::processes(state)?.into_iter().filter_map(Identity::of));
        if running.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("processes of the cluster {} can't be killed: {running:?}", state.name());
        }
        running.into_iter().for_each(Identity::kill);
        sleep(POLL).await;
    }
}

fn in_networks(networks: &[&Namespace]) -> Result<Vec<Identity>> {
    let namespaces: Vec<u64> = networks.iter().filter_map(|network| network.inode()).collect();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list the processes")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Some(identity) = Identity::of(pid) else { continue };
        let Ok(own) = fs::metadata(format!("/proc/{pid}/ns/net")) else { continue };
        if namespaces.contains(&own.ino()) {
            found.push(identity);
        }
    }
    Ok(found)
}
