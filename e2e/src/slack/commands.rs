//! Slash commands and clicks: the payload that goes to the app, and the answers that come back in the acknowledgement or
//! by the response URL.

use std::time::Instant;

use serde_json::{Value, json};

use super::{
    delivery::{Kind, Payload},
    ids, markup,
    message::Message,
    modals,
    response_urls::Place,
    workspace::User,
    world::World,
};

/// Queues a slash command as typed by a user in a channel.
pub(crate) fn slash(world: &mut World, user: &User, channel: &str, command: &str, text: &str) {
    let response_url = response_url(world, channel, &user.id);
    let trigger_id = world.modals.trigger(&user.id, Instant::now());
    let workspace = &world.workspace;
    let name = match workspace.channels.get(channel) {
        Some(channel) if !channel.name.is_empty() => channel.name.clone(),
        _ => "directmessage".to_owned(),
    };
    let body = json!({
        "token": workspace.app.verification_token, "team_id": workspace.team.id, "team_domain": workspace.team.name,
        "channel_id": channel, "channel_name": name, "user_id": user.id, "user_name": user.name, "command": command,
        "text": markup::after_command(text, workspace), "api_app_id": workspace.app.id,
        "is_enterprise_install": "false", "response_url": response_url, "trigger_id": trigger_id,
    });
    if world.workspace.app.has_scope("commands") {
        world.outgoing.push(Payload {
            kind: Kind::SlashCommand,
            event: command.to_owned(),
            event_id: None,
            body,
        });
    }
}

/// Queues a click on a button of a message.
pub(crate) fn click(world: &mut World, user: &User, message: &Message, action_id: &str, value: &str) {
    let response_url = response_url(world, &message.channel, &user.id);
    let trigger_id = world.modals.trigger(&user.id, Instant::now());
    let workspace = &world.workspace;
    let name =
        workspace.channels.get(&message.channel).map(|channel| channel.name.clone()).unwrap_or_default();
    let body = json!({
        "type": "block_actions", "token": workspace.app.verification_token, "api_app_id": workspace.app.id,
        "user": { "id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id },
        "team": { "id": workspace.team.id, "domain": workspace.team.name }, "enterprise": null,
        "is_enterprise_install": false, "trigger_id": trigger_id,
        "channel": { "id": message.channel, "name": name },
        "container": {
            "type": "message", "message_ts": message.ts, "channel_id": message.channel, "thread_ts": message.thread_ts,
            "is_ephemeral": message.visible_to.is_some(),
        },
        "message": message.to_json(&world.origin), "state": { "values": {} },
        "response_url": response_url,
        "actions": [{
            "type": "button", "action_id": action_id, "block_id": ids::block(), "value": value, "action_ts": message.ts,
            "text": { "type": "plain_text", "text": value, "emoji": true },
        }],
    });
    world.outgoing.push(Payload {
        kind: Kind::Interactive,
        event: action_id.to_owned(),
        event_id: None,
        body,
    });
}

fn response_url(world: &mut World, channel: &str, user: &str) -> String {
    let place = Place { channel: channel.to_owned(), user: user.to_owned() };
    let path = world.response_urls.make(&world.workspace.team.id, place);
    format!("{}/{path}", world.origin.web)
}

/// The acknowledgement came; a payload with text is the answer.
pub(crate) fn answered(world: &mut World, command: &Value, answer: &Value) {
    let channel =
        command["channel_id"].as_str().or(command["channel"]["id"].as_str()).unwrap_or_default().to_owned();
    let user = command["user_id"].as_str().or(command["user"]["id"].as_str()).unwrap_or_default().to_owned();
    if command["type"] == "view_submission" {
        return modals::answered(world, &user, answer);
    }
    respond(world, &channel, &user, answer);
}

/// Nobody took the command: the user sees Slack's own words, nobody else does.
pub(crate) fn failed(world: &mut World, command: &Value, error: &str) {
    if command["type"] == "view_submission" {
        return modals::failed(world, command["user"]["id"].as_str().unwrap_or_default());
    }
    let channel = command["channel_id"].as_str().or(command["channel"]["id"].as_str()).unwrap_or_default();
    let name = command["command"].as_str().unwrap_or("The action");
    let text = format!("{name} failed with the error \"{error}\"");
    let user = command["user_id"].as_str().or(command["user"]["id"].as_str()).map(str::to_owned);
    let message = Message { visible_to: user, author: "slackbot".to_owned(), ..Message::new(channel, &text) };
    world.post(message);
}

/// Posts what the app answers by acknowledgement or response URL: to the asker alone unless it says `in_channel`.
/// False where there was nothing to post.
pub(crate) fn respond(world: &mut World, channel: &str, user: &str, answer: &Value) -> bool {
    let text = answer["text"].as_str().unwrap_or_default();
    if text.is_empty() && answer["blocks"].is_null() {
        return false;
    }
    let is_for_all = answer["response_type"] == "in_channel";
    let message = Message {
        blocks: answer.get("blocks").cloned(),
        attachments: answer.get("attachments").cloned(),
        thread_ts: answer["thread_ts"].as_str().and_then(|ts| ts.parse().ok()),
        visible_to: (!is_for_all).then(|| user.to_owned()),
        ..Message::new(channel, text)
    };
    let message = world.signed_by_app(message);
    world.post(message);
    true
}
