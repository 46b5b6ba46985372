//! Ways to call the bot that are switched off, and what people are then told to type.

use std::sync::Arc;

use chatops_bot::{
    chat::{Addressing, Incoming},
    storage::Memory,
};
use chatops_crds::{bot_config::BotConfig, chat_bot::commands::Addressed};

use crate::world::{World, demo, start};

/// A bot that is called in these ways.
fn called_by(ways: &[Addressed], slash_command: Option<&str>) -> World {
    let mut config: BotConfig = demo();
    config.commands.addressed_by = ways.to_vec();
    config.commands.slash_command = slash_command.map(Into::into);
    start(&config, Arc::new(Memory::new()))
}

/// Whether it answers each of what is typed in the ways that there are.
async fn answers(ways: &[Addressed]) -> Vec<bool> {
    let mut world = called_by(ways, None);
    let mut heard = Vec::new();
    for (channel, addressing, text) in [
        ("C1", Addressing::Channel, "!ping"),
        ("C1", Addressing::Mention, "ping"),
        ("D1", Addressing::Direct, "ping"),
        ("D1", Addressing::Direct, "!ping"),
    ] {
        world.types_in(channel, "U1", addressing, text).await;
        // A slash command is always answered, and so is the last word of what was typed before.
        let certain = world.message(channel, "U1", Addressing::Mention, "echo end");
        world.script.types(Incoming { is_unmistakable: true, ..certain }).await.unwrap();
        let first = world.answer().await.1;
        heard.push(first == "pong");
        if first == "pong" {
            assert_eq!(world.answer().await.1, "end");
        }
    }
    heard
}

#[tokio::test]
async fn each_way_to_call_the_bot_can_be_switched_off() {
    use Addressed::{DirectMessage, Mention, Prefix};
    assert_eq!(answers(&[Prefix, Mention, DirectMessage]).await, [true, true, true, true]);
    assert_eq!(
        answers(&[Prefix]).await,
        [true, false, false, true],
        "the prefix works in direct messages too"
    );
    assert_eq!(answers(&[Mention]).await, [false, true, false, false]);
    assert_eq!(answers(&[DirectMessage]).await, [false, false, true, true]);
    assert_eq!(answers(&[]).await, [false; 4]);
}

#[tokio::test]
async fn people_are_told_to_call_the_bot_in_a_way_that_works() {
    for (ways, slash_command, call) in [
        (&[Addressed::Prefix][..], Some("/ops"), "!"),
        (&[Addressed::Mention], Some("/ops"), "/ops "),
        (&[Addressed::Mention], None, "@ops "),
        (&[Addressed::DirectMessage], None, ""),
    ] {
        let mut world = called_by(ways, slash_command);
        let help = world.message("C1", "U1", Addressing::Mention, "help put");
        world.script.types(Incoming { is_unmistakable: true, ..help }).await.unwrap();
        let said = world.answer().await.1;
        assert!(said.starts_with(&format!("Usage: {call}put [key] [value…]")), "{call}: {said}");
    }
}

#[tokio::test]
async fn a_command_is_repeated_where_the_prefix_is_switched_off() {
    let mut world = called_by(&[Addressed::Mention], None);
    world.types_in("C1", "U1", Addressing::Mention, "echo once").await;
    assert_eq!(world.answer().await.1, "once");
    world.types_in("C1", "U1", Addressing::Mention, "history").await;
    let list = world.answer().await.1;
    assert!(list.starts_with("Type @ops !! to repeat") && list.contains("1: @ops echo once"), "{list}");
    world.types_in("C1", "U1", Addressing::Mention, "!!").await;
    assert_eq!(world.answer().await.1, "@ops echo once\nonce");
}

#[tokio::test]
async fn what_a_way_that_works_is_called_by_may_be_typed_in_a_terminal() {
    let mut world = called_by(&[Addressed::Mention], None);
    for text in ["@ops echo a", "echo a", "!echo a"] {
        let typed = world.message("D1", "U1", Addressing::Direct, text);
        world.script.types(Incoming { is_unmistakable: true, ..typed }).await.unwrap();
        assert_eq!(world.answer().await.1, "a", "{text}");
    }
}
