//! The volumes of a cluster: folders of its state folder, offered from the start. The provisioner that Kubernetes brings
//! along makes folders that only root can write to, and pods here do not run as root.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use anyhow::{Context, Result};

use super::state::State;

/// More than all tests of a run claim together: a volume that was used is not offered again.
const COUNT: usize = 100;

/// Makes the folders, and returns the `PersistentVolume`s as YAML documents, each behind a separator.
pub(super) fn offer(state: &State) -> Result<String> {
    let mut manifests = String::new();
    for number in 0..COUNT {
        let folder = state.path("volumes").join(number.to_string());
        fs::create_dir_all(&folder)
            .and_then(|()| fs::set_permissions(&folder, Permissions::from_mode(0o777)))
            .with_context(|| format!("cannot make {}", folder.display()))?;
        manifests += &format!(
            "---\n\
             apiVersion: v1\n\
             kind: PersistentVolume\n\
             metadata: {{name: volume-{number}}}\n\
             spec:\n  \
               storageClassName: standard\n  \
               accessModes: [ReadWriteOnce]\n  \
               capacity: {{storage: 10Gi}}\n  \
               persistentVolumeReclaimPolicy: Retain\n  \
               hostPath: {{path: {path:?}}}\n",
            path = folder.display().to_string()
        );
    }
    Ok(manifests)
}
