//! What exists in the simulated workspace before anybody speaks: the team, its people, its channels and the app under
//! test. Plain data with look-ups; it knows nothing of HTTP, sockets or events.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ids;

mod app;
mod channel;
mod user;

pub(crate) use app::{App, Token};
pub(crate) use channel::Channel;
pub use channel::ChannelKind;
pub use user::{BotIdentity, User};

/// Name of the workspace that a simulator starts with.
pub(crate) const TEAM_NAME: &str = "acme";

/// A workspace as `team.info` tells it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Team {
    /// `T…`
    pub id: String,
    /// Name and domain, `acme`.
    pub name: String,
}

impl Team {
    fn new(name: &str) -> Self {
        Self { id: ids::object("T"), name: name.to_owned() }
    }

    /// Where people open the workspace in a browser.
    pub(crate) fn url(&self) -> String {
        format!("https://{}.slack.com/", self.name)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id, "name": self.name, "domain": self.name, "url": self.url(),
            "email_domain": format!("{}.example", self.name), "icon": { "image_default": true },
        })
    }
}

/// The people, channels and app of one workspace, and the foreign team of its Slack Connect guests.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) team: Team,
    pub(crate) app: App,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) channels: BTreeMap<String, Channel>,
}

impl Workspace {
    /// `acme`: alice (an administrator), bob, carol, the guest gus, frida of another company by Slack Connect, the bot
    /// `ci` of another app; #general and #ops with the app's bot, #partners shared with frida's company, #random without
    /// the bot.
    pub(crate) fn new(bot_name: &str) -> Self {
        let team = Team::new(TEAM_NAME);
        let partner = Team::new("partner");
        let app = App::new(bot_name);
        let people = [
            User::person("alice", &team).admin(),
            User::person("bob", &team),
            User::person("carol", &team),
            User::person("gus", &team).guest(),
            User::person("frida", &partner).stranger(),
            User::bot("ci", &team, &ids::object("B"), &ids::object("A")),
            User::bot(bot_name, &team, &app.bot_id, &app.id).with_id(&app.user_id),
        ];
        let mut workspace = Self {
            team,
            app,
            users: people.into_iter().map(|user| (user.id.clone(), user)).collect(),
            channels: BTreeMap::new(),
        };
        for name in ["general", "ops"] {
            workspace.add_channel(
                name,
                ChannelKind::Public,
                &["alice", "bob", "carol", "gus", "ci", bot_name],
            );
        }
        workspace.add_channel("random", ChannelKind::Public, &["alice", "bob", "carol"]);
        let partners =
            workspace.add_channel("partners", ChannelKind::Public, &["alice", "bob", "frida", bot_name]);
        if let Some(channel) = workspace.channels.get_mut(&partners) {
            channel.shared_with_other_teams = true;
        }
        workspace
    }

    /// Adds a channel whose members are given by name; unknown names are left out. Returns its id.
    pub(crate) fn add_channel(&mut self, name: &str, kind: ChannelKind, members: &[&str]) -> String {
        let members: BTreeSet<String> =
            members.iter().filter_map(|name| Some(self.user(name)?.id.clone())).collect();
        let channel = Channel::new(name, kind, members);
        let id = channel.id.clone();
        self.channels.insert(id.clone(), channel);
        id
    }

    /// A user by id, by `name` or by `@name`.
    pub(crate) fn user(&self, reference: &str) -> Option<&User> {
        let name = reference.trim_start_matches('@');
        self.users.get(reference).or_else(|| self.users.values().find(|user| user.name == name))
    }

    /// A channel by id, by `#name` or by `name`.
    pub(crate) fn channel(&self, reference: &str) -> Option<&Channel> {
        let name = reference.trim_start_matches('#');
        self.channels.get(reference).or_else(|| self.channels.values().find(|channel| channel.name == name))
    }

    /// The direct channel between the app's bot and a user, made on demand. `None` if there is no such user.
    pub(crate) fn direct_channel(&mut self, user: &str) -> Option<String> {
        let user = self.user(user)?.id.clone();
        let existing =
            self.channels.values().find(|c| c.kind == ChannelKind::Direct && c.members.contains(&user));
        if let Some(channel) = existing {
            return Some(channel.id.clone());
        }
        let channel = Channel::direct(&user, &self.app.user_id);
        let id = channel.id.clone();
        self.channels.insert(id.clone(), channel);
        Some(id)
    }

    /// Where a person's words go: `#name`, a channel id, or `@user` for the direct channel of the bot with that user.
    pub(crate) fn resolve(&mut self, reference: &str) -> Option<String> {
        match reference.strip_prefix('@') {
            Some(user) => self.direct_channel(user),
            None => self.channel(reference).map(|channel| channel.id.clone()),
        }
    }

    pub(crate) fn is_bot_member(&self, channel: &Channel) -> bool {
        channel.members.contains(&self.app.user_id)
    }
}
