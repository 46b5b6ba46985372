//! A conversation: a public or private channel, a direct message, a group of people; with the messages it holds.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::slack::{
    ids::{self, Ts},
    message::Message,
};

/// Kind of a conversation, which decides the scope it needs and the `channel_type` of its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// `#name`, open to every member of the workspace.
    Public,
    /// A private channel.
    Private,
    /// A direct message between the bot and one person.
    Direct,
    /// A direct message among several people.
    Group,
}

impl ChannelKind {
    /// `channel_type` of message events.
    pub(crate) fn event_type(self) -> &'static str {
        match self {
            Self::Public => "channel",
            Self::Private => "group",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }

    /// Name in `types` of `conversations.list`.
    pub(crate) fn list_type(self) -> &'static str {
        match self {
            Self::Public => "public_channel",
            Self::Private => "private_channel",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }

    /// Family of scopes (`channels:read`, `im:history`) and of subscriptions (`message.channels`).
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Direct => "im",
            Self::Group => "mpim",
        }
    }
}

/// One conversation. `messages` is ordered by `ts`, thread replies among the rest, and bounded by the retention.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) id: String,
    /// Without `#`; empty for a direct message.
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    pub(crate) members: BTreeSet<String>,
    pub(crate) is_archived: bool,
    pub(crate) shared_with_other_teams: bool,
    pub(crate) messages: VecDeque<Message>,
    created: u64,
}

impl Channel {
    pub(crate) fn new(name: &str, kind: ChannelKind, members: BTreeSet<String>) -> Self {
        Self {
            id: ids::object(if kind == ChannelKind::Direct { "D" } else { "C" }),
            name: name.to_owned(),
            kind,
            members,
            is_archived: false,
            shared_with_other_teams: false,
            messages: VecDeque::new(),
            created: Ts::after(Ts::ZERO).seconds(),
        }
    }

    pub(crate) fn direct(user: &str, bot_user: &str) -> Self {
        Self::new("", ChannelKind::Direct, BTreeSet::from([user.to_owned(), bot_user.to_owned()]))
    }

    /// The person at the other end of a direct message.
    pub(crate) fn partner(&self, bot_user: &str) -> Option<&str> {
        self.members.iter().map(String::as_str).find(|member| *member != bot_user)
    }

    pub(crate) fn message(&self, ts: Ts) -> Option<&Message> {
        let index = self.messages.binary_search_by_key(&ts, |message| message.ts).ok()?;
        self.messages.get(index)
    }

    pub(crate) fn message_mut(&mut self, ts: Ts) -> Option<&mut Message> {
        let index = self.messages.binary_search_by_key(&ts, |message| message.ts).ok()?;
        self.messages.get_mut(index)
    }

    pub(crate) fn remove(&mut self, ts: Ts) -> Option<Message> {
        let index = self.messages.binary_search_by_key(&ts, |message| message.ts).ok()?;
        self.messages.remove(index)
    }

    /// The channel object of `conversations.info` as the bot sees it.
    pub(crate) fn to_json(&self, team_id: &str, bot_user: &str, with_members: bool) -> Value {
        let mut channel = json!({
            "id": self.id, "created": self.created, "is_archived": self.is_archived, "is_channel": self.kind == ChannelKind::Public,
            "is_group": self.kind == ChannelKind::Private, "is_im": self.kind == ChannelKind::Direct,
            "is_mpim": self.kind == ChannelKind::Group, "is_private": self.kind != ChannelKind::Public,
            "is_org_shared": false, "context_team_id": team_id, "updated": self.created * 1000,
        });
        let details = match self.kind {
            ChannelKind::Direct => json!({
                "user": self.partner(bot_user), "is_user_deleted": false, "is_open": true, "priority": 0,
            }),
            _ => json!({
                "name": self.name, "name_normalized": self.name, "is_general": self.name == "general",
                "is_shared": self.shared_with_other_teams, "is_ext_shared": self.shared_with_other_teams,
                "is_pending_ext_shared": false, "is_member": self.members.contains(bot_user), "creator": "USLACKBOT",
                "unlinked": 0, "previous_names": [], "shared_team_ids": [team_id],
                "topic": { "value": "", "creator": "", "last_set": 0 }, "purpose": { "value": "", "creator": "", "last_set": 0 },
            }),
        };
        if let (Value::Object(channel), Value::Object(details)) = (&mut channel, details) {
            channel.extend(details);
        }
        if with_members {
            channel["num_members"] = json!(self.members.len());
        }
        channel
    }
}
