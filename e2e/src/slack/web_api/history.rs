//! `conversations.history` and `conversations.replies`.

use serde_json::{Value, json};

use super::{Answer, Call, conversations::visible_with_scope, error::ApiError, paging::Page};
use crate::slack::{ids::Ts, message::Message, workspace::Channel, world::World};

/// Messages of a channel, newest first, without thread replies.
pub(crate) fn history(world: &mut World, call: &Call) -> Answer {
    let channel = readable(world, call)?;
    let messages =
        channel.messages.iter().rev().filter(|message| is_top_level(message) && in_range(call, message.ts));
    let messages = messages.map(|message| shown(world, call, channel, message)).collect();
    let page: Page<Value> = Page::cut(call, messages, 100, 999)?;
    let (has_more, metadata) = (page.has_more(), page.metadata());
    let mut answer = json!({ "messages": page.items, "has_more": has_more, "pin_count": 0 });
    if has_more {
        answer["response_metadata"] = metadata;
    }
    Ok(answer)
}

/// A thread's parent and its replies, oldest first.
pub(crate) fn replies(world: &mut World, call: &Call) -> Answer {
    let channel = readable(world, call)?;
    let asked = call.arguments.required_ts("ts", "thread_not_found")?;
    let named = channel.message(asked).ok_or_else(|| ApiError::new("thread_not_found"))?;
    let parent = named.thread_ts.unwrap_or(asked);
    let thread = channel.messages.iter().filter(|message| {
        message.ts == parent || (message.is_reply_to(parent) && in_range(call, message.ts))
    });
    let messages = thread.map(|message| shown(world, call, channel, message)).collect();
    let page: Page<Value> = Page::cut(call, messages, 1000, 1000)?;
    let (has_more, metadata) = (page.has_more(), page.metadata());
    Ok(json!({ "messages": page.items, "has_more": has_more, "response_metadata": metadata }))
}

fn readable<'w>(world: &'w World, call: &Call) -> Result<&'w Channel, ApiError> {
    let channel = visible_with_scope(world, call.arguments.required("channel")?, "history")?;
    if world.workspace.is_bot_member(channel) { Ok(channel) } else { Err(ApiError::new("not_in_channel")) }
}

fn is_top_level(message: &Message) -> bool {
    message.thread_ts.is_none_or(|parent| parent == message.ts)
}

/// `oldest` and `latest` exclude their own message unless `inclusive`.
fn in_range(call: &Call, ts: Ts) -> bool {
    let oldest = call.arguments.ts("oldest").unwrap_or(Ts::ZERO);
    let latest = call.arguments.ts("latest").unwrap_or(Ts::MAX);
    if call.arguments.flag("inclusive") { oldest <= ts && ts <= latest } else { oldest < ts && ts < latest }
}

fn shown(world: &World, call: &Call, channel: &Channel, message: &Message) -> Value {
    let mut shown = message.to_json(&world.origin);
    if let Some(metadata) = message.metadata.as_ref().filter(|_| call.arguments.flag("include_all_metadata"))
    {
        shown["metadata"] = metadata.clone();
    }
    let parent =
        message.thread_ts.filter(|parent| *parent != message.ts).and_then(|parent| channel.message(parent));
    if let Some(parent) = parent {
        shown["parent_user_id"] = json!(parent.user);
    } else if message.thread_ts.is_some() {
        add_thread_summary(&mut shown, channel, message.ts);
    }
    shown
}

fn add_thread_summary(shown: &mut Value, channel: &Channel, parent: Ts) {
    let replies: Vec<&Message> =
        channel.messages.iter().filter(|message| message.is_reply_to(parent)).collect();
    let mut users: Vec<&str> = Vec::new();
    for user in replies.iter().filter_map(|reply| reply.user.as_deref()) {
        if !users.contains(&user) {
            users.push(user);
        }
    }
    shown["reply_count"] = json!(replies.len());
    shown["reply_users_count"] = json!(users.len());
    shown["reply_users"] = json!(users);
    shown["latest_reply"] = json!(replies.last().map(|reply| reply.ts));
    shown["subscribed"] = json!(false);
    shown["is_locked"] = json!(false);
}
