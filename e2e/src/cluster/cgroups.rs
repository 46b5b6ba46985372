//! The cgroup below which the kubelet puts the pods of one cluster, in each hierarchy of the machine: one for
//! cgroup v2, one per controller for v1, both on a hybrid machine.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep};

use super::files::list;
use super::state::State;

const MOUNT: &str = "/sys/fs/cgroup";
const DEADLINE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// The name of the cgroup, directly below the root of each hierarchy.
pub(super) fn name(state: &State) -> String {
    format!("chatops-{}", state.name())
}

/// Makes the empty cgroup: the kubelet wants to find it, with every controller.
pub(super) fn create(state: &State) -> Result<()> {
    for hierarchy in hierarchies()? {
        // Exists in v2 alone. A controller that can't be handed down is missed by the kubelet, which then says so.
        let controllers = fs::read_to_string(hierarchy.join("cgroup.controllers")).unwrap_or_default();
        for controller in controllers.split_whitespace() {
            let _ = fs::write(hierarchy.join("cgroup.subtree_control"), format!("+{controller}"));
        }
        let path = hierarchy.join(name(state));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
    }
    Ok(())
}

/// The processes in the cgroup and below.
pub(super) fn processes(state: &State) -> Result<Vec<i32>> {
    let mut pids = Vec::new();
    for folder in folders(state)? {
        // A cgroup that has just gone has no processes.
        let content = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        pids.extend(content.lines().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    pids.sort_unstable();
    pids.dedup();
    Ok(pids)
}

/// Removes the cgroup. The kernel refuses for a moment after the last process has ended.
pub(super) async fn remove(state: &State) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    for folder in folders(state)?.into_iter().rev() {
        while let Err(error) = fs::remove_dir(&folder) {
            if error.kind() == ErrorKind::NotFound {
                break;
            }
            if Instant::now() > deadline {
                return Err(error).with_context(|| format!("cannot remove {}", folder.display()));
            }
            sleep(POLL).await;
        }
    }
    Ok(())
}

/// The cgroup and all below it, in every hierarchy; parents come before their children.
fn folders(state: &State) -> Result<Vec<PathBuf>> {
    let roots = hierarchies()?.into_iter().map(|hierarchy| hierarchy.join(name(state)));
    let mut found: Vec<PathBuf> = roots.filter(|root| root.is_dir()).collect();
    let mut next = 0;
    while let Some(folder) = found.get(next).cloned() {
        found.extend(list(&folder)?.into_iter().filter(|path| path.is_dir()));
        next += 1;
    }
    Ok(found)
}

/// The root folder of every hierarchy: a folder is one if processes can be in it. The links `cpu` and `cpuacct` that
/// lead to `cpu,cpuacct` are not counted again.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let mount = Path::new(MOUNT);
    if mount.join("cgroup.controllers").exists() {
        return Ok(vec![mount.to_owned()]);
    }
    let is_hierarchy = |path: &PathBuf| !path.is_symlink() && path.join("cgroup.procs").exists();
    Ok(list(mount)?.into_iter().filter(is_hierarchy).collect())
}
