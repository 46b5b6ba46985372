//! `apps.connections.open`: a one-time URL for a Socket Mode connection.

use serde_json::json;

use super::{Answer, Call};
use crate::slack::world::World;

pub(crate) fn open(world: &mut World, call: &Call) -> Answer {
    let ticket = world.sockets.issue_ticket();
    let app_id = &world.workspace.app.id;
    Ok(json!({ "url": format!("{}/link/?ticket={ticket}&app_id={app_id}", call.origin.sockets) }))
}
