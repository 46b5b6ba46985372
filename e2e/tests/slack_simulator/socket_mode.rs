//! Connections, envelopes, redelivery.

use std::time::Duration;

use chatops_e2e::slack::{Delivery, Fault, Outcome, Simulator, Slack};
use serde_json::{Value, json};

use crate::app::{App, DEADLINE};

const ACK_DEADLINE: Duration = Duration::from_millis(300);

/// A simulator in which a minute takes 200 ms.
pub(crate) async fn hurried() -> anyhow::Result<(Simulator, App)> {
    let slack = Simulator::builder().time_factor(300.0).ack_deadline(ACK_DEADLINE).start().await?;
    let app = App::of(&slack)?;
    Ok((slack, app))
}

async fn given_up(slack: &Slack, payloads: u64) -> anyhow::Result<()> {
    slack
        .wait_until("payloads given up", DEADLINE, |slack| (slack.stats().lost >= payloads).then_some(()))
        .await
}

fn of_event(slack: &Slack, event_id: &Value) -> Vec<Delivery> {
    slack
        .deliveries()
        .into_iter()
        .filter(|delivery| delivery.event_id.as_deref() == event_id.as_str())
        .collect()
}

#[tokio::test]
async fn an_event_nobody_acknowledges_comes_again_at_once_after_one_minute_and_after_five()
-> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut socket, _) = app.connect().await?;
    slack.user("alice").types("#ops", "hello").await?;
    let mut envelopes = Vec::new();
    for _ in 0..4 {
        envelopes.push(socket.next().await?);
    }
    let attempts: Vec<&Value> = envelopes.iter().map(|envelope| &envelope["retry_attempt"]).collect();
    assert_eq!(attempts, [0, 1, 2, 3]);
    assert_eq!(envelopes[0]["retry_reason"], "");
    assert!(envelopes[1..].iter().all(|envelope| envelope["retry_reason"] == "timeout"));
    assert!(envelopes.iter().all(|envelope| envelope["payload"] == envelopes[0]["payload"]));
    assert_ne!(envelopes[0]["envelope_id"], envelopes[1]["envelope_id"]);

    given_up(&slack, 1).await?;
    let times: Vec<u64> =
        of_event(&slack, &envelopes[0]["payload"]["event_id"]).iter().map(|d| d.at_millis).collect();
    let waits: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let acknowledgement = u64::try_from(ACK_DEADLINE.as_millis())?;
    assert!(
        waits[0] >= acknowledgement
            && waits[1] >= acknowledgement + 200
            && waits[2] >= acknowledgement + 1000
    );
    Ok(())
}

#[tokio::test]
async fn an_acknowledged_event_comes_once() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut socket, _) = app.connect().await?;
    slack.user("alice").types("#ops", "taken").await?;
    let taken = socket.take().await?;
    slack.user("alice").types("#ops", "ignored").await?;
    given_up(&slack, 1).await?;
    let deliveries = of_event(&slack, &taken["payload"]["event_id"]);
    assert_eq!(deliveries.len(), 1);
    assert!(matches!(deliveries[0].outcome, Outcome::Acknowledged { .. }));
    Ok(())
}

#[tokio::test]
async fn what_is_typed_while_no_socket_is_open_comes_as_a_retry() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    slack.user("alice").types("#ops", "anybody?").await?;
    slack.wait_until("two attempts", DEADLINE, |slack| (slack.stats().deliveries >= 2).then_some(())).await?;
    assert!(slack.deliveries().iter().all(|delivery| delivery.outcome == Outcome::NoSocket));
    let (mut socket, _) = app.connect().await?;
    let envelope = socket.take().await?;
    assert!(envelope["retry_attempt"].as_u64() >= Some(2), "{envelope}");
    assert_eq!(envelope["payload"]["event"]["text"], "anybody?");
    Ok(())
}

#[tokio::test]
async fn a_ticket_opens_one_socket() -> anyhow::Result<()> {
    let (_slack, app) = hurried().await?;
    let url = app.socket_url().await?;
    let _open = tokio_tungstenite::connect_async(&url).await?;
    let again = tokio_tungstenite::connect_async(&url).await.err().map(|error| error.to_string());
    assert!(again.is_some_and(|error| error.contains("403")));
    Ok(())
}

#[tokio::test]
async fn the_eleventh_socket_is_one_too_many_and_ghosts_count() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let mut sockets = Vec::new();
    for number in 1..=4 {
        let (socket, hello) = app.connect().await?;
        assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(number)));
        sockets.push(socket);
    }
    slack.inject(Fault::HalfOpen);
    drop(sockets);
    assert_eq!(app.connect().await?.1["num_connections"], 5);
    assert_eq!(slack.stats().ghosts, 4);
    let mut living = Vec::new();
    while slack.stats().sockets < 10 {
        living.push(app.connect().await?.0);
    }
    let (mut refused, first) = app.connect().await?;
    assert_eq!((&first["type"], &first["reason"]), (&json!("disconnect"), &json!("too_many_websockets")));
    assert!(refused.next_or_end().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn each_payload_goes_to_one_socket_and_all_get_some() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut first, _) = app.connect().await?;
    let (mut second, _) = app.connect().await?;
    for text in ["one", "two", "three", "four"] {
        slack.user("alice").types("#ops", text).await?;
    }
    let mut texts = Vec::new();
    for socket in [&mut first, &mut second] {
        for _ in 0..2 {
            texts.push(socket.take().await?["payload"]["event"]["text"].to_string());
        }
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 4, "{texts:?}");
    Ok(())
}

#[tokio::test]
async fn a_refresh_is_announced_then_asked_for_and_then_the_socket_closes() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut socket, _) = app.connect().await?;
    slack.inject(Fault::Refresh { after_millis: 0 });
    assert_eq!(socket.next().await?["reason"], "warning");
    assert_eq!(socket.next().await?["reason"], "refresh_requested");
    assert!(socket.next_or_end().await?.is_none());
    slack.wait_for_sockets(0, DEADLINE).await
}
