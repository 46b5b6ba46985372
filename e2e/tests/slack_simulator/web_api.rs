//! Tokens, scopes, error codes, limits of messages.

use chatops_e2e::slack::Simulator;
use serde_json::{Value, json};

use crate::app::App;

async fn unlimited() -> anyhow::Result<(Simulator, App)> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let app = App::of(&slack)?;
    Ok((slack, app))
}

async fn error_with_token(app: &App, method: &str, token: &str) -> anyhow::Result<Value> {
    let answer: Value = app.request(method, token, json!({})).send().await?.json().await?;
    Ok(answer["error"].clone())
}

#[tokio::test]
async fn every_bad_token_has_its_own_error() -> anyhow::Result<()> {
    let (slack, app) = unlimited().await?;
    let (bot, socket) = (slack.bot_token(), slack.app_token());
    assert_eq!(error_with_token(&app, "auth.test", "").await?, "not_authed");
    assert_eq!(error_with_token(&app, "auth.test", "xoxb-1-1-x").await?, "invalid_auth");
    assert_eq!(error_with_token(&app, "chat.postMessage", &socket).await?, "not_allowed_token_type");
    assert_eq!(error_with_token(&app, "apps.connections.open", &bot).await?, "not_allowed_token_type");
    slack.reject_app_token("invalid_auth");
    assert_eq!(error_with_token(&app, "apps.connections.open", &socket).await?, "invalid_auth");
    let rotated = slack.rotate_bot_token();
    assert_eq!(error_with_token(&app, "auth.test", &bot).await?, "token_revoked");
    assert_eq!(error_with_token(&app, "auth.test", &rotated).await?, Value::Null);
    slack.reject_bot_token("account_inactive");
    assert_eq!(error_with_token(&app, "auth.test", &rotated).await?, "account_inactive");
    slack.restore_tokens();
    assert_eq!(error_with_token(&app, "auth.test", &rotated).await?, Value::Null);
    Ok(())
}

#[tokio::test]
async fn granted_scopes_are_in_the_header_and_a_missing_one_is_named() -> anyhow::Result<()> {
    let (slack, app) = unlimited().await?;
    slack.remove_scope("chat:write");
    let response = app.request("auth.test", &slack.bot_token(), json!({})).send().await?;
    let scopes = response.headers()["x-oauth-scopes"].to_str()?.to_owned();
    assert!(scopes.contains("im:history") && !scopes.contains("chat:write"), "{scopes}");
    let refused = app.call("chat.postMessage", json!({ "channel": "#ops", "text": "x" })).await?;
    assert_eq!((&refused["error"], &refused["needed"]), (&json!("missing_scope"), &json!("chat:write")));
    assert_eq!(refused["provided"], scopes);
    Ok(())
}

#[tokio::test]
async fn arguments_come_by_query_form_or_json() -> anyhow::Result<()> {
    let (slack, app) = unlimited().await?;
    let alice = slack.workspace().users.into_iter().find(|user| user.name == "alice").expect("alice").id;
    let url = format!("{}/users.info", slack.api_url());
    let query = app.http.get(&url).query(&[("user", &alice), ("token", &slack.bot_token())]);
    let form = app.http.post(&url).bearer_auth(slack.bot_token()).form(&[("user", &alice)]);
    for request in [query, form, app.request("users.info", &slack.bot_token(), json!({ "user": alice }))] {
        let answer: Value = request.send().await?.json().await?;
        assert_eq!(answer["user"]["name"], "alice", "{answer}");
    }
    let blocks = json!([{ "type": "section", "text": { "type": "mrkdwn", "text": "a & *b*" } }]).to_string();
    let form = [("channel", "#ops"), ("blocks", &blocks), ("text", "a&b=c d+é")];
    let request =
        app.http.post(format!("{}/chat.postMessage", slack.api_url())).bearer_auth(slack.bot_token());
    let answer: Value = request.form(&form).send().await?.json().await?;
    assert_eq!(answer["message"]["text"], "a&amp;b=c d+é", "{answer}");
    assert_eq!(slack.messages("#ops")?[0].text, "a & *b*");
    Ok(())
}

#[tokio::test]
async fn a_post_that_slack_refuses_has_slacks_error_code() -> anyhow::Result<()> {
    let (slack, app) = unlimited().await?;
    slack.create_channel("old", chatops_e2e::slack::ChannelKind::Public);
    slack.archive("#old")?;
    let typed = slack.user("alice").types("#ops", "hello").await?;
    let cases = [
        ("chat.postMessage", json!({ "channel": "C0000000000", "text": "x" }), "channel_not_found"),
        ("chat.postMessage", json!({ "channel": "#random", "text": "x" }), "not_in_channel"),
        ("chat.postMessage", json!({ "channel": "#old", "text": "x" }), "is_archived"),
        ("chat.postMessage", json!({ "channel": "#ops" }), "no_text"),
        ("chat.postMessage", json!({ "text": "x" }), "invalid_arguments"),
        (
            "chat.postMessage",
            json!({ "channel": "#ops", "text": "x", "thread_ts": "1.000001" }),
            "thread_not_found",
        ),
        (
            "chat.update",
            json!({ "channel": typed.channel, "ts": typed.ts, "text": "x" }),
            "cant_update_message",
        ),
        (
            "chat.update",
            json!({ "channel": typed.channel, "ts": "1.000001", "text": "x" }),
            "message_not_found",
        ),
        ("chat.delete", json!({ "channel": typed.channel, "ts": typed.ts }), "cant_delete_message"),
        (
            "chat.postEphemeral",
            json!({ "channel": "#ops", "user": "U0000000000", "text": "x" }),
            "user_not_in_channel",
        ),
        (
            "reactions.remove",
            json!({ "channel": typed.channel, "timestamp": typed.ts, "name": "eyes" }),
            "no_reaction",
        ),
        ("users.info", json!({ "user": "U0000000000" }), "user_not_found"),
        ("conversations.history", json!({ "channel": "C0000000000" }), "channel_not_found"),
        ("no.such", json!({}), "unknown_method"),
    ];
    for (method, arguments, expected) in cases {
        assert_eq!(app.refused(method, arguments.clone()).await?, expected, "{method} {arguments}");
    }
    let eyes = json!({ "channel": typed.channel, "timestamp": typed.ts, "name": "eyes" });
    assert_eq!(app.call("reactions.add", eyes.clone()).await?["ok"], true);
    assert_eq!(app.refused("reactions.add", eyes).await?, "already_reacted");
    Ok(())
}

