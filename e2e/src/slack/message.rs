//! A message as it is stored and as the Web API and events show it, with both of its texts: the one on the wire and the
//! one that people read.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{ids::Ts, origin::Origin};

/// An emoji under a message and who put it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Without colons, `eyes`.
    pub name: String,
    /// User ids, in order of arrival.
    pub users: Vec<String>,
}

/// An uploaded file; its content is read with [`super::Slack::file_content`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// `F…`
    pub id: String,
    /// File name with extension.
    pub name: String,
    /// Title under which it was shared.
    pub title: String,
    /// Bytes.
    pub size: usize,
    /// User id of the uploader.
    pub user: String,
    /// Seconds since the epoch.
    pub created: u64,
}

impl File {
    pub(crate) fn to_json(&self, origin: &Origin) -> Value {
        let files = &origin.files;
        let extension = self.name.rsplit_once('.').map_or("text", |(_, extension)| extension);
        json!({
            "id": self.id, "created": self.created, "timestamp": self.created, "name": self.name, "title": self.title,
            "mimetype": "text/plain", "filetype": extension, "pretty_type": "Plain Text", "user": self.user,
            "editable": true, "size": self.size, "mode": "snippet", "is_external": false, "external_type": "",
            "is_public": true, "public_url_shared": false, "display_as_bot": false, "username": "", "is_starred": false,
            "has_rich_preview": false, "file_access": "visible",
            "url_private": format!("{files}/files-pri/{}/{}", self.id, self.name),
            "url_private_download": format!("{files}/files-pri/{}/download/{}", self.id, self.name),
            "permalink": format!("{files}/files/{}/{}", self.user, self.id),
        })
    }
}

/// Who changed a message last, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// User id.
    pub user: String,
    /// Time of the change.
    pub ts: Ts,
}

/// One message of a channel, posted by a person, by the app under test or by another bot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Channel id.
    pub channel: String,
    /// Identity within the channel.
    pub ts: Ts,
    /// Time stamp of the message that started the thread, if it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_ts: Option<Ts>,
    /// What people read: entities and mentions decoded, blocks laid out as plain lines.
    pub text: String,
    /// What the API carries: `&lt;`, `<@U…>`, `<http://a|a>`.
    pub wire_text: String,
    /// Handle of the author, `alice`.
    pub author: String,
    /// User id of the author; none for a legacy integration.
    pub user: Option<String>,
    /// Workspace of the author.
    pub team: String,
    /// Set for bots.
    pub bot_id: Option<String>,
    /// Set for bots of an app.
    pub app_id: Option<String>,
    /// `bot_message`, `file_share`, …; plain messages have none.
    pub subtype: Option<String>,
    /// The name a bot chose for this message.
    pub username: Option<String>,
    /// The typing client's own id, on what people type.
    pub client_msg_id: Option<String>,
    /// Block Kit, as sent.
    pub blocks: Option<Value>,
    /// Legacy attachments, as sent.
    pub attachments: Option<Value>,
    /// Application metadata, as sent.
    pub metadata: Option<Value>,
    /// Set when it was edited.
    pub edited: Option<Edited>,
    /// In order of first arrival.
    pub reactions: Vec<Reaction>,
    /// Files that were shared with it.
    pub files: Vec<File>,
    /// For an ephemeral message: the one user id that sees it.
    pub visible_to: Option<String>,
}

impl Message {
    /// An empty message; the caller fills in what it has.
    pub(crate) fn new(channel: &str, wire_text: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            ts: Ts::ZERO,
            thread_ts: None,
            text: String::new(),
            wire_text: wire_text.to_owned(),
            author: String::new(),
            user: None,
            team: String::new(),
            bot_id: None,
            app_id: None,
            subtype: None,
            username: None,
            client_msg_id: None,
            blocks: None,
            attachments: None,
            metadata: None,
            edited: None,
            reactions: Vec::new(),
            files: Vec::new(),
            visible_to: None,
        }
    }

    /// Whether it is a reply in the thread of the given message.
    #[must_use]
    pub fn is_reply_to(&self, parent: Ts) -> bool {
        self.thread_ts == Some(parent) && self.ts != parent
    }

    /// The message object of events and answers, without what depends on the place where it is shown.
    pub(crate) fn to_json(&self, origin: &Origin) -> Value {
        let mut message = json!({ "type": "message", "ts": self.ts, "text": self.wire_text });
        let optional = [
            ("subtype", self.subtype.clone().map(Value::from)),
            ("user", self.user.clone().map(Value::from)),
            ("bot_id", self.bot_id.clone().map(Value::from)),
            ("app_id", self.app_id.clone().map(Value::from)),
            ("username", self.username.clone().map(Value::from)),
            ("client_msg_id", self.client_msg_id.clone().map(Value::from)),
            ("thread_ts", self.thread_ts.map(|ts| json!(ts))),
            ("blocks", self.blocks.clone()),
            ("attachments", self.attachments.clone()),
            ("edited", self.edited.as_ref().map(|edited| json!(edited))),
            ("team", self.user.is_some().then(|| json!(self.team))),
        ];
        for (key, value) in optional {
            if let Some(value) = value {
                message[key] = value;
            }
        }
        if self.bot_id.is_some() && self.subtype.is_none() {
            message["bot_profile"] = self.bot_profile();
        }
        if !self.files.is_empty() {
            message["files"] = self.files.iter().map(|file| file.to_json(origin)).collect();
            message["upload"] = json!(false);
        }
        if !self.reactions.is_empty() {
            message["reactions"] = self.reactions_json();
        }
        message
    }

    pub(crate) fn reactions_json(&self) -> Value {
        let entry = |r: &Reaction| json!({ "name": r.name, "users": r.users, "count": r.users.len() });
        self.reactions.iter().map(entry).collect()
    }

    fn bot_profile(&self) -> Value {
        json!({
            "id": self.bot_id, "app_id": self.app_id, "user_id": self.user, "name": self.author, "deleted": false,
            "updated": 1_700_000_000, "team_id": self.team,
            "icons": {
                "image_36": "https://a.slack-edge.com/80588/img/plugins/app/bot_36.png",
                "image_48": "https://a.slack-edge.com/80588/img/plugins/app/bot_48.png",
                "image_72": "https://a.slack-edge.com/80588/img/plugins/app/service_72.png",
            },
        })
    }
}
