//! From what people type to the inbox, and the acknowledgements on the way back.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use chatops_bot::{
    chat::{Addressing, MessageKey},
    inbox::{
        Inbox, Meaning, Terms,
        ledger::{Batch, Ledger, Outcome},
        local::Local,
    },
    storage::{Storage, StorageError},
};
use futures::future::BoxFuture;
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
    acknowledged(&server, &["e1", "e1", "e2", "e3", "e4"]).await;
}

/// A place that takes nothing while it is locked.
pub struct Locked {
    place: Local,
    locked: AtomicBool,
}

impl Locked {
    /// Starts a bot whose inbox is beside such a place.
    pub fn start(server: &Server) -> (Arc<Locked>, Bot) {
        let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
        let terms = Terms::default();
        let place = Arc::new(Locked { place: Local::in_memory(terms), locked: AtomicBool::new(true) });
        let inbox = Inbox::over(place.clone(), terms, Box::new(|_| Meaning::Command(None)));
        (place, Bot::start_with(&server.api_url(), timing(), inbox, &tokens))
    }

    pub fn unlock(&self) {
        self.locked.store(false, Relaxed);
    }
}

impl Ledger for Locked {
    fn apply<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Outcome>, StorageError>> {
        if self.locked.load(Relaxed) {
            return Box::pin(async { Err(StorageError::Unreachable) });
        }
        self.place.apply(batch)
    }

    fn outlasts(&self) -> bool {
        true
    }

    fn guarded(&self, _: &str, _: &MessageKey) -> Option<Arc<dyn Storage>> {
        None
    }
}

#[tokio::test]
async fn what_is_not_kept_in_time_is_not_acknowledged_and_taken_once_when_it_comes_again() {
    let server = Server::start().await;
    let (place, bot) = Locked::start(&server);
    bot.connected().await;
    server.send(0, &envelope("e1", &typed("1.1", "first")));
    eventually("that it gives up", || bot.metrics.encode().contains(r#"outcome="refused"} 1"#)).await;
    // What need not be kept is acknowledged.
    server.send(0, &envelope("e2", &json!({"type": "reaction_added"})));
    acknowledged(&server, &["e2"]).await;
    place.unlock();
    server.send(0, &envelope("e3", &typed("1.1", "first")));
    server.send(0, &envelope("e4", &typed("1.2", "second")));
    assert_eq!(bot.taken().await.text, "first");
    assert_eq!(bot.taken().await.text, "second");
    acknowledged(&server, &["e2", "e3", "e4"]).await;
}

/// Waits until exactly these envelopes are acknowledged, in any order.
async fn acknowledged(server: &Server, envelopes: &[&str]) {
    eventually("acknowledgements", || {
        let mut acknowledged = server.world().sockets[0].acknowledged.clone();
        acknowledged.sort();
        acknowledged == envelopes
    })
    .await;
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
    acknowledged(&server, &["e1", "e2", "e3", "e4"]).await;
    assert_eq!(server.world().sockets.len(), 1, "on the first socket");
}

#[tokio::test]
async fn hundreds_of_messages_at_once_are_taken_in_order() {
    let server = Server::start().await;
    let terms = Terms { lane: 1_000, ..Terms::default() };
    let inbox = Inbox::over(Arc::new(Local::in_memory(terms)), terms, Box::new(|_| Meaning::Command(None)));
    let bot = Bot::start_with(
        &server.api_url(),
        timing(),
        inbox,
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
