//! The folders of provisioned volumes, the one thing a cluster keeps outside its state folder: the provisioner of
//! `--enable-hostpath-provisioner` puts them into a fixed place that clusters share.
//!
//! Which of them are ours is written in etcd's files, as the path in each `PersistentVolume`: they outlive every
//! crash, and need no running server to be read.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::files;
use super::state::State;

/// `k8s.io/kubernetes/pkg/volume/hostpath`: `/tmp/hostpath_pv/` and a UUID.
const FOLDER: &str = "/tmp/hostpath_pv/";
const UUID: usize = 36;

/// Removes the volumes of a cluster that no longer runs, and their common folder if it was the last.
pub(super) fn remove(state: &State) -> Result<()> {
    let existing = files::list(Path::new(FOLDER))?;
    if existing.is_empty() {
        return Ok(());
    }
    let ours = named_in(&state.etcd_data())?;
    for volume in existing.iter().filter(|volume| ours.contains(*volume)) {
        files::remove(volume)?;
    }
    // Fails while another cluster has volumes there.
    let _ = fs::remove_dir(FOLDER);
    Ok(())
}

fn named_in(etcd_data: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut named = BTreeSet::new();
    for folder in ["member/snap", "member/wal"] {
        for file in files::list(&etcd_data.join(folder))? {
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            named.extend(paths_in(&content));
        }
    }
    Ok(named)
}

fn paths_in(data: &[u8]) -> impl Iterator<Item = PathBuf> {
    let length = FOLDER.len() + UUID;
    data.windows(length).filter(|window| window.starts_with(FOLDER.as_bytes())).filter_map(|window| {
        let path = std::str::from_utf8(window).ok()?;
        let is_uuid = path[FOLDER.len()..].chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        is_uuid.then(|| PathBuf::from(path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_is_recognised_in_binary_data() {
        let path = "/tmp/hostpath_pv/0b7e3a52-5a7e-4e64-8b1f-4d5a2f1c9e10";
        let data = [
            b"\x00\x1b".as_slice(),
            path.as_bytes(),
            b"\x12/tmp/hostpath_pv/../../etc/passwd-and-so-on-and-on-and",
        ]
        .concat();
        assert_eq!(paths_in(&data).collect::<Vec<_>>(), [PathBuf::from(path)]);
    }
}
