//! Our bot as people run it outside of a cluster, in a simulated Slack: a channel, direct messages and several lines can
//! be had nowhere else.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use chatops_e2e::{installed::program, local::Process, slack::Simulator};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    folder,
    table::{Line, Place},
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Ours {
    slack: Simulator,
    typed: usize,
    _bot: Process,
    _folder: TempDir,
}

impl Ours {
    pub async fn start() -> Result<Self> {
        let slack = Simulator::builder().bot_name("errbot").rate_limits(false).start().await?;
        let folder = tempfile::tempdir()?;
        let bot = Process::start(&mut bot(&slack, folder.path())?)?;
        let is_connected = slack.wait_for_sockets(1, PATIENCE).await;
        is_connected.context("the bot does not connect; does `chatops-bot validate` accept plugins.yaml?")?;
        Ok(Self { slack, typed: 0, _bot: bot, _folder: folder })
    }

    /// Types a line and returns all that is answered. What one person types in one place is answered in that order: behind
    /// the line something is typed that is always answered.
    pub async fn asks(&mut self, line: &Line) -> Result<Vec<String>> {
        let (person, channel) = (
            self.slack.user(&line.person),
            match line.place {
                Place::Direct => format!("@{}", line.person),
                Place::Channel => "#general".to_owned(),
            },
        );
        self.typed += 1;
        let typed = person.types(&channel, &line.text()).await?;
        let marker = person.types(&channel, &format!("!marker{}", self.typed)).await?;
        self.slack.wait_for_reply(&marker, PATIENCE).await?;
        Ok(self.slack.replies_to(&typed).into_iter().map(|reply| reply.text).collect())
    }
}

/// Set up as `errbot_manners.py` sets Errbot up.
fn bot(slack: &Simulator, own: &Path) -> Result<Command> {
    let bot = json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": "manners"},
        "spec": {
            "slack": {"tokensSecretRef": {"name": "none"}, "apiURL": format!("{}/", slack.api_url())},
            "commands": {"alternatePrefixes": ["errbot", "bot"]},
        },
    });
    let file = own.join("bot.yaml");
    fs::write(&file, serde_yaml::to_string(&bot)?)?;
    let mut command = Command::new(program("chatops-bot")?);
    command.args(["run", "-f"]).arg(file).arg("-f").arg(folder().join("plugins.yaml"));
    command.env("SLACK_BOT_TOKEN", slack.bot_token()).env("SLACK_APP_TOKEN", slack.app_token());
    Ok(command)
}
