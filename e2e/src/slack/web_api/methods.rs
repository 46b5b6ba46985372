//! The table of methods: which token, which scopes (any one suffices), which rate limit, which function. One line a
//! method, from its reference page.

use super::{Answer, Call, apps, auth, bots, chat, conversations, files, history, reactions, users, views};
use crate::slack::{rate_limits::Tier, world::World};

/// The kind of token a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// `xoxb-`
    Bot,
    /// `xapp-`
    App,
    /// Either.
    Any,
    /// None at all.
    None,
}

#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) token: TokenKind,
    pub(crate) scopes: &'static [&'static str],
    pub(crate) tier: Tier,
    pub(crate) run: fn(&mut World, &Call) -> Answer,
}

const READ: &[&str] = &["channels:read", "groups:read", "im:read", "mpim:read"];
const HISTORY: &[&str] = &["channels:history", "groups:history", "im:history", "mpim:history"];
const OPEN: &[&str] = &["channels:manage", "groups:write", "im:write", "mpim:write"];

const fn bot(
    name: &'static str,
    scopes: &'static [&'static str],
    tier: Tier,
    run: fn(&mut World, &Call) -> Answer,
) -> Method {
    Method { name, token: TokenKind::Bot, scopes, tier, run }
}

pub(crate) static METHODS: &[Method] = &[
    Method { name: "api.test", token: TokenKind::None, scopes: &[], tier: Tier::Four, run: auth::api_test },
    Method {
        name: "apps.connections.open",
        token: TokenKind::App,
        scopes: &[],
        tier: Tier::Three,
        run: apps::open,
    },
    Method { name: "auth.test", token: TokenKind::Any, scopes: &[], tier: Tier::Hundreds, run: auth::test },
    bot("auth.revoke", &[], Tier::Three, auth::revoke),
    bot("bots.info", &["users:read"], Tier::Three, bots::info),
    bot("chat.delete", &["chat:write"], Tier::Three, chat::delete),
    bot("chat.postEphemeral", &["chat:write"], Tier::Four, chat::post_ephemeral),
    bot("chat.postMessage", &["chat:write"], Tier::Posting, chat::post_message),
    bot("chat.update", &["chat:write"], Tier::Three, chat::update),
    bot("conversations.history", HISTORY, Tier::Three, history::history),
    bot("conversations.info", READ, Tier::Three, conversations::info),
    bot("conversations.join", &["channels:join"], Tier::Three, conversations::join),
    bot("conversations.list", READ, Tier::Two, conversations::list),
    bot("conversations.members", READ, Tier::Four, conversations::members),
    bot("conversations.open", OPEN, Tier::Three, conversations::open),
    bot("conversations.replies", HISTORY, Tier::Three, history::replies),
    bot("files.completeUploadExternal", &["files:write"], Tier::Four, files::complete_upload),
    bot("files.getUploadURLExternal", &["files:write"], Tier::Four, files::get_upload_url),
    bot("files.info", &["files:read"], Tier::Four, files::info),
    bot("reactions.add", &["reactions:write"], Tier::Three, reactions::add),
    bot("reactions.get", &["reactions:read"], Tier::Three, reactions::get),
    bot("reactions.remove", &["reactions:write"], Tier::Two, reactions::remove),
    bot("team.info", &["team:read"], Tier::Three, bots::team_info),
    bot("users.info", &["users:read"], Tier::Four, users::info),
    bot("users.list", &["users:read"], Tier::Two, users::list),
    bot("views.open", &[], Tier::Four, views::open),
    bot("views.publish", &[], Tier::Four, views::publish),
];
