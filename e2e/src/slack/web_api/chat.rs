//! `chat.postMessage`, `postEphemeral`, `update` and `delete`.

use serde_json::{Value, json};

use super::{Answer, Call, blocks, conversations::visible, error::ApiError};
use crate::slack::{ids::Ts, markup, message::Message, workspace::ChannelKind, world::World};

/// Slack cuts text at 40,000 characters (docs: chat.postMessage).
const LONGEST_TEXT: usize = 40_000;
/// `chat.update` refuses more than 4,000 (docs: chat.update, msg_too_long).
const LONGEST_UPDATE: usize = 4_000;

/// What a message consists of, checked.
struct Content {
    text: String,
    blocks: Option<Value>,
    attachments: Option<Value>,
    metadata: Option<Value>,
}

fn content(call: &Call) -> Result<Content, ApiError> {
    let arguments = &call.arguments;
    let blocks =
        arguments.structure("blocks", "invalid_blocks_format")?.filter(|blocks| *blocks != json!([]));
    if let Some(blocks) = &blocks {
        blocks::check(blocks)?;
    }
    let attachments =
        arguments.structure("attachments", "invalid_attachments")?.filter(|list| *list != json!([]));
    let metadata = arguments.structure("metadata", "invalid_metadata_format")?;
    if metadata
        .as_ref()
        .is_some_and(|metadata| !metadata["event_type"].is_string() || !metadata["event_payload"].is_object())
    {
        return Err(ApiError::new("invalid_metadata_schema"));
    }
    let text = arguments.text("text").or_else(|| arguments.text("markdown_text")).unwrap_or_default();
    if text.trim().is_empty() && blocks.is_none() && attachments.is_none() {
        return Err(ApiError::new("no_text"));
    }
    Ok(Content { text: markup::normalised(text), blocks, attachments, metadata })
}

/// The channel to post to: an id, a name, or a user id for the direct channel with that user.
fn addressee(world: &mut World, call: &Call) -> Result<String, ApiError> {
    let reference = call.arguments.required("channel")?;
    let id = if world.workspace.users.contains_key(reference) {
        world.workspace.direct_channel(reference)
    } else {
        world.workspace.channel(reference).map(|channel| channel.id.clone())
    };
    let channel = visible(world, &id.unwrap_or_default())?;
    if channel.is_archived {
        return Err(ApiError::new("is_archived"));
    }
    let may_post_uninvited =
        channel.kind == ChannelKind::Public && world.workspace.app.has_scope("chat:write.public");
    if !world.workspace.is_bot_member(channel) && !may_post_uninvited {
        return Err(ApiError::new("not_in_channel"));
    }
    Ok(channel.id.clone())
}

/// The thread to answer in. A reply to a reply lands in the thread of both.
fn thread(world: &mut World, call: &Call, channel: &str) -> Result<Option<Ts>, ApiError> {
    let Some(asked) = call.arguments.text("thread_ts") else { return Ok(None) };
    let asked: Ts = asked.parse().map_err(|_| ApiError::new("invalid_thread_ts"))?;
    let parent = world.workspace.channels.get(channel).and_then(|channel| channel.message(asked));
    let thread = parent
        .map(|parent| parent.thread_ts.unwrap_or(asked))
        .ok_or_else(|| ApiError::new("thread_not_found"))?;
    Ok(Some(thread))
}

fn draft(world: &mut World, call: &Call) -> Result<Message, ApiError> {
    let channel = addressee(world, call)?;
    let content = content(call)?;
    let thread_ts = thread(world, call, &channel)?;
    let message = Message {
        thread_ts,
        blocks: content.blocks.map(with_block_ids),
        attachments: content.attachments,
        metadata: content.metadata,
        ..Message::new(&channel, &content.text.chars().take(LONGEST_TEXT).collect::<String>())
    };
    Ok(world.signed_by_app(message))
}

/// Slack gives an id to every block that has none.
fn with_block_ids(mut blocks: Value) -> Value {
    for block in blocks.as_array_mut().into_iter().flatten().filter(|block| block["block_id"].is_null()) {
        block["block_id"] = json!(crate::slack::ids::block());
    }
    blocks
}

pub(crate) fn post_message(world: &mut World, call: &Call) -> Answer {
    let mut message = draft(world, call)?;
    if let Some(username) =
        call.arguments.text("username").filter(|_| world.workspace.app.has_scope("chat:write.customize"))
    {
        message.username = Some(username.to_owned());
        message.subtype = Some("bot_message".to_owned());
    }
    let is_cut = call.arguments.text("text").is_some_and(|text| text.chars().count() > LONGEST_TEXT);
    let message = world.post(message);
    let mut shown = message.to_json(&world.origin);
    if let Some(metadata) = &message.metadata {
        shown["metadata"] = metadata.clone();
    }
    let mut answer = json!({ "channel": message.channel, "ts": message.ts, "message": shown });
    if is_cut {
        answer["response_metadata"] = json!({ "warnings": ["message_truncated"] });
    }
    Ok(answer)
}

pub(crate) fn post_ephemeral(world: &mut World, call: &Call) -> Answer {
    let user = call.arguments.required("user")?.to_owned();
    let draft = draft(world, call)?;
    let channel = visible(world, &draft.channel)?;
    if !channel.members.contains(&user) {
        return Err(ApiError::new("user_not_in_channel"));
    }
    let message = world.post(Message { visible_to: Some(user), ..draft });
    Ok(json!({ "message_ts": message.ts }))
}

pub(crate) fn update(world: &mut World, call: &Call) -> Answer {
    let ts = call.arguments.required_ts("ts", "message_not_found")?;
    let channel = visible(world, call.arguments.required("channel")?)?.id.clone();
    let content = content(call)?;
    if content.text.chars().count() > LONGEST_UPDATE {
        return Err(ApiError::new("msg_too_long"));
    }
    own_message(world, &channel, ts, "cant_update_message")?;
    let bot = world.workspace.app.user_id.clone();
    let updated = world.edit(&channel, ts, &bot, |message| {
        message.wire_text.clone_from(&content.text);
        message.blocks = content.blocks.map(with_block_ids);
        message.attachments = content.attachments;
        if content.metadata.is_some() {
            message.metadata = content.metadata;
        }
    });
    let message = updated.ok_or_else(|| ApiError::new("message_not_found"))?;
    Ok(
        json!({ "channel": channel, "ts": ts, "text": message.wire_text, "message": message.to_json(&world.origin) }),
    )
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Answer {
    let ts = call.arguments.required_ts("ts", "message_not_found")?;
    let channel = visible(world, call.arguments.required("channel")?)?.id.clone();
    own_message(world, &channel, ts, "cant_delete_message")?;
    let bot = world.workspace.app.user_id.clone();
    world.delete(&channel, ts, &bot).ok_or_else(|| ApiError::new("message_not_found"))?;
    Ok(json!({ "channel": channel, "ts": ts }))
}

/// A bot may change its own messages only.
fn own_message(world: &World, channel: &str, ts: Ts, otherwise: &'static str) -> Result<(), ApiError> {
    let message = world.workspace.channels.get(channel).and_then(|channel| channel.message(ts));
    let message = message.ok_or_else(|| ApiError::new("message_not_found"))?;
    if world.is_from_app(message) { Ok(()) } else { Err(ApiError::new(otherwise)) }
}
