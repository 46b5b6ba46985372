//! A network namespace: entering it, and running programs in it. Does not know what it stands for.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::command;

const DEADLINE: Duration = Duration::from_secs(10);

/// A network namespace; a name, whether it exists or not.
#[derive(Debug, Clone)]
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    pub(super) fn new(name: String) -> Self {
        Self { name }
    }

    /// The name under which `ip netns` knows it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn exists(&self) -> bool {
        self.path().exists()
    }

    /// Runs `action` on a thread of its own that has entered the namespace. A child that it starts stays there, and
    /// so does a socket that it opens.
    ///
    /// # Errors
    /// There is no such namespace; or the action's own.
    pub(crate) fn inside<T: Send>(&self, action: impl FnOnce() -> io::Result<T> + Send) -> Result<T> {
        let path = self.path();
        let namespace = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        thread::scope(|scope| {
            let entered = scope.spawn(|| {
                move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
                action()
            });
            entered.join().map_err(|_| anyhow!("a thread in the network namespace panicked"))
        })?
        .with_context(|| format!("in network namespace {}", self.name))
    }

    /// Makes nftables of the namespace obey `rules`, all of them or none.
    ///
    /// # Errors
    /// They are no rules.
    pub(crate) async fn obey(&self, rules: &Path) -> Result<()> {
        let namespace = format!("--net={}", self.path().display());
        let rules = rules.to_string_lossy();
        command::run("nsenter", &[&namespace, "nft", "-f", &rules], DEADLINE).await.map(drop)
    }

    /// The inode that identifies the namespace in `/proc/PID/ns/net`, or none if it does not exist.
    pub(super) fn inode(&self) -> Option<u64> {
        fs::metadata(self.path()).ok().map(|namespace| namespace.ino())
    }

    fn path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }
}
