//! A bot, connected, and alice.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chatops_crds::bot_config::{BotConfig, StorageConfig};
use chatops_e2e::{
    local::{Process, bot, configuration},
    slack::{Builder, Entry, Message, Simulator, Slack},
};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct World {
    pub slack: Simulator,
    _bot: Process,
    _folder: TempDir,
}

impl World {
    /// A bot with one plugin, in a workspace with these channels.
    pub async fn start(workspace: Builder, plugin: &str) -> Result<World> {
        Self::start_with(workspace, plugin, |_| ()).await
    }

    /// The same with a configuration that `change` changes.
    pub async fn start_with(
        workspace: Builder,
        plugin: &str,
        change: impl FnOnce(&mut BotConfig),
    ) -> Result<World> {
        let slack = workspace.rate_limits(false).start().await?;
        let folder = tempfile::tempdir()?;
        let mut config = configuration(&slack, StorageConfig::Memory {}, plugin)?;
        change(&mut config);
        let bot = Process::start(&mut bot(&slack, folder.path(), &config)?)?;
        slack.wait_for_sockets(1, PATIENCE).await.context("the bot does not connect")?;
        Ok(World { slack, _bot: bot, _folder: folder })
    }

    /// Types `/ops text` as alice.
    pub async fn commands(&self, channel: &str, text: &str) -> Result<()> {
        self.slack.user("alice").runs_command(channel, "/ops", text).await
    }

    /// What the bot says with this text.
    pub async fn hears(&self, text: &str) -> Result<Message> {
        let said = |entries: &[Entry]| {
            let mut messages = entries.iter().filter_map(|entry| entry.action.new_message());
            messages.find(|message| message.text == text).cloned()
        };
        self.slack.wait_for(said, PATIENCE).await.with_context(|| format!("the bot does not say {text:?}"))
    }

    /// Waits until the bot has acknowledged the second delivery of something, which finds nobody who waits for it.
    pub async fn is_repeated(&self) -> Result<()> {
        let repeated = |slack: &Slack| (slack.stats().stray_acknowledgements > 0).then_some(());
        self.slack.wait_until("the repetition", PATIENCE, repeated).await
    }
}
