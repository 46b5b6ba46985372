//! `reactions.add`, `remove` and `get`.

use serde_json::json;

use super::{Answer, Call, conversations::visible, error::ApiError};
use crate::slack::{ids::Ts, world::World};

pub(crate) fn add(world: &mut World, call: &Call) -> Answer {
    let (channel, ts, name) = target(world, call)?;
    let bot = world.workspace.app.user_id.clone();
    match world.react(&channel, ts, &bot, &name) {
        None => Err(ApiError::new("message_not_found")),
        Some(false) => Err(ApiError::new("already_reacted")),
        Some(true) => Ok(json!({})),
    }
}

pub(crate) fn remove(world: &mut World, call: &Call) -> Answer {
    let (channel, ts, name) = target(world, call)?;
    let bot = world.workspace.app.user_id.clone();
    match world.unreact(&channel, ts, &bot, &name) {
        None => Err(ApiError::new("message_not_found")),
        Some(false) => Err(ApiError::new("no_reaction")),
        Some(true) => Ok(json!({})),
    }
}

pub(crate) fn get(world: &mut World, call: &Call) -> Answer {
    let ts = call.arguments.required_ts("timestamp", "bad_timestamp")?;
    let channel = visible(world, call.arguments.required("channel")?)?;
    let message = channel.message(ts).ok_or_else(|| ApiError::new("message_not_found"))?;
    Ok(json!({ "type": "message", "channel": channel.id, "message": message.to_json(&world.origin) }))
}

fn target(world: &World, call: &Call) -> Result<(String, Ts, String), ApiError> {
    let name = call.arguments.required("name")?.trim_matches(':').to_owned();
    if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_+':".contains(c)) {
        return Err(ApiError::new("invalid_name"));
    }
    let (Some(channel), Some(_)) = (call.arguments.text("channel"), call.arguments.text("timestamp")) else {
        return Err(ApiError::new("no_item_specified"));
    };
    let ts = call.arguments.required_ts("timestamp", "bad_timestamp")?;
    let channel = visible(world, channel)?;
    if channel.is_archived {
        return Err(ApiError::new("is_archived"));
    }
    if !world.workspace.is_bot_member(channel) {
        return Err(ApiError::new("not_in_channel"));
    }
    Ok((channel.id.clone(), ts, name))
}
