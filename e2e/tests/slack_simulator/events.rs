//! Which events an act causes, and what they look like.

use chatops_e2e::slack::{ChannelKind, Simulator};
use serde_json::{Value, json};

use crate::app::{App, Socket};

async fn connected() -> anyhow::Result<(Simulator, App, Socket)> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let app = App::of(&slack)?;
    let (socket, _) = app.connect().await?;
    Ok((slack, app, socket))
}

async fn event(socket: &mut Socket) -> anyhow::Result<Value> {
    Ok(socket.take().await?["payload"]["event"].take())
}

#[tokio::test]
async fn a_mention_is_a_message_and_an_app_mention_with_one_ts() -> anyhow::Result<()> {
    let (slack, _, mut socket) = connected().await?;
    let typed = slack.user("alice").types("#ops", "@ops a < b").await?;
    let (message, mention) = (event(&mut socket).await?, event(&mut socket).await?);
    let text = format!("<@{}> a &lt; b", slack.workspace().bot_user_id);
    assert_eq!((&message["type"], &message["text"]), (&json!("message"), &json!(text)));
    assert_eq!((&mention["type"], &mention["text"]), (&json!("app_mention"), &json!(text)));
    assert!(message["ts"] == mention["ts"] && message["ts"] == typed.ts.to_string());
    assert_eq!(message["channel_type"], "channel");
    assert_eq!(message["client_msg_id"], mention["client_msg_id"]);
    assert_eq!(message["blocks"][0]["type"], "rich_text");
    Ok(())
}

#[tokio::test]
async fn edits_and_deletions_are_hidden_messages_with_what_was_there_before() -> anyhow::Result<()> {
    let (slack, _, mut socket) = connected().await?;
    let typed = slack.user("alice").types("#ops", "helo").await?;
    slack.user("alice").edits(&typed, "hello").await?;
    slack.user("alice").deletes(&typed).await?;
    let (_, changed, deleted) =
        (event(&mut socket).await?, event(&mut socket).await?, event(&mut socket).await?);
    assert_eq!(changed["subtype"], "message_changed");
    assert_eq!(
        (&changed["previous_message"]["text"], &changed["message"]["text"]),
        (&json!("helo"), &json!("hello"))
    );
    assert_eq!(changed["message"]["ts"], typed.ts.to_string());
    assert_ne!(changed["ts"], typed.ts.to_string());
    assert_eq!((&deleted["subtype"], &deleted["deleted_ts"]), (&json!("message_deleted"), &json!(typed.ts)));
    Ok(())
}

#[tokio::test]
async fn what_bots_say_comes_as_a_message_with_a_bot_id_and_the_apps_own_too() -> anyhow::Result<()> {
    let (slack, app, mut socket) = connected().await?;
    let posted = app.call("chat.postMessage", json!({ "channel": "#ops", "text": "mine" })).await?;
    slack.user("ci").types("#ops", "theirs").await?;
    slack.user("monitoring").posts_as_integration("#ops", "legacy").await?;
    let own = event(&mut socket).await?;
    assert_eq!((&own["ts"], &own["bot_id"]), (&posted["ts"], &json!(slack.workspace().bot_id)));
    assert_eq!(own["bot_profile"]["app_id"], slack.workspace().app_id);
    let other = event(&mut socket).await?;
    assert!(other["bot_id"].is_string() && other["bot_id"] != own["bot_id"]);
    let legacy = event(&mut socket).await?;
    assert_eq!((&legacy["subtype"], &legacy["username"]), (&json!("bot_message"), &json!("monitoring")));
    assert!(legacy["user"].is_null());
    Ok(())
}

#[tokio::test]
async fn every_kind_of_conversation_has_its_channel_type() -> anyhow::Result<()> {
    let (slack, _, mut socket) = connected().await?;
    slack.create_channel("secret", ChannelKind::Private);
    slack.user("alice").types("#secret", "in private").await?;
    assert_eq!(event(&mut socket).await?["channel_type"], "group");
    slack.user("alice").direct_message("@ops in person").await?;
    let direct = event(&mut socket).await?;
    assert_eq!((&direct["type"], &direct["channel_type"]), (&json!("message"), &json!("im")));
    let parent = slack.user("bob").types("#ops", "a question").await?;
    slack.user("carol").types_in_thread(&parent, "a reply").await?;
    let (_, reply) = (event(&mut socket).await?, event(&mut socket).await?);
    assert_eq!(reply["thread_ts"], parent.ts.to_string(), "and no app_mention came for the direct message");
    assert_eq!(reply["parent_user_id"], json!(parent.user));
    Ok(())
}

#[tokio::test]
async fn people_of_other_companies_are_recognisable() -> anyhow::Result<()> {
    let (slack, _, mut socket) = connected().await?;
    slack.user("frida").types("#partners", "hello").await?;
    let envelope = socket.take().await?;
    assert_eq!(envelope["payload"]["is_ext_shared_channel"], true);
    assert_ne!(envelope["payload"]["event"]["user_team"], envelope["payload"]["team_id"]);
    Ok(())
}

#[tokio::test]
async fn nothing_comes_from_channels_without_the_bot_without_the_scope_or_once_uninstalled()
-> anyhow::Result<()> {
    let (slack, _, mut socket) = connected().await?;
    slack.user("alice").types("#random", "not invited").await?;
    slack.remove_scope("channels:history");
    slack.user("alice").types("#ops", "no scope").await?;
    slack.add_scope("channels:history");
    slack.revoke_bot_token();
    slack.user("alice").types("#ops", "uninstalled").await?;
    slack.restore_tokens();
    slack.user("alice").invites("ops", "#random").await?;
    assert_eq!(event(&mut socket).await?["type"], "member_joined_channel");
    slack.user("alice").types("#random", "invited").await?;
    assert_eq!(event(&mut socket).await?["text"], "invited");
    Ok(())
}
