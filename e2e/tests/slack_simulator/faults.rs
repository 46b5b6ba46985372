//! Every fault does what it says, and ends when it is told to.

use std::time::Duration;

use chatops_e2e::slack::{ApiFailure, Fault, Simulator};
use serde_json::{Value, json};

use crate::app::{App, DEADLINE};

/// Long enough to tell "no answer" from "an answer"; the fault lasts as long as the test.
const NO_ANSWER: Duration = Duration::from_millis(300);

async fn started() -> anyhow::Result<(Simulator, App)> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let app = App::of(&slack)?;
    Ok((slack, app))
}

fn next_post(failure: ApiFailure) -> Fault {
    Fault::Api { method: "chat.postMessage".to_owned(), times: 1, failure }
}

fn post(text: &str) -> Value {
    json!({ "channel": "#ops", "text": text })
}

#[tokio::test]
async fn a_call_can_fail_in_each_way_once() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    let token = slack.bot_token();
    slack.inject(next_post(ApiFailure::Error("internal_error".to_owned())));
    assert_eq!(app.refused("chat.postMessage", post("1")).await?, "internal_error");
    slack.inject(next_post(ApiFailure::Status(503)));
    assert_eq!(app.request("chat.postMessage", &token, post("2")).send().await?.status(), 503);
    slack.inject(next_post(ApiFailure::RateLimited(7)));
    let limited = app.request("chat.postMessage", &token, post("3")).send().await?;
    assert_eq!((limited.status().as_u16(), limited.headers()["retry-after"].to_str()?), (429, "7"));
    slack.inject(next_post(ApiFailure::Garbage));
    assert!(app.call("chat.postMessage", post("4")).await.is_err());
    slack.inject(next_post(ApiFailure::Hang));
    assert!(app.request("chat.postMessage", &token, post("5")).timeout(NO_ANSWER).send().await.is_err());
    assert!(slack.messages("#ops")?.is_empty(), "a failed call had an effect");
    assert_eq!(app.call("chat.postMessage", post("6")).await?["ok"], true);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_a_message_nobody_confirmed() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    slack.inject(next_post(ApiFailure::LostAnswer));
    let request = app.request("chat.postMessage", &slack.bot_token(), post("posted all the same"));
    assert!(request.timeout(NO_ANSWER).send().await.is_err());
    assert_eq!(slack.messages("#ops")?[0].text, "posted all the same");
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_on_its_port() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    let (mut socket, _) = app.connect().await?;
    slack.inject(Fault::RefuseConnections { millis: None });
    assert!(socket.next_or_end().await?.is_none());
    let refused = || async { tokio::net::TcpStream::connect(slack.address()).await.is_err().then_some(()) };
    let mut is_down = None;
    // The listener goes a moment after the gate is closed.
    while is_down.is_none() {
        is_down = refused().await;
    }
    assert!(app.call("auth.test", json!({})).await.is_err());
    slack.clear_faults();
    tokio::time::timeout(DEADLINE, async { while app.call("auth.test", json!({})).await.is_err() {} })
        .await?;
    assert_eq!(app.connect().await?.1["type"], "hello");
    Ok(())
}

#[tokio::test]
async fn a_black_hole_takes_requests_and_answers_none() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    slack.inject(Fault::BlackHole { millis: None });
    let request = app.request("auth.test", &slack.bot_token(), json!({}));
    assert!(request.timeout(NO_ANSWER).send().await.is_err_and(|error| error.is_timeout()));
    slack.clear_faults();
    assert_eq!(app.call("auth.test", json!({})).await?["ok"], true);
    Ok(())
}

#[tokio::test]
async fn a_handshake_can_hang() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    slack.inject(Fault::HandshakeHang { times: 1 });
    let url = app.socket_url().await?;
    let hangs = tokio::time::timeout(NO_ANSWER, tokio_tungstenite::connect_async(url)).await;
    assert!(hangs.is_err(), "the handshake was answered");
    assert_eq!(app.connect().await?.1["type"], "hello");
    Ok(())
}

#[tokio::test]
async fn events_and_envelopes_can_come_twice() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    let (mut socket, _) = app.connect().await?;
    slack.inject(Fault::DuplicateEvents { times: 1 });
    slack.user("alice").types("#ops", "two envelopes").await?;
    let (first, second) = (socket.take().await?, socket.take().await?);
    assert_eq!(first["payload"]["event_id"], second["payload"]["event_id"]);
    assert_ne!(first["envelope_id"], second["envelope_id"]);
    slack.inject(Fault::RepeatEnvelopes { times: 1, after_millis: 50 });
    slack.user("alice").types("#ops", "one envelope twice").await?;
    assert_eq!(socket.take().await?, socket.take().await?);
    Ok(())
}

#[tokio::test]
async fn a_lost_acknowledgement_brings_the_event_again() -> anyhow::Result<()> {
    let slack = Simulator::builder().ack_deadline(NO_ANSWER).start().await?;
    let app = App::of(&slack)?;
    let (mut socket, _) = app.connect().await?;
    slack.inject(Fault::LoseAcknowledgements { times: 1 });
    slack.user("alice").types("#ops", "hello").await?;
    let (first, second) = (socket.take().await?, socket.take().await?);
    assert_eq!((&first["retry_attempt"], &second["retry_attempt"]), (&json!(0), &json!(1)));
    Ok(())
}

#[tokio::test]
async fn sockets_can_be_cut_disconnected_and_fed_garbage() -> anyhow::Result<()> {
    let (slack, app) = started().await?;
    let (mut socket, _) = app.connect().await?;
    slack.inject(Fault::Garbage { frame: "{ nonsense".to_owned() });
    assert!(socket.next().await.is_err_and(|error| error.is::<serde_json::Error>()));
    slack.inject(Fault::Disconnect { reason: "link_disabled".to_owned() });
    assert_eq!(socket.next().await?["reason"], "link_disabled");
    assert!(socket.next_or_end().await?.is_none());
    let (mut socket, _) = app.connect().await?;
    slack.inject(Fault::DropSockets);
    assert!(socket.next_or_end().await?.is_none());
    slack.wait_for_sockets(0, DEADLINE).await
}
