//! Buttons, modals and what is filled in, against a server that shows what it gets.

use std::time::Duration;

use chatops_bot::{
    chat::{Addressing, MessageKey, Reply, Target},
    outbox::{Delivery, Outbox},
    report::Metrics,
};
use serde_json::{Value, json};

use crate::{
    bot::Bot,
    server::{Server, eventually},
};

async fn start() -> (Server, Bot) {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    (server, bot)
}

fn envelope(id: &str, payload: Value) -> Value {
    json!({"type": "interactive", "envelope_id": id, "payload": payload})
}

async fn acknowledged(server: &Server, id: &str) {
    let is_there = || server.world().sockets[0].acknowledged.iter().any(|other| other == id);
    eventually("an acknowledgement", is_there).await;
}

fn click(line: &str, ephemeral: bool) -> Value {
    json!({
        "type": "block_actions", "trigger_id": "12.34", "user": {"id": "U1", "username": "jo"},
        "container": {"type": "message", "message_ts": "5.6", "channel_id": "C1", "thread_ts": "4.5", "is_ephemeral": ephemeral},
        "actions": [{"type": "button", "action_id": "fill_in", "block_id": "b", "value": line}],
    })
}

fn submission(metadata: &Value, values: Value) -> Value {
    json!({
        "type": "view_submission", "user": {"id": "U1", "username": "jo"},
        "view": {"id": "V1", "callback_id": "form", "private_metadata": metadata.to_string(), "state": {"values": values}},
    })
}

#[tokio::test]
async fn a_line_that_lacks_arguments_is_offered_a_form() {
    let (server, bot) = start().await;
    let outbox = Outbox::start(bot.sender.clone(), Metrics::new());
    let target = Target { channel: "C1".into(), ..Target::default() };
    let reply = Reply { lacking: Some("deploy".into()), ..Reply::new(target.clone(), "is <missing>") };
    outbox.deliver(Delivery::new(reply, MessageKey("C1:1".into()))).await.await.unwrap();
    let post = server.world().posts[0].clone();
    assert_eq!(post["text"], "is &lt;missing&gt;");
    assert_eq!(post["blocks"][0]["text"]["text"], "is &lt;missing&gt;");
    let button = &post["blocks"][1]["elements"][0];
    assert_eq!((button["action_id"].as_str(), button["value"].as_str()), (Some("fill_in"), Some("deploy")));
    let long = Reply { lacking: Some("a".repeat(2_001)), ..Reply::new(target, "missing") };
    outbox.deliver(Delivery::new(long, MessageKey("C1:2".into()))).await.await.unwrap();
    assert!(server.world().posts[1].get("blocks").is_none(), "a button holds no more");
}

#[tokio::test]
async fn a_click_opens_the_form_of_its_line_and_is_acknowledged() {
    let (server, _bot) = start().await;
    server.send(0, &envelope("e1", click("deploy", false)));
    eventually("a modal", || !server.world().views.is_empty()).await;
    acknowledged(&server, "e1").await;
    let opened = server.world().views[0].clone();
    assert_eq!(opened["trigger_id"], "12.34");
    assert_eq!(opened["view"]["blocks"][0]["element"]["max_length"], 10);
    let metadata: Value = serde_json::from_str(opened["view"]["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!(metadata["place"], json!({"channel": "C1", "thread": "4.5", "message": "5.6"}));
    server.send(0, &envelope("e2", click("gone", true)));
    acknowledged(&server, "e2").await;
    assert_eq!(server.world().views.len(), 1, "there is no such command any more");
}

#[tokio::test]
async fn a_filled_form_is_taken_as_a_message_before_it_is_acknowledged() {
    let (server, bot) = start().await;
    let metadata =
        json!({"command": "deploy", "place": {"channel": "C1", "thread": "4.5", "message": "5.6"}});
    server.send(
        0,
        &envelope(
            "e1",
            submission(&metadata, json!({"what": {"value": {"type": "plain_text_input", "value": "web"}}})),
        ),
    );
    let taken = bot.taken().await;
    assert_eq!((taken.text.as_str(), taken.addressing), ("deploy web", Addressing::Mention));
    assert_eq!((taken.key.0.as_str(), taken.user.id.as_str()), ("/V1", "U1"));
    assert_eq!((taken.thread.as_deref(), taken.opens_thread.as_deref()), (Some("4.5"), Some("5.6")));
    acknowledged(&server, "e1").await;
    assert_eq!(server.world().sockets[0].payloads, [] as [Value; 0]);
}

#[tokio::test]
async fn what_is_wrong_keeps_the_form_open() {
    let (server, _bot) = start().await;
    let metadata = json!({"command": "deploy", "place": {"channel": "C1"}});
    server.send(
        0,
        &envelope(
            "e1",
            submission(&metadata, json!({"what": {"value": {"type": "plain_text_input", "value": null}}})),
        ),
    );
    acknowledged(&server, "e1").await;
    assert_eq!(
        server.world().sockets[0].payloads,
        [json!({"response_action": "errors", "errors": {"what": "is missing"}})]
    );
}

#[tokio::test]
async fn interactions_that_mean_nothing_to_the_bot_are_acknowledged() {
    let (server, bot) = start().await;
    let other = json!({"type": "block_actions", "actions": [{"action_id": "other"}]});
    let strange = json!({"type": "view_submission", "view": {"id": "V1", "callback_id": "form", "private_metadata": "?"}});
    for (n, payload) in [other, strange, json!({"type": "shortcut"}), json!([])].into_iter().enumerate() {
        let id = format!("e{n}");
        server.send(0, &envelope(&id, payload));
        acknowledged(&server, &id).await;
    }
    assert_eq!(bot.report().connections, 1);
    tokio::time::timeout(Duration::from_millis(1), bot.taken()).await.unwrap_err();
}
