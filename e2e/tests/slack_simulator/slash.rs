//! Slash commands and their response URLs.

use chatops_e2e::slack::{Message, Slack};
use serde_json::{Value, json};

use crate::{
    app::{App, DEADLINE},
    socket_mode::hurried,
};

/// New messages that only one person sees, as they read them.
fn ephemeral(slack: &Slack) -> Vec<Message> {
    let entries = slack.journal(0);
    let messages = entries.iter().filter_map(|entry| entry.action.new_message());
    messages.filter(|message| message.visible_to.is_some()).cloned().collect()
}

async fn told(slack: &Slack, text: &str) -> anyhow::Result<Message> {
    let said = |slack: &Slack| ephemeral(slack).into_iter().find(|message| message.text.contains(text));
    slack.wait_until(text, DEADLINE, said).await
}

/// Posts to a response URL; the status and the body of what comes back.
async fn respond(app: &App, command: &Value, answer: &Value) -> anyhow::Result<(u16, String)> {
    let url = command["payload"]["response_url"].as_str().unwrap_or_default();
    let response = app.http.post(url).json(answer).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

#[tokio::test]
async fn an_unclaimed_slash_command_fails_for_its_user_and_is_not_repeated() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    slack.user("alice").runs_command("#ops", "/ops", "status").await?;
    told(&slack, "/ops failed with the error \"dispatch_failed\"").await?;
    let (mut socket, _) = app.connect().await?;
    slack.user("alice").runs_command("#ops", "/ops", "status").await?;
    assert_eq!(socket.next().await?["payload"]["command"], "/ops");
    let failed = told(&slack, "/ops failed with the error \"operation_timeout\"").await?;
    assert_eq!(
        failed.visible_to.as_deref(),
        slack.workspace().users.iter().find(|user| user.name == "alice").map(|user| user.id.as_str())
    );
    assert_eq!(slack.deliveries().len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_slash_command_carries_what_slacks_carry() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut socket, _) = app.connect().await?;
    slack.user("alice").runs_command("#ops", "/ops", "tell @bob in #random a < b").await?;
    let envelope = socket.take().await?;
    assert_eq!(
        (&envelope["type"], &envelope["accepts_response_payload"]),
        (&json!("slash_commands"), &json!(true))
    );
    let (payload, workspace) = (&envelope["payload"], slack.workspace());
    let bob = workspace.users.iter().find(|user| user.name == "bob").map(|user| user.id.as_str());
    let random = workspace.channels.iter().find(|channel| channel.name == "random");
    let (bob, random) =
        (bob.unwrap_or_default(), random.map(|channel| channel.id.as_str()).unwrap_or_default());
    assert_eq!(payload["text"], format!("tell <@{bob}|bob> in <#{random}|random> a &lt; b"));
    assert_eq!((&payload["user_name"], &payload["channel_name"]), (&json!("alice"), &json!("ops")));
    let stranger = slack.user("bob").runs_command("@alice", "/ops", "x").await;
    assert!(stranger.is_err_and(|error| error.to_string().contains("not in that channel")));
    Ok(())
}

#[tokio::test]
async fn an_acknowledgement_may_carry_the_answer() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut socket, _) = app.connect().await?;
    slack.user("alice").runs_command("#ops", "/ops", "status").await?;
    let envelope = socket.next().await?;
    let answer = json!({ "response_type": "ephemeral", "text": "between us" });
    socket.send(&json!({ "envelope_id": envelope["envelope_id"], "payload": answer })).await?;
    let message = told(&slack, "between us").await?;
    assert_eq!(message.visible_to.as_deref(), envelope["payload"]["user_id"].as_str());
    assert!(slack.messages("#ops")?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_response_url_takes_five_answers_for_all_or_for_one() -> anyhow::Result<()> {
    let (slack, app) = hurried().await?;
    let (mut socket, _) = app.connect().await?;
    slack.user("alice").runs_command("#ops", "/ops", "status").await?;
    let command = socket.take().await?;
    let for_all = json!({ "response_type": "in_channel", "text": "for all" });
    assert_eq!(respond(&app, &command, &for_all).await?, (200, "ok".to_owned()));
    for _ in 0..4 {
        assert_eq!(respond(&app, &command, &json!({ "text": "for one" })).await?.0, 200);
    }
    let (status, body) = respond(&app, &command, &for_all).await?;
    assert_eq!((status, serde_json::from_str(&body)?), (404, json!({ "ok": false, "error": "used_url" })));
    let texts: Vec<String> = slack.messages("#ops")?.into_iter().map(|message| message.text).collect();
    assert_eq!((texts, ephemeral(&slack).len()), (vec!["for all".to_owned()], 4));
    let mut guessed = command.clone();
    let url = guessed["payload"]["response_url"].as_str().unwrap_or_default();
    guessed["payload"]["response_url"] = json!(format!("{url}x"));
    assert_eq!(respond(&app, &guessed, &for_all).await?.0, 404);
    Ok(())
}
