//! A frame of Slack's Socket Mode → what it means to the bot. Pure, and lenient: of the JSON only the fields that
//! matter are read, and one that has another form than expected counts as absent.

mod interactive;

use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::markup::{self, Decoded};
use crate::chat::{Addressing, Channel, Incoming, MessageKey, ReplyUrl, User};
pub use interactive::{Click, Submission};

/// Who the bot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Id of the bot's user, `U…`: whom people mention.
    pub user_id: String,
    /// Id of the bot itself, `B…`.
    pub bot_id: Option<String>,
}

/// A decoded frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What an acknowledgement must repeat; a frame without it wants none.
    pub envelope_id: Option<String>,
    pub content: Content,
}

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The socket works from now on. Slack counts `connections` of this app, dead ones that it has not noticed yet
    /// included.
    Hello { connections: Option<u64> },
    /// Slack is about to end the socket.
    Disconnect(Disconnect),
    /// Somebody typed something that may be meant for the bot.
    Message(Incoming),
    /// Somebody put an emoji under a message: which one may run a command. `on` is the `ts` of the message.
    Reaction { incoming: Incoming, on: String },
    /// Somebody called the bot by a slash command, which Slack never delivers again.
    Slash(Incoming),
    /// Somebody clicked, which Slack never delivers again.
    Click(Click),
    /// Somebody filled a form in, which Slack never delivers again.
    Submission(Submission),
    /// Nothing to act upon.
    Ignored(Ignored),
}

/// Why Slack ends a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnect {
    /// `warning`, `refresh_requested`, or a reason that is new to us: another socket should be opened.
    Refresh,
    /// `link_disabled`: Socket Mode was switched off for the app.
    LinkDisabled,
    /// `too_many_websockets`.
    TooMany,
}

/// Why a frame is not acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// No JSON object, or without anything known.
    Malformed,
    /// Another event than a message or a mention.
    OtherEvent,
    /// The bot typed it.
    Own,
    /// Another bot typed it.
    Bot,
    /// Nobody typed it: somebody joined, a message was edited or deleted, and so on.
    Notice,
    /// It has no text.
    Empty,
}

/// Sub-types of messages that a person typed.
const TYPED: [&str; 3] = ["thread_broadcast", "file_share", "me_message"];

/// The event that somebody opened a tab of the app (docs: "app_home_opened").
pub(super) const HOME: &str = "app_home_opened";

/// The event that somebody reacted (docs: "reaction_added").
const REACTION: &str = "reaction_added";

/// What the keys of reactions, slash commands, forms and openings of the own page start with; those of messages start
/// with the id of a channel.
const SLASH: char = '/';

/// Slack's own bot, which has no bot id.
const SLACKBOT: &str = "USLACKBOT";

#[derive(Deserialize)]
struct RawFrame {
    #[serde(rename = "type", default, deserialize_with = "text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "text")]
    envelope_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    reason: Option<String>,
    num_connections: Option<serde_json::Value>,
    payload: Option<RawPayload>,
}

#[derive(Deserialize)]
struct RawPayload {
    event: Option<RawEvent>,
    /// This and what follows is of a slash command (docs: "Slash commands", "Preparing your app to receive Commands").
    #[serde(default, deserialize_with = "text")]
    trigger_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    channel_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "text")]
    response_url: Option<String>,
}

#[derive(Deserialize)]
struct RawEvent {
    #[serde(rename = "type", default, deserialize_with = "text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "text")]
    subtype: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user: Option<String>,
    #[serde(default, deserialize_with = "text")]
    bot_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "text")]
    channel_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    ts: Option<String>,
    #[serde(default, deserialize_with = "text")]
    thread_ts: Option<String>,
    #[serde(default, deserialize_with = "text")]
    text: Option<String>,
    edited: Option<IgnoredAny>,
    /// Of [`HOME`].
    #[serde(default, deserialize_with = "text")]
    tab: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_ts: Option<String>,
    /// This and what follows is of [`REACTION`].
    #[serde(default, deserialize_with = "text")]
    reaction: Option<String>,
    item: Option<serde_json::Value>,
}

/// What somebody reacted to.
#[derive(Deserialize)]
struct RawItem {
    #[serde(rename = "type", default, deserialize_with = "text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "text")]
    channel: Option<String>,
    #[serde(default, deserialize_with = "text")]
    ts: Option<String>,
}

