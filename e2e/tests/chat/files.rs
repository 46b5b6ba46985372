//! Long answers, which are files.

use anyhow::{Context as _, Result};
use chatops_crds::{
    bot_config::BotConfig,
    chat_bot::replies::{LongOutput, Then},
    shared::visibility::Visibility,
};
use chatops_e2e::slack::{Entry, Message, Simulator};

use crate::world::{PATIENCE, World};

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "pods"},
    "spec": {"commands": [{
        "name": "pods", "args": [{"name": "count", "type": "Integer", "required": true}],
        "reply": "```\n{% for n in range(args.count) %}web-{{ n }} <none>\n{% endfor %}```"
    }]}
}"#;

fn long() -> LongOutput {
    LongOutput { max_lines: 10, then: Then::Snippet }
}

#[tokio::test]
async fn what_has_many_lines_is_a_file_where_it_was_asked() -> Result<()> {
    let change = |config: &mut BotConfig| config.long_output = Some(long());
    let world = World::start_with(Simulator::builder(), PLUGIN, change).await?;
    let alice = world.slack.user("alice");
    let question = alice.types("#general", "!pods 3").await?;
    world.hears("```web-0 <none>\nweb-1 <none>\nweb-2 <none>```").await?;
    alice.types_in_thread(&question, "!pods 300").await?;
    let filed = |entries: &[Entry]| {
        let mut messages = entries.iter().filter_map(|entry| entry.action.new_message());
        messages.find(|message: &&Message| !message.files.is_empty()).cloned()
    };
    let posted = world.slack.wait_for(filed, PATIENCE).await.context("there is no file")?;
    assert_eq!(posted.thread_ts, Some(question.ts));
    let file = &posted.files[0];
    assert_eq!(file.title, "300 lines");
    let content = world.slack.file_content(&file.id).context("it has no content")?;
    let lines: Vec<_> = std::str::from_utf8(&content)?.lines().collect();
    assert_eq!((lines.len(), lines[299]), (300, "web-299 <none>"));
    assert_eq!(world.slack.messages("#general")?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn what_one_person_alone_sees_is_no_file() -> Result<()> {
    for visibility in [Visibility::Ephemeral, Visibility::DirectMessage] {
        let change = |config: &mut BotConfig| {
            (config.long_output, config.visibility) = (Some(long()), visibility);
        };
        let world = World::start_with(Simulator::builder(), PLUGIN, change).await?;
        world.slack.user("alice").types("#general", "!pods 20").await?;
        let lines: Vec<_> = (0..20).map(|n| format!("web-{n} <none>")).collect();
        let answer = world.hears(&format!("```{}```", lines.join("\n"))).await?;
        let is_direct = world.slack.messages("@alice")?.contains(&answer);
        assert!(is_direct || answer.visible_to.is_some(), "{visibility:?}: {answer:?}");
        assert_eq!(world.slack.calls("files.getUploadURLExternal"), 0);
    }
    Ok(())
}
