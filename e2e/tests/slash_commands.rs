//! Slash commands, from what a person types to the answer: the shipped bot in a simulated Slack.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chatops_crds::bot_config::StorageConfig;
use chatops_e2e::{
    local::{Process, bot},
    slack::{ChannelKind, Entry, Fault, Message, Simulator},
};
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "deploys"},
    "spec": {"commands": [{
        "name": "deploy", "args": [{"name": "what", "type": "String", "required": true}],
        "reply": "{{ args.what }} for {{ user.mention }}"
    }]}
}"#;

struct World {
    slack: Simulator,
    _bot: Process,
    _folder: TempDir,
}

impl World {
    async fn start() -> Result<World> {
        let slack = Simulator::builder()
            .rate_limits(false)
            .channel_without_bot("open", ChannelKind::Public)
            .channel_without_bot("closed", ChannelKind::Private)
            .start()
            .await?;
        let folder = tempfile::tempdir()?;
        let bot = Process::start(&mut bot(&slack, folder.path(), StorageConfig::Memory {}, PLUGIN)?)?;
        slack.wait_for_sockets(1, PATIENCE).await.context("the bot does not connect")?;
        Ok(World { slack, _bot: bot, _folder: folder })
    }

    /// Types `/ops text` as alice.
    async fn types(&self, channel: &str, text: &str) -> Result<()> {
        self.slack.user("alice").runs_command(channel, "/ops", text).await
    }

    /// What the bot says with this text.
    async fn hears(&self, text: &str) -> Result<Message> {
        let said = |entries: &[Entry]| {
            let mut messages = entries.iter().filter_map(|entry| entry.action.new_message());
            messages.find(|message| message.text == text).cloned()
        };
        self.slack.wait_for(said, PATIENCE).await.with_context(|| format!("the bot does not say {text:?}"))
    }
}

#[tokio::test]
async fn a_slash_command_is_answered_in_its_channel_and_in_direct_messages() -> Result<()> {
    let world = World::start().await?;
    world.types("#general", "ping").await?;
    let answer = world.hears("pong").await?;
    assert_eq!(world.slack.messages("#general")?, [answer]);
    world.types("@alice", "deploy web").await?;
    let answer = world.hears("web for @alice").await?;
    assert_eq!(world.slack.messages("@alice")?, [answer]);
    assert_eq!(world.slack.calls("response_url"), 0);
    Ok(())
}

#[tokio::test]
async fn what_follows_a_slash_command_is_understood_as_after_a_mention() -> Result<()> {
    let world = World::start().await?;
    world.types("#general", "!deploy \"a < b & c\"").await?;
    world.hears("a < b & c for @alice").await?;
    let questions = [("", "help"), ("deploi web", "Did you mean"), ("deploy", "Usage")];
    for (number, (text, expected)) in questions.into_iter().enumerate() {
        world.types("#general", text).await?;
        let answered =
            |slack: &chatops_e2e::slack::Slack| slack.messages("#general").ok()?.into_iter().nth(number + 1);
        let answer = world.slack.wait_until("an answer", PATIENCE, answered).await?;
        assert!(answer.text.to_lowercase().contains(&expected.to_lowercase()), "{text:?}: {}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn where_the_bot_is_not_in_the_channel_the_answer_arrives_all_the_same() -> Result<()> {
    let world = World::start().await?;
    for (number, channel) in ["#open", "#closed"].into_iter().enumerate() {
        world.types(channel, &format!("deploy web{number}")).await?;
        let answer = world.hears(&format!("web{number} for @alice")).await?;
        assert_eq!(world.slack.messages(channel)?, [answer]);
    }
    assert_eq!(world.slack.calls("response_url"), 2);
    Ok(())
}

#[tokio::test]
async fn a_slash_command_that_is_delivered_twice_is_answered_once() -> Result<()> {
    let world = World::start().await?;
    world.slack.inject(Fault::RepeatEnvelopes { times: 1, after_millis: 0 });
    world.types("#general", "deploy web").await?;
    let first = world.hears("web for @alice").await?;
    // The second acknowledgement finds nobody who waits for it.
    let repeated =
        |slack: &chatops_e2e::slack::Slack| (slack.stats().stray_acknowledgements > 0).then_some(());
    world.slack.wait_until("the repetition", PATIENCE, repeated).await?;
    world.types("#general", "ping").await?;
    let last = world.hears("pong").await?;
    assert_eq!(world.slack.messages("#general")?, [first, last]);
    Ok(())
}