/// A string, or nothing whatever else is there.
fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Lenient {
        Text(String),
        Other(IgnoredAny),
    }
    Lenient::deserialize(value).map(|value| match value {
        Lenient::Text(text) => Some(text),
        Lenient::Other(_) => None,
    })
}

/// Decodes `frame` for the bot that `identity` names.
pub fn decode(frame: &str, identity: &Identity) -> Frame {
    let Ok(RawFrame { kind, envelope_id, reason, num_connections, payload }) = serde_json::from_str(frame)
    else {
        return Frame { envelope_id: envelope_id(frame), content: Content::Ignored(Ignored::Malformed) };
    };
    let content = match (kind.as_deref(), payload) {
        (Some("hello"), _) => {
            Content::Hello { connections: num_connections.and_then(|number| number.as_u64()) }
        }
        (Some("disconnect"), _) => Content::Disconnect(disconnect(reason.as_deref())),
        (Some("events_api"), Some(RawPayload { event: Some(event), .. })) => {
            let decoded = match event.kind.as_deref() {
                Some(HOME) => home(event).map(Content::Message),
                Some(REACTION) => reaction(event, identity),
                _ => message(event, identity).map(Content::Message),
            };
            decoded.unwrap_or_else(Content::Ignored)
        }
        (Some("slash_commands"), Some(payload)) => {
            slash(payload).map_or(Content::Ignored(Ignored::Malformed), Content::Slash)
        }
        (Some("interactive"), _) => interactive::decode(frame),
        (Some(_), _) => Content::Ignored(Ignored::OtherEvent),
        (None, _) => Content::Ignored(Ignored::Malformed),
    };
    Frame { envelope_id, content }
}

/// What to acknowledge of a frame whose other parts have a form that nobody foresaw.
fn envelope_id(frame: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Probe {
        envelope_id: String,
    }
    serde_json::from_str(frame).ok().map(|Probe { envelope_id }| envelope_id)
}

fn disconnect(reason: Option<&str>) -> Disconnect {
    match reason {
        Some("link_disabled") => Disconnect::LinkDisabled,
        Some("too_many_websockets") => Disconnect::TooMany,
        _ => Disconnect::Refresh,
    }
}

fn message(event: RawEvent, identity: &Identity) -> Result<Incoming, Ignored> {
    if !matches!(event.kind.as_deref(), Some("message" | "app_mention")) {
        return Err(Ignored::OtherEvent);
    }
    if event.subtype.as_deref().is_some_and(|subtype| !TYPED.contains(&subtype)) || event.edited.is_some() {
        return Err(Ignored::Notice);
    }
    let (Some(user), Some(channel), Some(ts)) = (event.user, event.channel, event.ts) else {
        return Err(if event.bot_id.is_some() { Ignored::Bot } else { Ignored::Malformed });
    };
    if user == identity.user_id || (event.bot_id.is_some() && event.bot_id == identity.bot_id) {
        return Err(Ignored::Own);
    }
    if event.bot_id.is_some() || user == SLACKBOT {
        return Err(Ignored::Bot);
    }
    // A mention comes without `channel_type`, and the app's own tab calls it `app_home`.
    let is_direct = channel.starts_with('D') || event.channel_type.as_deref() == Some("im");
    let raw = event.text.unwrap_or_default();
    let (addressing, raw) = match after_mention(&raw, &identity.user_id) {
        Some(rest) if is_direct => (Addressing::Direct, rest),
        Some(rest) => (Addressing::Mention, rest),
        None if is_direct => (Addressing::Direct, raw.as_str()),
        None => (Addressing::Channel, raw.as_str()),
    };
    // A bare mention asks for something, if only for help.
    if raw.trim().is_empty() && addressing != Addressing::Mention {
        return Err(Ignored::Empty);
    }
    let Decoded { text, references } = markup::decode(raw);
    Ok(Incoming {
        key: MessageKey(format!("{channel}:{ts}")),
        user: User { id: user, name: None },
        channel: Channel { id: channel, is_direct },
        thread: event.thread_ts,
        opens_thread: Some(ts.clone()),
        addressing,
        text,
        references,
        is_unmistakable: false,
        typed_at: millis(&ts),
        reply_url: None,
        is_home: false,
        reaction: None,
    })
}

