//! From what people type to the inbox, and the acknowledgements on the way back.

use chatops_bot::{
    chat::{Addressing, MessageKey},
    inbox::Inbox,
};
use serde_json::json;

use crate::{
    bot::{Bot, timing},
    server::{Server, envelope, eventually, typed},
};

#[tokio::test]
async fn a_typed_message_is_taken_and_acknowledged_before_anybody_acts_upon_it() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.send(0, &envelope("e1", &typed("1.1", "!echo a &lt; b")));
    eventually("an acknowledgement", || server.world().sockets[0].acknowledged == ["e1"]).await;
    let incoming = bot.taken().await;
    assert_eq!((incoming.text.as_str(), incoming.user.id.as_str()), ("!echo a < b", "U1"));
    assert_eq!(incoming.key, MessageKey("C1:1.1".into()));
    assert_eq!(incoming.addressing, Addressing::Channel);
}

#[tokio::test]
async fn a_message_its_mention_and_their_redelivery_are_one_command() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    let message = typed("1.1", "<@UBOT> ping");
    let mention =
        json!({"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@UBOT> ping"});
    for (id, event) in [("e1", &message), ("e2", &mention), ("e3", &message), ("e1", &message)] {
        server.send(0, &envelope(id, event));
    }
    server.send(0, &envelope("e4", &typed("1.2", "!next")));
    let incoming = bot.taken().await;
    assert_eq!((incoming.addressing, incoming.text.as_str()), (Addressing::Mention, "ping"));
    assert_eq!(bot.taken().await.text, "!next");
    eventually("acknowledgements", || {
        server.world().sockets[0].acknowledged == ["e1", "e2", "e3", "e1", "e4"]
    })
    .await;
}

#[tokio::test]
async fn what_a_full_inbox_does_not_take_is_not_acknowledged_and_taken_when_it_comes_again() {
    let server = Server::start().await;
    let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
    let bot = Bot::start_with(&server.api_url(), timing(), Inbox::new(1), &tokens);
    bot.connected().await;
    for (id, ts) in [("e1", "1.1"), ("e2", "1.2")] {
        server.send(0, &envelope(id, &typed(ts, ts)));
    }
    // What comes behind it and needs no room is acknowledged.
    server.send(0, &envelope("e3", &json!({"type": "reaction_added"})));
    eventually("acknowledgements", || server.world().sockets[0].acknowledged == ["e1", "e3"]).await;
    assert_eq!(bot.taken().await.text, "1.1");
    server.send(0, &envelope("e4", &typed("1.2", "1.2")));
    assert_eq!(bot.taken().await.text, "1.2");
    eventually("an acknowledgement", || server.world().sockets[0].acknowledged == ["e1", "e3", "e4"]).await;
}

#[tokio::test]
async fn frames_that_make_no_sense_are_survived() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    for garbage in ["", "no JSON", "[]", "{}", r#"{"type": 5}"#, r#"{"type": "events_api", "payload": null}"#]
    {
        server.send_text(0, garbage);
    }
    server.send(0, &json!({"envelope_id": "e1", "type": "events_api", "payload": "unexpected"}));
    server.send(0, &json!({"envelope_id": "e2", "type": "slash_commands", "payload": {"command": "/ops"}}));
    server.send(
        0,
        &envelope("e3", &json!({"type": "user_change", "user": {"id": "U1"}, "channel": {"id": "C1"}})),
    );
    server.send(0, &envelope("e4", &typed("1.1", "!ping")));
    assert_eq!(bot.taken().await.text, "!ping");
    eventually("acknowledgements", || server.world().sockets[0].acknowledged == ["e1", "e2", "e3", "e4"])
        .await;
    assert_eq!(server.world().sockets.len(), 1, "on the first socket");
}

#[tokio::test]
async fn hundreds_of_messages_at_once_are_taken_in_order() {
    let server = Server::start().await;
    let bot = Bot::start_with(
        &server.api_url(),
        timing(),
        Inbox::new(1000),
        &[("bot-token", "xoxb-1"), ("app-token", "xapp-1")],
    );
    bot.connected().await;
    for n in 0..500 {
        server.send(0, &envelope(&format!("e{n}"), &typed(&format!("1.{n}"), &n.to_string())));
    }
    for n in 0..500 {
        assert_eq!(bot.taken().await.text, n.to_string());
    }
    eventually("acknowledgements", || server.world().sockets[0].acknowledged.len() == 500).await;
}
