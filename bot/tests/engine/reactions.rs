//! Commands that are run by an emoji under a message.

use std::sync::Arc;

use chatops_bot::{
    chat::{Addressing, Incoming},
    engine::Program,
    inbox::Accepted,
    storage::Memory,
};
use chatops_crds::bot_config::BotConfig;
use serde_json::json;
use tokio::time::timeout;

use crate::world::{PATIENCE, demo, start};

fn reacting() -> BotConfig {
    let mut config = demo();
    config.plugins[0].reactions = serde_json::from_value(json!([
        {"emoji": "ticket", "command": "put ticket open"}, {"emoji": "eyes", "command": "no such thing"},
    ]))
    .unwrap();
    config
}

#[tokio::test]
async fn an_emoji_runs_its_command_as_whoever_reacted_in_the_thread_of_the_message() {
    let mut world = start(&reacting(), Arc::new(Memory::new()));
    let reacts = |message: Incoming, emoji: &str| Incoming {
        reaction: Some(emoji.into()),
        thread: Some("7".into()),
        is_unmistakable: true,
        ..message
    };
    for (emoji, outcome) in
        [("tada", Accepted::Ignored), ("eyes", Accepted::Ignored), ("ticket", Accepted::New)]
    {
        let message = world.message("C1", "U1", Addressing::Mention, ":ticket:");
        assert_eq!(world.script.types(reacts(message, emoji)).await.unwrap(), outcome, "{emoji}");
    }
    let reply = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
    assert_eq!(reply.text, "was nothing");
    assert_eq!((reply.target.channel.as_str(), reply.target.thread.as_deref()), ("C1", Some("7")));
    assert_eq!(world.asks("!look ticket").await, "open");
    assert!(!world.asks("!history").await.contains("put ticket"), "nobody typed it");
    let help = world.asks("!help demo").await;
    assert!(help.ends_with("\n• :ticket: under a message runs !put ticket open"), "{help}");
    world.types_in("D1", "U1", Addressing::Direct, ":ticket:").await;
    assert_ne!(world.answer().await.1, "was open", "to type it is not to react");
}

#[test]
fn an_emoji_with_an_unknown_command_or_two_plugins_is_reported() {
    let mut config = reacting();
    let mut other = config.plugins[0].clone();
    other.name = "other".into();
    other.commands.clear();
    other.reactions = serde_json::from_value(json!([{"emoji": "ticket", "command": "ping"}])).unwrap();
    config.plugins.push(other);
    let (_, reports) = Program::load(&config);
    let faults: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.faults)
        .map(|fault| (fault.arg("emoji").to_owned(), fault.arg("error").to_owned()))
        .collect();
    let expected =
        [("eyes", "there is no command \"no such thing\""), ("ticket", "another plugin has it already")];
    assert_eq!(faults, expected.map(|(emoji, error)| (emoji.to_owned(), error.to_owned())));
}
