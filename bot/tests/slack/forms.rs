//! Buttons, modals and what is filled in, against a server that shows what it gets.

use std::time::Duration;

use axum::http::StatusCode;
use chatops_bot::{
    chat::{Addressing, MessageKey, Reply, Target},
    outbox::{Delivery, Outbox, Policy},
    report::Metrics,
};
use serde_json::{Value, json};

use crate::{
    bot::Bot,
    delivery::Locked,
    server::{Server, eventually, slash},
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

fn click(line: &str, ephemeral: bool, response_url: &str) -> Value {
    json!({
        "type": "block_actions", "trigger_id": "12.34", "user": {"id": "U1", "username": "jo"},
        "response_url": response_url,
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
    let long = Reply { lacking: Some("a".repeat(2_001)), ..Reply::new(target.clone(), "missing") };
    outbox.deliver(Delivery::new(long, MessageKey("C1:2".into()))).await.await.unwrap();
    assert!(server.world().posts[1].get("blocks").is_none(), "a button holds no more");
    let long = Reply { lacking: Some("deploy".into()), ..Reply::new(target.clone(), "a".repeat(3_001)) };
    outbox.deliver(Delivery::new(long, MessageKey("C1:3".into()))).await.await.unwrap();
    assert!(server.world().posts[2].get("blocks").is_none(), "nor does a section");
    let parts = Reply {
        lacking: Some("deploy".into()),
        ..Reply::new(target, format!("{}\n{}", "a".repeat(2_900), "b".repeat(2_900)))
    };
    outbox.deliver(Delivery::new(parts, MessageKey("C1:4".into()))).await.await.unwrap();
    let has_button = |n: usize| server.world().posts[n].get("blocks").is_some();
    assert_eq!([has_button(3), has_button(4)], [false, true], "the button is below the last part");
}

#[tokio::test]
async fn of_several_answers_in_one_message_none_asks() {
    let (server, bot) = start().await;
    let policy = Policy { interval: Duration::from_millis(10), ..Policy::default() };
    let outbox = Outbox::with_policy(bot.sender.clone(), Metrics::new(), policy);
    server.world().post_failures = vec![(StatusCode::TOO_MANY_REQUESTS, Some(1))];
    let target = Target { channel: "C1".into(), ..Target::default() };
    let mut arrivals = Vec::new();
    for n in 0..20 {
        let reply = Reply { lacking: Some("deploy".into()), ..Reply::new(target.clone(), n.to_string()) };
        arrivals.push(outbox.deliver(Delivery::new(reply, MessageKey(format!("C1:{n}")))).await);
    }
    futures::future::join_all(arrivals).await.into_iter().for_each(|outcome| outcome.unwrap());
    let posts = server.world().posts.clone();
    let is_merged = |post: &Value| post["text"].as_str().unwrap().contains('\n');
    assert!(posts.iter().any(is_merged), "{posts:?}");
    assert!(posts.iter().all(|post| is_merged(post) != post.get("blocks").is_some()), "{posts:?}");
}

#[tokio::test]
async fn a_click_opens_the_form_of_its_line_and_is_acknowledged() {
    let (server, _bot) = start().await;
    server.send(0, &envelope("e1", click("deploy", false, "")));
    eventually("a modal", || !server.world().views.is_empty()).await;
    acknowledged(&server, "e1").await;
    let opened = server.world().views[0].clone();
    assert_eq!(opened["trigger_id"], "12.34");
    assert_eq!(opened["view"]["blocks"][0]["element"]["max_length"], 10);
    let metadata: Value = serde_json::from_str(opened["view"]["private_metadata"].as_str().unwrap()).unwrap();
    assert_eq!(
        metadata["place"],
        json!({"channel": "C1", "thread": "4.5", "message": "5.6", "reply_url": ""})
    );
    server.send(0, &envelope("e2", click("deploy", true, "")));
    eventually("a modal", || server.world().views.len() == 2).await;
    let opened = server.world().views[1].clone();
    let metadata: Value = serde_json::from_str(opened["view"]["private_metadata"].as_str().unwrap()).unwrap();
    assert!(metadata["place"].get("message").is_none(), "others do not see it: {metadata}");
}

#[tokio::test]
async fn a_click_is_acknowledged_before_its_form_is_there() {
    let (server, bot) = start().await;
    server.world().hangs = true;
    server.send(0, &envelope("e1", click("deploy", false, "")));
    eventually("a call", || !server.world().views.is_empty()).await;
    acknowledged(&server, "e1").await;
    server.send(0, &slash("e2", "1.1", "ping"));
    assert_eq!(bot.taken().await.text, "ping", "the next one waits for no form");
}

#[tokio::test]
async fn who_clicks_where_no_form_opens_is_told_why() {
    let (server, _bot) = start().await;
    let url = server.response_url();
    server.send(0, &envelope("e1", click("gone", true, &url)));
    eventually("a word", || server.world().responses.len() == 1).await;
    server.world().view_error = Some("expired_trigger_id");
    server.send(0, &envelope("e2", click("deploy", true, &url)));
    eventually("another word", || server.world().responses.len() == 2).await;
    let said = server.world().responses.clone();
    assert_eq!(
        said[0],
        json!({"response_type": "ephemeral", "text": "I do not have that command any more."})
    );
    let text = said[1]["text"].as_str().unwrap();
    assert!(text.starts_with("I could not open the form (expired_trigger_id)."), "{text}");
    assert_eq!(server.world().views.len(), 1);
}

/// `what` is filled in as `web`.
fn filled() -> Value {
    let metadata = json!({"command": "deploy", "place": {"channel": "C1"}});
    submission(&metadata, json!({"what": {"value": {"type": "plain_text_input", "value": "web"}}}))
}

/// What the form says that the only acknowledgement keeps open.
fn told(server: &Server) -> String {
    let payloads = server.world().sockets[0].payloads.clone();
    assert_eq!((payloads.len(), payloads[0]["response_action"].as_str()), (1, Some("errors")));
    payloads[0]["errors"]["what"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_form_that_is_not_taken_says_so_and_stays_open() {
    let (server, bot) = start().await;
    bot.inbox.close();
    server.send(0, &envelope("e1", filled()));
    acknowledged(&server, "e1").await;
    assert!(told(&server).starts_with("I cannot take commands at the moment"));
}

#[tokio::test]
async fn a_form_that_is_not_kept_in_time_says_that_it_may_be_lost_and_runs_once() {
    let server = Server::start().await;
    let (place, bot) = Locked::start(&server);
    bot.connected().await;
    server.send(0, &envelope("e1", filled()));
    acknowledged(&server, "e1").await;
    assert!(told(&server).starts_with("My storage does not answer"));
    place.unlock();
    server.send(0, &envelope("e2", filled()));
    server.send(0, &slash("e3", "1.1", "next"));
    assert_eq!((bot.taken().await.text, bot.taken().await.text), ("deploy web".into(), "next".into()));
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
