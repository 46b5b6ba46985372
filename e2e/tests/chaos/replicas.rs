//! Replicas of one bot as processes that can be killed.

use std::process::Command;

use chatops_crds::bot_config::StorageConfig;
use chatops_e2e::{
    local::{Process, bot},
    slack::{Simulator, Slack},
};
use tempfile::TempDir;

use crate::PATIENCE;

/// Stores what is typed, and says whether it was stored before: a command that was run twice shows.
pub const NOTE: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "notes"},
    "spec": {"commands": [{
        "name": "note",
        "args": [{"name": "word", "required": true}],
        "store": {"set": {"key": "{{ args.word }}", "value": "noted"}},
        "reply": "{{ args.word }}{% if result is defined %} again{% endif %}"
    }]}
}"#;

pub struct Replicas {
    slack: Slack,
    command: Command,
    running: Vec<Option<Process>>,
    _folder: TempDir,
}

impl Replicas {
    /// Starts `count` of them, and returns when all are connected.
    pub async fn start(slack: &Simulator, count: usize, storage: &StorageConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let command = bot(slack, folder.path(), storage.clone(), NOTE).expect("the bot: run `make binaries`");
        let running = (0..count).map(|_| None).collect();
        let mut replicas = Self { slack: slack.slack(), command, running, _folder: folder };
        replicas.all_are_connected().await;
        replicas
    }

    pub fn count(&self) -> usize {
        self.running.len()
    }

    /// Ends a replica as a crash does.
    pub fn kill(&mut self, number: usize) {
        self.running[number] = None;
    }

    /// Starts those that were killed.
    pub fn start_missing(&mut self) {
        for replica in self.running.iter_mut().filter(|replica| replica.is_none()) {
            *replica = Some(Process::start(&mut self.command).expect("the bot starts"));
        }
    }

    pub async fn all_are_connected(&mut self) {
        self.start_missing();
        self.slack.wait_for_sockets(self.count(), PATIENCE).await.expect("a socket a replica");
    }
}
