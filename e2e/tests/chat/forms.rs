//! Forms, from the button below an answer to the command that was filled in.

use anyhow::{Context as _, Result};
use chatops_e2e::slack::{ChannelKind, Fault, Message, Modal, Simulator, Slack};
use serde_json::json;

use crate::world::{PATIENCE, World};

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "deploys"},
    "spec": {"commands": [{
        "name": "deploy", "args": [
            {"name": "app", "required": true, "summary": "What to deploy"},
            {"name": "to", "type": "Enum", "values": ["eu", "us"], "default": "eu"},
            {"name": "count", "type": "Integer", "min": 1, "max": 9},
            {"name": "by", "type": "User"},
            {"name": "on", "type": "Date"},
            {"name": "force", "type": "Boolean"},
            {"name": "note", "rest": true}
        ],
        "reply": "{{ args.app }} {{ args.to }} {{ args.count | default('-') }} {{ args.by.mention if args.by is defined else '-' }} {{ args.on | default('-') }} {{ args.force }} {{ args.note | default('-') }} for {{ user.mention }}"
    }]}
}"#;

async fn start() -> Result<World> {
    let workspace = Simulator::builder().channel("ops", ChannelKind::Public);
    World::start(workspace.channel_without_bot("away", ChannelKind::Public), PLUGIN).await
}

impl World {
    /// The answer to what alice types.
    async fn answer(&self, channel: &str, text: &str) -> Result<Message> {
        let question = self.slack.user("alice").types(channel, text).await?;
        self.slack.wait_for_reply(&question, PATIENCE).await
    }

    /// The form that `user` sees who presses the button of `message`.
    async fn form(&self, user: &str, message: &Message) -> Result<Modal> {
        let person = self.slack.user(user);
        person.presses(message, "fill_in").await?;
        self.slack.wait_until("a form", PATIENCE, |_| person.modal()).await
    }
}

#[tokio::test]
async fn what_is_missing_is_filled_in_and_runs_as_whoever_did() -> Result<()> {
    let world = start().await?;
    let answer = world.answer("#ops", "!deploy --to us").await?;
    assert!(answer.text.contains("\"app\" is missing."), "{}", answer.text);
    let bob = world.slack.workspace().users.into_iter().find(|user| user.name == "bob").context("bob")?;
    let form = world.form("bob", &answer).await?;
    assert_eq!(form.view["title"]["text"], "deploy");
    assert_eq!(form.view["blocks"][1]["element"]["initial_option"]["value"], "us");
    let filled = json!({
        "app": {"value": {"value": "my \"web\""}},
        "to": {"value": {"selected_option": {"text": {"type": "plain_text", "text": "us"}, "value": "us"}}},
        "count": {"value": {"value": "3"}},
        "by": {"value": {"selected_user": bob.id}},
        "on": {"value": {"selected_date": "2026-01-31"}},
        "force": {"value": {"selected_options": [{"text": {"type": "plain_text", "text": "Yes"}, "value": "true"}]}},
        "note": {"value": {"value": "so it is,\n“they” say"}},
    });
    world.slack.user("bob").submits(&filled).await?;
    let said = world.hears("my \"web\" us 3 @bob 2026-01-31 True so it is,\n“they” say for @bob").await?;
    assert_eq!((said.channel.as_str(), said.thread_ts), (answer.channel.as_str(), None));
    world
        .slack
        .wait_until("the form closes", PATIENCE, |_| world.slack.user("bob").modal().is_none().then_some(()))
        .await
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_form_which_stays_open() -> Result<()> {
    let world = start().await?;
    let answer = world.answer("#ops", "!deploy").await?;
    let alice = world.slack.user("alice");
    world.form("alice", &answer).await?;
    alice.submits(&json!({"app": {"value": {"value": "web"}}, "count": {"value": {"value": "12"}}})).await?;
    let wrong = |_: &Slack| alice.modal().filter(|modal| modal.errors.contains_key("count"));
    let modal = world.slack.wait_until("an error", PATIENCE, wrong).await?;
    assert!(modal.errors["count"].contains("at most 9"), "{modal:?}");
    alice.submits(&json!({"app": {"value": {"value": "web"}}, "count": {"value": {"value": "9"}}})).await?;
    world.hears("web eu 9 - - False - for @alice").await.map(drop)
}

#[tokio::test]
async fn a_question_in_a_thread_is_answered_there_and_one_in_direct_messages_there() -> Result<()> {
    let world = start().await?;
    let alice = world.slack.user("alice");
    let parent = alice.types("#ops", "let us see").await?;
    let question = alice.types_in_thread(&parent, "!deploy").await?;
    let answer = world.slack.wait_for_reply(&question, PATIENCE).await?;
    world.form("alice", &answer).await?;
    alice.submits(&json!({"app": {"value": {"value": "a"}}})).await?;
    let said = world.hears("a eu - - - False - for @alice").await?;
    assert_eq!(said.thread_ts, Some(parent.ts));
    let question = alice.direct_message("deploy").await?;
    let answer = world.slack.wait_for_reply(&question, PATIENCE).await?;
    world.form("alice", &answer).await?;
    alice.submits(&json!({"app": {"value": {"value": "b"}}})).await?;
    assert_eq!(world.hears("b eu - - - False - for @alice").await?.channel, question.channel);
    Ok(())
}

#[tokio::test]
async fn a_form_of_a_slash_command_is_answered_where_the_bot_is_not_in_the_channel() -> Result<()> {
    let world = start().await?;
    let alice = world.slack.user("alice");
    world.commands("#away", "deploy").await?;
    let offers = |slack: &Slack| slack.messages("#away").ok()?.into_iter().next();
    let answer = world.slack.wait_until("an answer", PATIENCE, offers).await?;
    world.form("alice", &answer).await?;
    alice.submits(&json!({"app": {"value": {"value": "a"}}})).await?;
    assert_eq!(world.hears("a eu - - - False - for @alice").await?.channel, answer.channel);
    Ok(())
}

#[tokio::test]
async fn a_form_that_is_delivered_twice_runs_once() -> Result<()> {
    let world = start().await?;
    let answer = world.answer("#ops", "!deploy").await?;
    world.form("alice", &answer).await?;
    world.slack.inject(Fault::RepeatEnvelopes { times: 1, after_millis: 0 });
    world.slack.user("alice").submits(&json!({"app": {"value": {"value": "a"}}})).await?;
    world.hears("a eu - - - False - for @alice").await?;
    world.is_repeated().await?;
    world.answer("#ops", "!ping").await?;
    let said = world.slack.messages("#ops")?;
    assert_eq!(said.iter().filter(|message| message.text.starts_with("a eu")).count(), 1);
    Ok(())
}
