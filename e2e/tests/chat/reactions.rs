//! Commands that are run by an emoji under a message.

use anyhow::{Context as _, Result};
use chatops_e2e::slack::{Simulator, Slack};

use crate::world::{PATIENCE, World};

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "tickets"},
    "spec": {
        "commands": [{"name": "ticket", "args": [{"name": "for", "rest": true}],
                      "reply": "a ticket for {{ args.for }}, by {{ user.mention }}"}],
        "reactions": [{"emoji": "ticket", "command": "ticket the team"}]
    }
}"#;

#[tokio::test]
async fn an_emoji_runs_its_command_and_is_answered_in_the_thread() -> Result<()> {
    let world = World::start(Simulator::builder(), PLUGIN).await?;
    world.slack.add_scope("reactions:read");
    let (alice, bob) = (world.slack.user("alice"), world.slack.user("bob"));
    let problem = alice.types("#general", "the site is down").await?;
    let detail = bob.types_in_thread(&problem, "since noon").await?;
    bob.reacts(&problem, "eyes").await?;
    for (message, person, name) in [(&problem, &bob, "bob"), (&detail, &alice, "alice")] {
        person.reacts(message, "ticket").await?;
        let text = format!("a ticket for the team, by @{name}");
        let answered = |slack: &Slack| {
            let mut said = slack.messages("#general").ok()?.into_iter();
            said.find(|message| message.text == text && message.thread_ts == Some(problem.ts))
        };
        world.slack.wait_until("an answer", PATIENCE, answered).await.with_context(|| text.clone())?;
    }
    assert_eq!(world.slack.messages("#general")?.len(), 4);
    assert_eq!(world.slack.calls("users.info"), 2, "nobody asks who put an emoji that means nothing");
    Ok(())
}
