//! The app's own page: told of when a person opens it, and shown as the app published it for that person last (docs: "App
//! Home").

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{events, ids, workspace::User, world::World};

/// The page as one person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Home {
    /// Another one whenever it is published.
    pub hash: String,
    /// As the app sent it.
    pub view: Value,
}

/// Tells the app that `user` looks at it.
pub(crate) fn opened(world: &mut World, user: &User) {
    let Some(channel) = world.workspace.direct_channel(&user.id) else { return };
    events::opened_home(world, &channel, &user.id);
}

/// Shows `view` to `user`.
pub(crate) fn published(world: &mut World, user: &str, view: Value) -> Value {
    let home = Home { hash: ids::uuid(), view };
    let mut answer = home.view.clone();
    answer["id"] = json!(ids::object("V"));
    answer["hash"] = json!(home.hash);
    world.homes.insert(user.to_owned(), home);
    answer
}
