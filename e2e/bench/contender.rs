//! A bot under measurement, with a Slack of its own.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use chatops_e2e::{
    local::{self, Process},
    slack::{ChannelKind, Simulator},
};

/// Channels that people type in.
const CHANNELS: usize = 64;
/// Within which a bot answers after its start.
const START: Duration = Duration::from_secs(60);
/// Some bots connect before they know their commands, so that a person asks again.
const ASK_AGAIN: Duration = Duration::from_millis(250);

pub struct Contender {
    pub name: &'static str,
    pub slack: Arc<Simulator>,
    /// With `#`.
    pub channels: Vec<String>,
    /// From the start of the process to the first answer.
    pub answered_after: Duration,
    /// Resident bytes after the first answer.
    pub idle: u64,
    process: Process,
    servers: Vec<u32>,
}

impl Contender {
    /// Starts a bot and waits for its first answer. `servers` are the processes that work for it alone.
    pub async fn start(
        name: &'static str,
        servers: &[u32],
        command: impl FnOnce(&Simulator) -> Result<Command>,
    ) -> Result<Self> {
        let slack = Arc::new(Simulator::builder().rate_limits(false).retention(2_000).start().await?);
        let channels = (0..CHANNELS).map(|i| channel(&slack, &format!("load-{i}"))).collect();
        let mut command = command(&slack)?;
        let start = Instant::now();
        let process = Process::start(&mut command)?;
        first_answer(&slack).await.with_context(|| name)?;
        let (answered_after, idle) = (start.elapsed(), process.resident()?);
        Ok(Self { name, slack, channels, answered_after, idle, process, servers: servers.to_vec() })
    }

    /// Resident bytes of the bot.
    pub fn resident(&self) -> Result<u64> {
        self.process.resident()
    }

    /// What the bot and its servers computed since they started.
    pub fn cpu(&self) -> Result<Duration> {
        let servers = self.servers.iter().map(|pid| local::cpu(*pid)).sum::<Result<Duration>>()?;
        Ok(servers + self.process.cpu()?)
    }
}

/// Makes a channel with the bot in it, and returns its name.
pub fn channel(slack: &Simulator, name: &str) -> String {
    slack.create_channel(name, ChannelKind::Public);
    format!("#{name}")
}

async fn first_answer(slack: &Simulator) -> Result<()> {
    let start = Instant::now();
    slack.wait_for_sockets(1, START).await?;
    while start.elapsed() < START {
        let question = slack.user("alice").types("#ops", "!echo hello").await?;
        if slack.wait_for_reply(&question, ASK_AGAIN).await.is_ok() {
            return Ok(());
        }
    }
    bail!("no answer after {START:?}")
}
