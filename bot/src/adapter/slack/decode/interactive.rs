//! Clicks and filled forms (docs: "Interaction payloads"). Pure, and as lenient as the rest.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Content, Ignored, SLASH, text};
use crate::{
    adapter::slack::form::{FILL_IN, FORM, Metadata, Place, filled},
    chat::{Addressing, Channel, Incoming, MessageKey, ReplyUrl, User, form::Filled},
};

/// Somebody asks for a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Opens a modal, once and within 3 s.
    pub trigger_id: String,
    /// The line to complete.
    pub line: String,
    pub place: Place,
}

/// Somebody filled a form in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    pub command: String,
    pub filled: Filled,
    id: String,
    user: User,
    place: Place,
}

impl Submission {
    /// The message that says `line` where the form was asked for.
    pub fn said(&self, line: String) -> Incoming {
        let channel =
            Channel { id: self.place.channel.clone(), is_direct: self.place.channel.starts_with('D') };
        Incoming {
            key: MessageKey(format!("{SLASH}{}", self.id)),
            user: self.user.clone(),
            addressing: if channel.is_direct { Addressing::Direct } else { Addressing::Mention },
            channel,
            thread: self.place.thread.clone(),
            is_unmistakable: true,
            opens_thread: self.place.message.clone(),
            text: line,
            references: vec![],
            typed_at: 0,
            reply_url: self.place.reply_url.clone(),
            is_home: false,
            reaction: None,
        }
    }
}

#[derive(Deserialize)]
struct Frame {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "type", default, deserialize_with = "text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "text")]
    trigger_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    response_url: Option<String>,
    #[serde(default)]
    user: Value,
    #[serde(default)]
    container: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    actions: Value,
    #[serde(default)]
    view: Value,
}

/// What `frame` means, which is an interaction.
pub(super) fn decode(frame: &str) -> Content {
    let Ok(Frame { payload }) = serde_json::from_str(frame) else {
        return Content::Ignored(Ignored::Malformed);
    };
    let decoded = match payload.kind.as_deref() {
        Some("block_actions") => click(payload),
        Some("view_submission") => submission(&payload),
        _ => None,
    };
    decoded.unwrap_or(Content::Ignored(Ignored::OtherEvent))
}

fn click(payload: Payload) -> Option<Content> {
    let action = payload.actions.as_array()?.iter().find(|action| action["action_id"] == FILL_IN)?;
    let own = |value: &Value| value.as_str().map(str::to_owned);
    let container = &payload.container;
    let is_seen_by_all = container["is_ephemeral"] != true;
    let thread = own(&container["thread_ts"]).or_else(|| own(&payload.message["thread_ts"]));
    let message = own(&container["message_ts"]).filter(|_| is_seen_by_all);
    let reply_url = payload.response_url.map(ReplyUrl);
    let place = Place { channel: own(&container["channel_id"])?, thread, message, reply_url };
    Some(Content::Click(Click { trigger_id: payload.trigger_id?, line: own(&action["value"])?, place }))
}

fn submission(payload: &Payload) -> Option<Content> {
    let (view, user) = (&payload.view, &payload.user);
    let id = view["id"].as_str().filter(|_| view["callback_id"] == FORM)?.to_owned();
    let Metadata { command, place } = serde_json::from_str(view["private_metadata"].as_str()?).ok()?;
    let none = Map::new();
    let filled = filled(view["state"]["values"].as_object().unwrap_or(&none));
    let name = user["username"].as_str().or(user["name"].as_str()).map(str::to_owned);
    let user = User { id: user["id"].as_str()?.to_owned(), name };
    Some(Content::Submission(Submission { command, filled, id, user, place }))
}
