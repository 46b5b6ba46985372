//! Slash commands.

use anyhow::Result;
use chatops_e2e::slack::{ChannelKind, Fault, Simulator};

use crate::world::{PATIENCE, World};

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "deploys"},
    "spec": {"commands": [{
        "name": "deploy", "args": [{"name": "what", "type": "String", "required": true}],
        "reply": "{{ args.what }} for {{ user.mention }}"
    }]}
}"#;

async fn start() -> Result<World> {
    let workspace = Simulator::builder();
    let workspace = workspace.channel_without_bot("open", ChannelKind::Public);
    World::start(workspace.channel_without_bot("closed", ChannelKind::Private), PLUGIN).await
}

#[tokio::test]
async fn a_slash_command_is_answered_in_its_channel_and_in_direct_messages() -> Result<()> {
    let world = start().await?;
    world.commands("#general", "ping").await?;
    let answer = world.hears("pong").await?;
    assert_eq!(world.slack.messages("#general")?, [answer]);
    world.commands("@alice", "deploy web").await?;
    let answer = world.hears("web for @alice").await?;
    assert_eq!(world.slack.messages("@alice")?, [answer]);
    assert_eq!(world.slack.calls("response_url"), 0);
    Ok(())
}

#[tokio::test]
async fn what_follows_a_slash_command_is_understood_as_after_a_mention() -> Result<()> {
    let world = start().await?;
    world.commands("#general", "!deploy \"a < b & c\"").await?;
    world.hears("a < b & c for @alice").await?;
    let questions = [("", "help"), ("deploi web", "Did you mean"), ("deploy", "Usage")];
    for (number, (text, expected)) in questions.into_iter().enumerate() {
        world.commands("#general", text).await?;
        let answered =
            |slack: &chatops_e2e::slack::Slack| slack.messages("#general").ok()?.into_iter().nth(number + 1);
        let answer = world.slack.wait_until("an answer", PATIENCE, answered).await?;
        assert!(answer.text.to_lowercase().contains(&expected.to_lowercase()), "{text:?}: {}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn where_the_bot_is_not_in_the_channel_the_answer_arrives_all_the_same() -> Result<()> {
    let world = start().await?;
    for (number, channel) in ["#open", "#closed"].into_iter().enumerate() {
        world.commands(channel, &format!("deploy web{number}")).await?;
        let answer = world.hears(&format!("web{number} for @alice")).await?;
        assert_eq!(world.slack.messages(channel)?, [answer]);
    }
    assert_eq!(world.slack.calls("response_url"), 2);
    Ok(())
}

#[tokio::test]
async fn a_slash_command_that_is_delivered_twice_is_answered_once() -> Result<()> {
    let world = start().await?;
    world.slack.inject(Fault::RepeatEnvelopes { times: 1, after_millis: 0 });
    world.commands("#general", "deploy web").await?;
    let first = world.hears("web for @alice").await?;
    world.is_repeated().await?;
    world.commands("#general", "ping").await?;
    let last = world.hears("pong").await?;
    assert_eq!(world.slack.messages("#general")?, [first, last]);
    Ok(())
}
