//! Slash commands: taken once, never lost without a word, and answered where the bot may not post.

use std::time::Duration;

use axum::http::StatusCode;
use chatops_bot::{
    chat::{MessageKey, Reply, ReplyUrl, Target},
    outbox::{Delivery, Outbox, Policy, Undeliverable},
    report::Metrics,
};
use serde_json::{Value, json};

use crate::{
    bot::Bot,
    delivery::Locked,
    server::{Server, eventually, slash},
};

/// Payloads of the acknowledgements that the first socket got.
fn payloads(server: &Server) -> Vec<Value> {
    server.world().sockets[0].payloads.clone()
}

#[tokio::test]
async fn a_slash_command_is_taken_once_and_acknowledged_without_an_answer() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    for (id, trigger, text) in [("e1", "1.1", "ping"), ("e2", "1.1", "ping"), ("e3", "1.2", "next")] {
        server.send(0, &slash(id, trigger, text));
    }
    let first = bot.taken().await;
    assert!(first.is_unmistakable, "Slack shows it to this bot alone");
    assert_eq!((first.key, first.text.as_str()), (MessageKey("/1.1".into()), "ping"));
    assert_eq!(bot.taken().await.text, "next");
    eventually("acknowledgements", || server.world().sockets[0].acknowledged == ["e1", "e2", "e3"]).await;
    assert_eq!(payloads(&server), [] as [Value; 0]);
}

#[tokio::test]
async fn who_types_a_slash_command_that_is_not_kept_in_time_is_told_that_it_may_be_lost() {
    let server = Server::start().await;
    let (place, bot) = Locked::start(&server);
    bot.connected().await;
    server.send(0, &slash("e1", "1.1", "ping"));
    eventually("an acknowledgement", || server.world().sockets[0].acknowledged == ["e1"]).await;
    let told = payloads(&server);
    assert_eq!(told[0]["response_type"], "ephemeral");
    assert!(told[0]["text"].as_str().unwrap().ends_with("type it again."), "{told:?}");
    place.unlock();
    assert_eq!(bot.taken().await.text, "ping", "it was in line");
}

#[tokio::test]
async fn who_types_a_slash_command_that_is_not_taken_is_told_so_at_once() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    bot.inbox.close();
    server.send(0, &slash("e1", "1.1", "ping"));
    eventually("an acknowledgement", || server.world().sockets[0].acknowledged == ["e1"]).await;
    let text = "I cannot take commands at the moment, and did not take this one. Type it again in a moment.";
    assert_eq!(payloads(&server), [json!({"response_type": "ephemeral", "text": text})]);
}

/// A server where the bot is not in the channel, and the bot's outbox.
async fn outside(code: &'static str) -> (Server, Bot, Outbox) {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.world().post_error = Some(code);
    server.world().look_error = Some(code);
    let policy = Policy { first_retry: Duration::from_millis(10), ..Policy::default() };
    let outbox = Outbox::with_policy(bot.sender.clone(), Metrics::new(), policy);
    (server, bot, outbox)
}

/// The answer `text` to a slash command.
fn answer(server: &Server, channel: &str, text: &str) -> Delivery {
    let reply_url = Some(ReplyUrl(server.response_url()));
    let target = Target { channel: channel.into(), reply_url, ..Target::default() };
    Delivery::new(Reply::new(target, text), MessageKey("/1.1".into()))
}

#[tokio::test]
async fn where_the_bot_may_not_post_the_response_url_takes_the_answer() {
    for code in ["not_in_channel", "channel_not_found"] {
        let (server, _bot, outbox) = outside(code).await;
        outbox.deliver(answer(&server, "C1", "a < b")).await.await.unwrap();
        outbox.deliver(answer(&server, "D1", "between you and me")).await.await.unwrap();
        let expected = [
            json!({"response_type": "in_channel", "text": "a &lt; b"}),
            json!({"response_type": "ephemeral", "text": "between you and me"}),
        ];
        assert_eq!(server.world().responses, expected, "{code}");
    }
}

#[tokio::test]
async fn where_the_bot_may_post_the_response_url_is_not_used() {
    let (server, _bot, outbox) = outside("not_in_channel").await;
    server.world().post_error = None;
    outbox.deliver(answer(&server, "C1", "pong")).await.await.unwrap();
    server.world().post_error = Some("restricted_action");
    let outcome = outbox.deliver(answer(&server, "C1", "pong")).await.await;
    assert_eq!(outcome, Err(Undeliverable::Rejected("restricted_action".into())));
    assert_eq!(server.posted(), ["pong"]);
    assert_eq!(server.world().responses, [] as [Value; 0]);
}

#[tokio::test]
async fn a_posted_answer_to_a_slash_command_is_looked_for_before_it_is_sent_again() {
    let (server, _bot, outbox) = outside("not_in_channel").await;
    {
        let mut world = server.world();
        (world.post_error, world.look_error, world.posts_unheard) = (None, None, 1);
    }
    outbox.deliver(answer(&server, "C1", "pong")).await.await.unwrap();
    assert_eq!(server.posted(), ["pong"]);
    assert_eq!(server.world().looks, 1);
}

#[tokio::test]
async fn an_answer_by_the_response_url_that_may_have_arrived_is_not_repeated_but_said() {
    let (server, _bot, outbox) = outside("channel_not_found").await;
    server.world().response_failures = vec![(StatusCode::BAD_GATEWAY, r#"{"ok": false, "error": "fatal"}"#)];
    outbox.deliver(answer(&server, "C1", "pong")).await.await.unwrap();
    let world = server.world();
    assert_eq!((world.responses.len(), world.responses[0]["text"].as_str()), (2, Some("pong")));
    let said = world.responses[1]["text"].as_str().unwrap();
    assert!(said.starts_with("I was interrupted while answering."), "{said}");
}

#[tokio::test]
async fn a_response_url_that_takes_no_more_is_given_up_and_a_limited_one_is_waited_for() {
    let (server, _bot, outbox) = outside("not_in_channel").await;
    let used = r#"{"ok": false, "error": "used_url"}"#;
    server.world().response_failures = vec![(StatusCode::NOT_FOUND, used)];
    let outcome = outbox.deliver(answer(&server, "C1", "pong")).await.await;
    let rejected = "not_in_channel, and response_url: used_url";
    assert_eq!(outcome, Err(Undeliverable::Rejected(rejected.into())));
    server.world().response_failures = vec![(StatusCode::TOO_MANY_REQUESTS, "")];
    outbox.deliver(answer(&server, "C1", "pong")).await.await.unwrap();
    assert_eq!(server.world().responses.len(), 3);
}
