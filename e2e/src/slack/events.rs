//! The Events API payloads that an act in the workspace causes, in Slack's exact shape, for whatever the app subscribed
//! to, has the scope for and is a member of. What is not delivered is dropped silently, as Slack does.

use serde_json::{Value, json};

use super::{
    delivery::{Kind, Payload},
    ids,
    message::Message,
    workspace::Channel,
    world::World,
};

/// A message was posted: `message`, and `app_mention` too where the bot is addressed outside of a direct message.
pub(crate) fn posted(world: &mut World, message: &Message) {
    let Some(channel) = world.workspace.channels.get(&message.channel) else { return };
    let mut body = message.to_json(&world.origin);
    add_place(&mut body, message, channel);
    let app = &world.workspace.app;
    let mention = format!("<@{}>", app.user_id);
    let is_mention = message.wire_text.contains(&mention)
        && channel.kind.family() != "im"
        && !world.is_from_app(message)
        && app.has_scope("app_mentions:read");
    let mention = is_mention.then(|| mention_of(&body, message));
    if wants_messages(world, channel) {
        queue(world, &message.channel, body);
    }
    if let Some(mention) = mention.filter(|_| subscribed(world, &message.channel, "app_mention")) {
        queue(world, &message.channel, mention);
    }
}

/// A message was edited: `message_changed`, hidden, with what it was.
pub(crate) fn changed(world: &mut World, before: &Message, after: &Message) {
    let ts = world.next_ts();
    let Some(channel) = world.workspace.channels.get(&after.channel) else { return };
    if wants_messages(world, channel) {
        let body = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": after.channel, "ts": ts,
            "event_ts": ts, "channel_type": channel.kind.event_type(), "message": inner(world, after),
            "previous_message": inner(world, before),
        });
        queue(world, &after.channel, body);
    }
}

/// A message was deleted: `message_deleted`.
pub(crate) fn deleted(world: &mut World, message: &Message) {
    let ts = world.next_ts();
    let Some(channel) = world.workspace.channels.get(&message.channel) else { return };
    if wants_messages(world, channel) {
        let body = json!({
            "type": "message", "subtype": "message_deleted", "hidden": true, "channel": message.channel, "ts": ts,
            "event_ts": ts, "channel_type": channel.kind.event_type(), "deleted_ts": message.ts,
            "previous_message": inner(world, message),
        });
        queue(world, &message.channel, body);
    }
}

/// A reaction was added.
pub(crate) fn reacted(world: &mut World, message: &Message, user: &str, name: &str) {
    if !subscribed(world, &message.channel, "reaction_added")
        || !world.workspace.app.has_scope("reactions:read")
    {
        return;
    }
    let body = json!({
        "type": "reaction_added", "user": user, "reaction": name, "item_user": message.user, "event_ts": world.next_ts(),
        "item": { "type": "message", "channel": message.channel, "ts": message.ts },
    });
    queue(world, &message.channel, body);
}

/// Somebody, the bot itself too, became a member of a channel.
pub(crate) fn joined(world: &mut World, channel_id: &str, user: &str) {
    let ts = world.next_ts();
    let Some(channel) = world.workspace.channels.get(channel_id) else { return };
    let scope = format!("{}:read", channel.kind.family());
    if subscribed(world, channel_id, "member_joined_channel") && world.workspace.app.has_scope(&scope) {
        let channel_type = if channel.kind.event_type() == "group" { "G" } else { "C" };
        let body = json!({
            "type": "member_joined_channel", "user": user, "channel": channel_id, "channel_type": channel_type,
            "team": world.workspace.team.id, "event_ts": ts,
        });
        queue(world, channel_id, body);
    }
}

/// Somebody opened the app's own page.
pub(crate) fn opened_home(world: &mut World, channel: &str, user: &str) {
    if subscribed(world, channel, "app_home_opened") {
        let body = json!({
            "type": "app_home_opened", "user": user, "channel": channel, "tab": "home", "event_ts": world.next_ts(),
        });
        queue(world, channel, body);
    }
}

fn add_place(body: &mut Value, message: &Message, channel: &Channel) {
    body["channel"] = json!(message.channel);
    body["event_ts"] = json!(message.ts);
    body["channel_type"] = json!(channel.kind.event_type());
    if let Some(parent) = message.thread_ts.filter(|ts| *ts != message.ts).and_then(|ts| channel.message(ts))
    {
        body["parent_user_id"] = json!(parent.user);
    }
    if channel.shared_with_other_teams {
        body["user_team"] = json!(message.team);
        body["source_team"] = json!(message.team);
    }
}

/// `app_mention` carries the message's own fields under another type, without subtype and `channel_type`.
fn mention_of(body: &Value, message: &Message) -> Value {
    let mut mention = body.clone();
    mention["type"] = json!("app_mention");
    mention["event_ts"] = json!(message.ts);
    if let Value::Object(fields) = &mut mention {
        fields.remove("channel_type");
        fields.remove("subtype");
    }
    mention
}

/// A message inside of `message_changed` and `message_deleted`.
fn inner(world: &World, message: &Message) -> Value {
    let mut body = message.to_json(&world.origin);
    body["source_team"] = json!(message.team);
    body["user_team"] = json!(message.team);
    body
}

fn wants_messages(world: &World, channel: &Channel) -> bool {
    let family = channel.kind.family();
    subscribed(world, &channel.id, &format!("message.{family}"))
        && world.workspace.app.has_scope(&format!("{family}:history"))
}

fn subscribed(world: &World, channel: &str, event: &str) -> bool {
    let app = &world.workspace.app;
    let is_member = world.workspace.channels.get(channel).is_some_and(|c| world.workspace.is_bot_member(c));
    is_member && !app.uninstalled && app.subscriptions.contains(event)
}

fn queue(world: &mut World, channel: &str, event: Value) {
    let app = &world.workspace.app;
    let team = &world.workspace.team.id;
    let event_id = ids::object("Ev");
    let is_shared =
        world.workspace.channels.get(channel).is_some_and(|channel| channel.shared_with_other_teams);
    let name = event["type"].as_str().unwrap_or_default().to_owned();
    let body = json!({
        "token": app.verification_token, "team_id": team, "context_team_id": team, "context_enterprise_id": null,
        "api_app_id": app.id, "event": event, "type": "event_callback", "event_id": event_id,
        "event_time": jiff::Timestamp::now().as_second(), "is_ext_shared_channel": is_shared,
        "authorizations": [{
            "enterprise_id": null, "team_id": team, "user_id": app.user_id, "is_bot": true, "is_enterprise_install": false,
        }],
        "event_context": format!("4-{}", ids::secret(60)),
    });
    world.outgoing.push(Payload { kind: Kind::Event, event: name, event_id: Some(event_id), body });
}
