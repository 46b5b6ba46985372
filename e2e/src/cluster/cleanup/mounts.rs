//! Unmounts what is left below a folder.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::mount::{UnmountFlags, unmount};

/// Detaches everything mounted below `folder`, the innermost first; who still uses a mount keeps it until they end.
pub(super) fn unmount_below(folder: &Path) -> Result<()> {
    let table = fs::read("/proc/self/mountinfo").context("cannot read the table of mounts")?;
    for target in mounted_below(folder, &table).into_iter().rev() {
        unmount(&target, UnmountFlags::DETACH)
            .with_context(|| format!("cannot unmount {}", target.display()))?;
    }
    Ok(())
}

/// The mount points of a `mountinfo` table that are below `folder`, in its order, which is that of mounting.
fn mounted_below(folder: &Path, table: &[u8]) -> Vec<PathBuf> {
    let targets =
        table.split(|&byte| byte == b'\n').filter_map(|line| line.split(|&byte| byte == b' ').nth(4));
    targets.map(unescape).filter(|target| target.starts_with(folder) && target != folder).collect()
}

/// Blank, tab, line feed and backslash are written as a backslash and three octal digits (proc(5)).
fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if first == b'\\' => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_the_folder_is_unmounted() {
        let table = b"25 1 0:22 / / rw - ext4 /dev/vda rw\n\
            30 25 0:30 / /state/one/a rw - tmpfs tmpfs rw\n\
            31 30 0:31 / /state/one/a/with\\040blank rw - tmpfs tmpfs rw\n\
            32 25 0:32 / /state/one-more rw - tmpfs tmpfs rw\n";
        let below = mounted_below(Path::new("/state/one"), table);
        assert_eq!(below, [Path::new("/state/one/a"), Path::new("/state/one/a/with blank")]);
    }
}
