//! `bots.info` and `team.info`.

use serde_json::json;

use super::{Answer, Call, error::ApiError};
use crate::slack::world::World;

pub(crate) fn info(world: &mut World, call: &Call) -> Answer {
    let wanted = call.arguments.required("bot")?;
    let mut users = world.workspace.users.values();
    let found =
        users.find_map(|user| user.bot.as_ref().filter(|bot| bot.bot_id == wanted).map(|bot| (user, bot)));
    let (user, bot) = found.ok_or_else(|| ApiError::new("bot_not_found"))?;
    Ok(json!({ "bot": {
        "id": bot.bot_id, "deleted": user.deleted, "name": user.name, "updated": 1_700_000_000, "app_id": bot.app_id,
        "user_id": user.id, "icons": {
            "image_36": "https://a.slack-edge.com/80588/img/plugins/app/bot_36.png",
            "image_48": "https://a.slack-edge.com/80588/img/plugins/app/bot_48.png",
            "image_72": "https://a.slack-edge.com/80588/img/plugins/app/service_72.png",
        },
    } }))
}

pub(crate) fn team_info(world: &mut World, call: &Call) -> Answer {
    let team = &world.workspace.team;
    match call.arguments.text("team") {
        Some(other) if other != team.id => Err(ApiError::new("team_not_found")),
        _ => Ok(json!({ "team": team.to_json() })),
    }
}
