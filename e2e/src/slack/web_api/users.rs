//! `users.info` and `users.list`.

use serde_json::{Value, json};

use super::{Answer, Call, error::ApiError, paging::Page};
use crate::slack::world::World;

pub(crate) fn info(world: &mut World, call: &Call) -> Answer {
    let id = call.arguments.required("user")?;
    let user = world.workspace.users.get(id).ok_or_else(|| ApiError::new("user_not_found"))?;
    Ok(json!({ "user": user.to_json(world.workspace.app.has_scope("users:read.email")) }))
}

pub(crate) fn list(world: &mut World, call: &Call) -> Answer {
    let with_email = world.workspace.app.has_scope("users:read.email");
    let users: Vec<Value> = world.workspace.users.values().map(|user| user.to_json(with_email)).collect();
    let page = Page::cut(call, users, 1000, 1000)?;
    let now = jiff::Timestamp::now().as_second();
    Ok(json!({ "members": page.items, "cache_ts": now, "response_metadata": page.metadata() }))
}
