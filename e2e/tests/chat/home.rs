//! The bot's own page.

use anyhow::Result;
use chatops_e2e::slack::{Fault, Simulator, Slack};

use crate::world::{PATIENCE, World};

const PLUGIN: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "deploys"},
    "spec": {"description": "Deploys things.", "commands": [{"name": "deploy", "summary": "Deploy it", "reply": "done"}]}
}"#;

#[tokio::test]
async fn the_page_shows_what_the_bot_can_do_and_what_one_typed() -> Result<()> {
    let world = World::start(Simulator::builder(), PLUGIN).await?;
    let (alice, bob) = (world.slack.user("alice"), world.slack.user("bob"));
    alice.types("#general", "!deploy").await?;
    world.hears("done").await?;
    for (person, has_typed) in [(&alice, true), (&bob, false)] {
        person.opens_home().await?;
        let page = world.slack.wait_until("a page", PATIENCE, |_: &Slack| person.home()).await?;
        let page = page.view.to_string();
        assert!(page.contains("• !deploy – Deploy it"), "{page}");
        assert_eq!(page.contains("1: !deploy"), has_typed, "{page}");
    }
    assert_eq!(world.slack.messages("@alice")?, []);
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_asked_for_twice_is_published_once() -> Result<()> {
    let world = World::start(Simulator::builder(), PLUGIN).await?;
    world.slack.inject(Fault::RepeatEnvelopes { times: 1, after_millis: 0 });
    world.slack.user("alice").opens_home().await?;
    world.is_repeated().await?;
    world.slack.user("alice").types("#general", "!deploy").await?;
    world.hears("done").await?;
    assert_eq!(world.slack.calls("views.publish"), 1);
    Ok(())
}