/// Somebody opened the bot's own page, not the messages beside it.
fn home(event: RawEvent) -> Result<Incoming, Ignored> {
    if event.tab.as_deref() != Some("home") {
        return Err(Ignored::OtherEvent);
    }
    let (Some(user), Some(channel), Some(at)) = (event.user, event.channel, event.event_ts) else {
        return Err(Ignored::Malformed);
    };
    Ok(Incoming {
        key: MessageKey(format!("{SLASH}home.{user}.{at}")),
        user: User { id: user, name: None },
        channel: Channel { id: channel, is_direct: true },
        thread: None,
        opens_thread: None,
        addressing: Addressing::Direct,
        // What a replica answers that knows no such page.
        text: "help".into(),
        references: vec![],
        is_unmistakable: true,
        typed_at: 0,
        reply_url: None,
        is_home: true,
        reaction: None,
    })
}

/// Somebody put an emoji under a message. Where that message stands is not known yet.
fn reaction(event: RawEvent, identity: &Identity) -> Result<Content, Ignored> {
    // Files have reactions, too.
    let is_message = |item: &RawItem| item.kind.as_deref() == Some("message");
    let item = event.item.and_then(|item| serde_json::from_value(item).ok());
    let item = item.filter(is_message).ok_or(Ignored::OtherEvent)?;
    let (Some(user), Some(emoji), Some(at)) = (event.user, event.reaction, event.event_ts) else {
        return Err(Ignored::Malformed);
    };
    let (Some(channel), Some(on)) = (item.channel, item.ts) else { return Err(Ignored::Malformed) };
    if user == identity.user_id {
        return Err(Ignored::Own);
    }
    let is_direct = channel.starts_with('D');
    let incoming = Incoming {
        key: MessageKey(format!("{SLASH}reaction.{channel}.{user}.{at}")),
        user: User { id: user, name: None },
        channel: Channel { id: channel, is_direct },
        thread: None,
        opens_thread: None,
        addressing: if is_direct { Addressing::Direct } else { Addressing::Mention },
        text: format!(":{emoji}:"),
        references: vec![],
        is_unmistakable: true,
        typed_at: millis(&at),
        reply_url: None,
        is_home: false,
        reaction: Some(emoji),
    };
    Ok(Content::Reaction { incoming, on })
}

/// What follows a slash command, said to the bot. Only its trigger names it, and no time does.
fn slash(payload: RawPayload) -> Option<Incoming> {
    let (user, channel) = (payload.user_id?, payload.channel_id?);
    let is_direct = channel.starts_with('D');
    let Decoded { text, references } = markup::decode(&payload.text.unwrap_or_default());
    Some(Incoming {
        key: MessageKey(format!("{SLASH}{}", payload.trigger_id?)),
        user: User { id: user, name: payload.user_name },
        channel: Channel { id: channel, is_direct },
        thread: None,
        opens_thread: None,
        addressing: if is_direct { Addressing::Direct } else { Addressing::Mention },
        text,
        references,
        is_unmistakable: true,
        typed_at: 0,
        reply_url: payload.response_url.map(ReplyUrl),
        is_home: false,
        reaction: None,
    })
}

/// The `ts` of the message that `key` names; a slash command has none.
pub(super) fn timestamp(key: &MessageKey) -> Option<&str> {
    let message = Some(key.0.as_str()).filter(|key| !key.starts_with(SLASH))?;
    message.rsplit_once(':').map(|(_, ts)| ts)
}

/// When a message with this `ts`, as in `1700000000.000100`, was typed.
fn millis(ts: &str) -> u64 {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let thousandths = format!("{fraction:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    seconds.parse::<u64>().map_or(0, |seconds| seconds.saturating_mul(1_000).saturating_add(thousandths))
}

/// The rest of a text that starts with a mention of `user_id`: `<@U1> ping`, `<@U1|bot>: ping`.
fn after_mention<'a>(text: &'a str, user_id: &str) -> Option<&'a str> {
    let rest = text.trim_start().strip_prefix("<@")?.strip_prefix(user_id)?;
    let (label, rest) = rest.split_once('>')?;
    let is_mention = label.is_empty() || label.starts_with('|');
    let rest = rest.strip_prefix([':', ',']).unwrap_or(rest);
    is_mention.then(|| rest.trim_start())
}
