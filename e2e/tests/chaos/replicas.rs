//! Replicas of one bot as processes that can be killed, ended and paused.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use chatops_crds::bot_config::StorageConfig;
use chatops_e2e::{
    local::{Process, Signal, bot, configuration},
    slack::{Simulator, Slack},
};
use tempfile::TempDir;

use crate::PATIENCE;

/// Stores what is typed, and says whether it was stored before: a command that was run twice shows.
pub const NOTES: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "notes"},
    "spec": {"commands": [{
        "name": "note",
        "args": [{"name": "word", "required": true}],
        "store": {"set": {"key": "{{ args.word }}", "value": "noted"}},
        "reply": "{{ args.word }}{% if result is defined %} again{% endif %}"
    }, {
        "name": "recall",
        "args": [{"name": "word", "required": true}, {"name": "noted", "required": true}],
        "store": {"get": {"key": "{{ args.noted }}"}},
        "reply": "{{ args.word }} {{ result | default('missing') }}"
    }]}
}"#;

/// How long a replica stands still: longer than a lease.
const PAUSE: Duration = Duration::from_secs(8);

pub struct Replicas {
    slack: Slack,
    command: Command,
    running: Vec<Option<Process>>,
    /// Those that were told to end.
    ending: Vec<Process>,
    paused: Option<(usize, Instant)>,
    _folder: TempDir,
}

impl Replicas {
    /// Starts `count` of them, and returns when all are connected.
    pub async fn start(slack: &Simulator, count: usize, storage: &StorageConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = configuration(slack, storage.clone(), NOTES).expect("it is valid");
        let command = bot(slack, folder.path(), &config).expect("the bot: run `make binaries`");
        let running = (0..count).map(|_| None).collect();
        let (slack, ending) = (slack.slack(), Vec::new());
        let mut replicas = Self { slack, command, running, ending, paused: None, _folder: folder };
        replicas.all_are_connected().await;
        replicas
    }

    pub fn count(&self) -> usize {
        self.running.len()
    }

    /// Ends a replica as a crash does.
    pub fn kill(&mut self, number: usize) {
        self.running[number] = None;
        self.paused.take_if(|(paused, _)| *paused == number);
    }

    /// Ends a replica as the kubelet does. Another takes its place at once.
    pub fn terminate(&mut self, number: usize) {
        self.goes_on(number);
        if let Some(replica) = self.running[number].take() {
            replica.signal(Signal::TERM);
            self.ending.push(replica);
        }
        self.start_missing();
    }

    /// A replica stands still for a while, as on a machine that is suspended.
    pub fn pause(&mut self, number: usize) {
        self.all_go_on();
        if let Some(replica) = &self.running[number] {
            replica.signal(Signal::STOP);
            self.paused = Some((number, Instant::now()));
        }
    }

    pub fn all_go_on(&mut self) {
        (0..self.count()).for_each(|number| self.goes_on(number));
    }

    fn goes_on(&mut self, number: usize) {
        if self.paused.take_if(|(paused, _)| *paused == number).is_some()
            && let Some(replica) = &self.running[number]
        {
            replica.signal(Signal::CONT);
        }
    }

    /// Starts those that were killed, and wakes one that stood still for long.
    pub fn start_missing(&mut self) {
        if let Some((number, since)) = self.paused
            && since.elapsed() >= PAUSE
        {
            self.goes_on(number);
        }
        self.ending.retain_mut(|replica| !replica.has_ended());
        for replica in self.running.iter_mut().filter(|replica| replica.is_none()) {
            *replica = Some(Process::start(&mut self.command).expect("the bot starts"));
        }
    }

    pub async fn all_are_connected(&mut self) {
        self.start_missing();
        self.slack.wait_for_sockets(self.count(), PATIENCE).await.expect("a socket a replica");
    }
}
