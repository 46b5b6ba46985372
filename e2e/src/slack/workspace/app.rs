//! The app under test: its ids, its two tokens, the scopes that were granted and the events that it subscribes to.

use std::collections::BTreeSet;

use crate::slack::ids;

/// Scopes a ChatOps bot is installed with; what else a test calls (`reactions.get`, `conversations.join`, `team.info`) it has
/// to grant first.
pub(crate) const DEFAULT_SCOPES: &[&str] = &[
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "reactions:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
];

/// Event subscriptions of the app's manifest. What is missing here is not delivered and nobody is told, as at Slack.
pub(crate) const DEFAULT_SUBSCRIPTIONS: &[&str] = &[
    "app_home_opened",
    "app_mention",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
];

/// A token and what Slack says of it: nothing, or the error that every call with it gets.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) value: String,
    pub(crate) refused: Option<String>,
}

impl Token {
    pub(crate) fn new(value: String) -> Self {
        Self { value, refused: None }
    }
}

/// The one app of the workspace that is under test.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: String,
    /// User id of the bot, `U…`.
    pub(crate) user_id: String,
    /// `B…`
    pub(crate) bot_id: String,
    pub(crate) name: String,
    pub(crate) bot_token: Token,
    pub(crate) app_token: Token,
    /// Bot tokens that were rotated away; Slack knows them still and says `token_revoked`.
    pub(crate) former_tokens: BTreeSet<String>,
    pub(crate) scopes: BTreeSet<String>,
    pub(crate) subscriptions: BTreeSet<String>,
    /// The deprecated `token` field that every event carries.
    pub(crate) verification_token: String,
    /// A revoked bot token means the app is no longer installed: Slack sends it no events.
    pub(crate) uninstalled: bool,
}

impl App {
    pub(crate) fn new(name: &str) -> Self {
        let id = ids::object("A");
        Self {
            bot_token: Token::new(ids::bot_token()),
            app_token: Token::new(ids::app_token(&id)),
            id,
            user_id: ids::object("U"),
            bot_id: ids::object("B"),
            name: name.to_owned(),
            former_tokens: BTreeSet::new(),
            scopes: DEFAULT_SCOPES.iter().map(ToString::to_string).collect(),
            subscriptions: DEFAULT_SUBSCRIPTIONS.iter().map(ToString::to_string).collect(),
            verification_token: ids::secret(24),
            uninstalled: false,
        }
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
    }

    /// The granted scopes as `x-oauth-scopes` and `provided` list them.
    pub(crate) fn scope_list(&self) -> String {
        self.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
    }
}
