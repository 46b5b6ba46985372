//! `conversations.info`, `list`, `members`, `open`, `join`, and the look-up of a channel that other families share.

use serde_json::{Value, json};

use super::{Answer, Call, error::ApiError, paging::Page};
use crate::slack::{
    workspace::{Channel, ChannelKind},
    world::World,
};

/// The channel that an argument names by id, as far as the bot may know of it. A private channel that it is not in does
/// not exist for it.
pub(crate) fn visible<'w>(world: &'w World, id: &str) -> Result<&'w Channel, ApiError> {
    let channel = world.workspace.channels.get(id).ok_or_else(|| ApiError::new("channel_not_found"))?;
    let is_visible = channel.kind == ChannelKind::Public || world.workspace.is_bot_member(channel);
    if is_visible { Ok(channel) } else { Err(ApiError::new("channel_not_found")) }
}

/// The same, where the kind of channel decides which scope (`channels:history`, `im:read`) is needed.
pub(crate) fn visible_with_scope<'w>(
    world: &'w World,
    id: &str,
    right: &str,
) -> Result<&'w Channel, ApiError> {
    let channel = visible(world, id)?;
    let scope = format!("{}:{right}", channel.kind.family());
    if world.workspace.app.has_scope(&scope) {
        Ok(channel)
    } else {
        Err(ApiError::missing_scope(&scope, &world.workspace.app.scope_list()))
    }
}

fn shown(world: &World, channel: &Channel, with_members: bool) -> Value {
    channel.to_json(&world.workspace.team.id, &world.workspace.app.user_id, with_members)
}

pub(crate) fn info(world: &mut World, call: &Call) -> Answer {
    let channel = visible_with_scope(world, call.arguments.required("channel")?, "read")?;
    Ok(json!({ "channel": shown(world, channel, call.arguments.flag("include_num_members")) }))
}

pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let mut types = call.arguments.list("types");
    if types.is_empty() {
        types.push(ChannelKind::Public.list_type().to_owned());
    }
    let without_archived = call.arguments.flag("exclude_archived");
    let app = &world.workspace.app;
    let kinds = [ChannelKind::Public, ChannelKind::Private, ChannelKind::Direct, ChannelKind::Group];
    for kind in kinds.iter().filter(|kind| types.iter().any(|name| name == kind.list_type())) {
        let scope = format!("{}:read", kind.family());
        if !app.has_scope(&scope) {
            return Err(ApiError::missing_scope(&scope, &app.scope_list()));
        }
    }
    let channels = world.workspace.channels.values().filter(|channel| {
        types.iter().any(|name| name == channel.kind.list_type())
            && !(without_archived && channel.is_archived)
            && (channel.kind == ChannelKind::Public || world.workspace.is_bot_member(channel))
    });
    let channels = channels.map(|channel| shown(world, channel, true)).collect();
    let page: Page<Value> = Page::cut(call, channels, 100, 1000)?;
    Ok(json!({ "channels": page.items, "response_metadata": page.metadata() }))
}

pub(crate) fn members(world: &mut World, call: &Call) -> Answer {
    let channel = visible_with_scope(world, call.arguments.required("channel")?, "read")?;
    let page = Page::cut(call, channel.members.iter().cloned().collect(), 100, 1000)?;
    Ok(json!({ "members": page.items, "response_metadata": page.metadata() }))
}

/// Opens the direct channel with one user, or names an existing channel. Groups of people are not opened here.
pub(crate) fn open(world: &mut World, call: &Call) -> Answer {
    let users = call.arguments.list("users");
    let id = match (call.arguments.text("channel"), users.as_slice()) {
        (Some(channel), _) => visible(world, channel)?.id.clone(),
        (None, [user]) if !world.workspace.users.contains_key(user) => {
            return Err(ApiError::new("user_not_found"));
        }
        (None, [user]) => {
            world.workspace.direct_channel(user).ok_or_else(|| ApiError::new("user_not_found"))?
        }
        (None, []) => return Err(ApiError::new("users_list_not_supplied")),
        (None, _) => return Err(ApiError::new("not_enough_users")),
    };
    let channel = visible(world, &id)?;
    Ok(match call.arguments.flag("return_im") {
        true => json!({ "channel": shown(world, channel, false) }),
        false => json!({ "channel": { "id": id } }),
    })
}

pub(crate) fn join(world: &mut World, call: &Call) -> Answer {
    let channel = visible(world, call.arguments.required("channel")?)?;
    if channel.is_archived {
        return Err(ApiError::new("is_archived"));
    }
    if channel.kind != ChannelKind::Public {
        return Err(ApiError::new("method_not_supported_for_channel_type"));
    }
    let (id, was_member) = (channel.id.clone(), world.workspace.is_bot_member(channel));
    let bot = world.workspace.app.user_id.clone();
    world.join(&id, &bot);
    let mut answer = json!({ "channel": shown(world, visible(world, &id)?, false) });
    if was_member {
        answer["response_metadata"] = json!({ "warnings": ["already_in_channel"] });
    }
    Ok(answer)
}