#[tokio::test]
async fn long_text_is_cut_and_long_blocks_are_refused() -> anyhow::Result<()> {
    let (slack, app) = unlimited().await?;
    let long = app.call("chat.postMessage", json!({ "channel": "#ops", "text": "é".repeat(40_001) })).await?;
    assert_eq!(long["warning"], "message_truncated,missing_charset");
    assert_eq!(slack.messages("#ops")?[0].text.chars().count(), 40_000);
    let update = json!({ "channel": long["channel"], "ts": long["ts"], "text": "x".repeat(4001) });
    assert_eq!(app.refused("chat.update", update).await?, "msg_too_long");

    let section =
        |length| json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(length) } });
    let post = |blocks: Vec<Value>| json!({ "channel": "#ops", "text": "fallback", "blocks": blocks });
    let rich = |elements: Value| vec![json!({ "type": "rich_text", "elements": elements })];
    let text =
        |text: &str| json!({ "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] });
    let list = |style: &str, indent: u32| json!({ "type": "rich_text_list", "style": style, "indent": indent, "elements": [text("a")] });
    let cases = [
        (rich(json!([])), "invalid_blocks"),
        (rich(json!([text("")])), "invalid_blocks"),
        (rich(json!([list("bulet", 0)])), "invalid_blocks"),
        (rich(json!([list("bullet", 9)])), "invalid_blocks"),
        (vec![section(3001)], "invalid_blocks"),
        (vec![section(1); 51], "invalid_blocks"),
        (vec![section(3000); 5], "msg_blocks_too_long"),
        (vec![json!({ "type": "sction" })], "invalid_blocks"),
    ];
    for (blocks, expected) in cases {
        assert_eq!(app.refused("chat.postMessage", post(blocks)).await?, expected);
    }
    assert_eq!(app.call("chat.postMessage", post(vec![section(3000); 4])).await?["ok"], true);
    let fine = rich(json!([text("b"), list("ordered", 8), list("bullet", 0)]));
    assert_eq!(app.call("chat.postMessage", post(fine)).await?["ok"], true);
    assert_eq!(slack.messages("#ops")?[2].text, format!("b\n{}1. a\n• a", " ".repeat(32)));
    Ok(())
}

#[tokio::test]
async fn the_fourth_message_of_a_burst_is_refused_with_retry_after() -> anyhow::Result<()> {
    let slack = Simulator::builder().start().await?;
    let app = App::of(&slack)?;
    let mut refused = None;
    for _ in 0..10 {
        let post = json!({ "channel": "#ops", "text": "x" });
        let response = app.request("chat.postMessage", &slack.bot_token(), post).send().await?;
        if response.status() == 429 {
            refused = Some(response);
            break;
        }
    }
    let refused = refused.expect("ten messages at once were all accepted");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.json::<Value>().await?["error"], "ratelimited");
    Ok(())
}

#[tokio::test]
async fn only_the_newest_messages_are_kept() -> anyhow::Result<()> {
    let slack = Simulator::builder().retention(5).start().await?;
    for number in 0..12 {
        slack.user("alice").types("#ops", &number.to_string()).await?;
    }
    let texts: Vec<String> = slack.messages("#ops")?.into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["7", "8", "9", "10", "11"]);
    assert_eq!(slack.journal(0).len(), 5);
    Ok(())
}

#[tokio::test]
async fn an_app_that_notes_what_it_answers_is_believed() -> anyhow::Result<()> {
    let (slack, app) = unlimited().await?;
    let first = slack.user("alice").types("#ops", "!first").await?;
    let second = slack.user("alice").types("#ops", "!second").await?;
    let answers = [format!("{}:{}#0", first.channel, first.ts)];
    let metadata = json!({ "event_type": "answer", "event_payload": { "answers": answers } });
    let late = json!({ "channel": first.channel, "text": "late", "metadata": metadata });
    assert_eq!(app.call("chat.postMessage", late).await?["ok"], true);
    let plain = json!({ "channel": first.channel, "text": "plain" });
    assert_eq!(app.call("chat.postMessage", plain).await?["ok"], true);
    let texts =
        |question| -> Vec<_> { slack.replies_to(question).into_iter().map(|reply| reply.text).collect() };
    assert_eq!(texts(&first), ["late", "plain"]);
    assert_eq!(texts(&second), ["plain"]);
    Ok(())
}
