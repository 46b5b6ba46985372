//! Emoji under messages, against a server that shows what it is asked.

use axum::http::StatusCode;
use chatops_bot::{
    chat::Incoming,
    inbox::{Inbox, Meaning},
};
use serde_json::json;

use crate::{
    bot::{Bot, TOKENS, timing},
    server::{Server, envelope, eventually},
};

/// A bot to which only these emoji mean something.
async fn start() -> (Server, Bot) {
    let server = Server::start().await;
    let means = |incoming: &Incoming| match incoming.reaction.as_deref() {
        Some("ticket") => Meaning::Command(None),
        _ => Meaning::NotForUs,
    };
    let bot = Bot::start_with(&server.api_url(), timing(), Inbox::in_memory(Box::new(means)), &TOKENS);
    bot.connected().await;
    (server, bot)
}

/// `user` puts `emoji` under message 5.5.
fn reacts(server: &Server, id: &str, user: &str, emoji: &str) {
    let event = json!({
        "type": "reaction_added", "user": user, "reaction": emoji, "item_user": "U9", "event_ts": format!("7.{id}"),
        "item": {"type": "message", "channel": "C1", "ts": "5.5"},
    });
    server.send(0, &envelope(id, &event));
}

async fn acknowledged(server: &Server, id: &str) {
    let is_there = || server.world().sockets[0].acknowledged.iter().any(|other| other == id);
    eventually("an acknowledgement", is_there).await;
}

#[tokio::test]
async fn a_reaction_is_taken_once_with_the_thread_of_its_message() {
    let (server, bot) = start().await;
    server.world().thread = Some("4.4");
    reacts(&server, "1", "U1", "ticket");
    let taken = bot.taken().await;
    assert_eq!((taken.user.id.as_str(), taken.thread.as_deref()), ("U1", Some("4.4")));
    assert_eq!((taken.reaction.as_deref(), taken.channel.id.as_str()), (Some("ticket"), "C1"));
    acknowledged(&server, "1").await;
    server.world().thread = None;
    reacts(&server, "1", "U1", "ticket");
    reacts(&server, "2", "U1", "ticket");
    assert_eq!(bot.taken().await.thread.as_deref(), Some("5.5"), "the first one is known already");
    assert_eq!(server.world().who, ["U1"], "who somebody is is asked once");
}

#[tokio::test]
async fn an_emoji_that_means_nothing_is_not_looked_into() {
    let (server, _bot) = start().await;
    reacts(&server, "1", "U1", "tada");
    reacts(&server, "2", "UBOT", "ticket");
    acknowledged(&server, "1").await;
    acknowledged(&server, "2").await;
    let world = server.world();
    assert!(world.who.is_empty() && world.looks == 0);
}

#[tokio::test]
async fn a_bot_that_reacts_runs_nothing_nor_does_somebody_unknown() {
    let (server, bot) = start().await;
    server.world().bots = vec!["U2"];
    reacts(&server, "1", "U2", "ticket");
    acknowledged(&server, "1").await;
    server.world().who_error = Some("missing_scope");
    reacts(&server, "2", "U3", "ticket");
    acknowledged(&server, "2").await;
    server.world().who_error = None;
    reacts(&server, "3", "U1", "ticket");
    assert_eq!(bot.taken().await.user.id, "U1");
}

#[tokio::test]
async fn a_reaction_is_left_to_its_next_delivery_where_slack_does_not_answer() {
    let (server, bot) = start().await;
    server.world().who_failures = vec![StatusCode::INTERNAL_SERVER_ERROR];
    reacts(&server, "1", "U1", "ticket");
    eventually("the question", || server.world().who_failures.is_empty()).await;
    reacts(&server, "2", "U1", "ticket");
    assert_eq!(bot.taken().await.key.0, "/reaction.C1.U1.7.2");
    acknowledged(&server, "2").await;
    assert_eq!(server.world().sockets[0].acknowledged, ["2"]);
}
