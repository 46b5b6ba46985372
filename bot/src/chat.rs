//! What passes between a chat platform and the command loop, in neutral terms. Imports nothing: adapters decode into
//! these types and encode from them, everything else knows only these. What is typed can be kept: it is written and
//! read as JSON.

pub mod form;
pub mod text;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use text::{Span, mention, mention_channel, open_mention, plain, spans, without_marks};

/// Identity of a typed message on its platform: the same message delivered twice has the same key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageKey(pub String);

/// Somebody who types.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct User {
    /// The platform's stable id, e.g. `U012AB3CD`.
    pub id: String,
    /// A name for people, where the platform sent one.
    pub name: Option<String>,
}

/// A place where people type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// The platform's stable id, e.g. `C012AB3CD`.
    pub id: String,
    /// Only the asker and the bot are in it.
    pub is_direct: bool,
}

/// How the bot is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Addressing {
    /// A message in a channel: a command only if it starts with the prefix.
    Channel,
    /// The message starts with a mention of the bot, which is already taken off its text.
    Mention,
    /// A direct message.
    Direct,
}

/// A message somebody typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Incoming {
    pub key: MessageKey,
    pub user: User,
    pub channel: Channel,
    /// The thread it was typed in.
    pub thread: Option<String>,
    pub addressing: Addressing,
    /// It came by a way that leads to the bot alone, as a slash command or a terminal does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unmistakable: bool,
    /// The thread that an answer below it is in, where the platform has threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_thread: Option<String>,
    /// Plain text, the platform's mark-up decoded.
    pub text: String,
    /// Who and what is named in the text by a name of which the id does not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// When it was typed, in milliseconds since 1970 by the platform's clock; 0 where that is not known.
    #[serde(default)]
    pub typed_at: u64,
    /// Takes the answer where the bot may not post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_url: Option<ReplyUrl>,
    /// Nobody typed it: somebody looks at the bot's own page, and sees the answer there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_home: bool,
    /// Nobody typed it: somebody reacted to a message, with the emoji of this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaction: Option<String>,
}

/// An address that the platform made for the answers to one command. Whoever knows it can answer: it is not printed.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyUrl(pub String);

/// What `@jo` or `#general` in a text means.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// How it stands in the text, as in `@jo`.
    pub text: String,
    /// The platform's stable id of it.
    pub id: String,
}

/// Where an answer goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Target {
    /// Id of the channel, or of a user, whose direct messages with the bot are meant.
    pub channel: String,
    pub thread: Option<String>,
    /// Id of the only user who sees it there; none: everybody does.
    pub only: Option<String>,
    /// Takes the answer where the bot may not post.
    pub reply_url: Option<ReplyUrl>,
    /// The bot's own page as that user sees it, where an answer takes the place of what was there.
    pub is_home: bool,
}

/// Who sees an answer, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Where it was asked.
    Channel,
    /// In a thread below the question.
    Thread,
    /// Only who asked, where it was asked.
    Asker,
    /// Only who asked, in a direct message.
    Direct,
}

/// A message that can be pointed at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Id of the channel.
    pub channel: String,
    /// What the platform calls it there.
    pub id: String,
}

/// What the bot shows on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sign {
    /// It is being worked on.
    Working,
    Succeeded,
    Failed,
}

impl Incoming {
    /// The message itself, where the platform has one.
    pub fn message(&self) -> Option<Message> {
        Some(Message { channel: self.channel.id.clone(), id: self.opens_thread.clone()? })
    }

    /// Where its answer to `audience` goes. What was asked in a thread or a direct message is answered there.
    pub fn reply_target(&self, audience: Audience) -> Target {
        let here = Target {
            channel: self.channel.id.clone(),
            thread: self.thread.clone(),
            only: None,
            reply_url: self.reply_url.clone(),
            is_home: false,
        };
        if self.is_home {
            return Target { channel: self.user.id.clone(), is_home: true, ..Target::default() };
        }
        if self.channel.is_direct {
            return here;
        }
        match audience {
            Audience::Channel => here,
            Audience::Thread => Target { thread: here.thread.or_else(|| self.opens_thread.clone()), ..here },
            Audience::Asker => Target { only: Some(self.user.id.clone()), ..here },
            Audience::Direct => Target { channel: self.user.id.clone(), ..Target::default() },
        }
    }
}

/// An answer on its way to the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub target: Target,
    /// Plain text with mentions in it ([`mention`], [`mention_channel`]). The adapter escapes what would otherwise be
    /// mark-up that notifies people.
    pub text: String,
    /// The line that lacks arguments, where a platform with forms may ask for them.
    pub lacking: Option<String>,
    /// The most lines it may have, and still be a message where a platform has files.
    pub max_lines: Option<usize>,
}

impl Reply {
    /// An answer that asks for nothing and is no file.
    pub fn new(target: Target, text: impl Into<String>) -> Reply {
        Reply { target, text: text.into(), lacking: None, max_lines: None }
    }
}

impl fmt::Display for MessageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReplyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A message that somebody types in a channel.
    pub fn typed(text: &str) -> Incoming {
        Incoming {
            key: MessageKey("C1:1".into()),
            user: User { id: "U1".into(), name: None },
            channel: Channel { id: "C1".into(), is_direct: false },
            thread: None,
            opens_thread: None,
            addressing: Addressing::Channel,
            is_unmistakable: false,
            text: text.into(),
            references: vec![],
            typed_at: 0,
            reply_url: None,
            is_home: false,
            reaction: None,
        }
    }

    #[test]
    fn an_address_for_answers_is_not_printed() {
        assert_eq!(format!("{:?}", Some(ReplyUrl("https://slack.example/1".into()))), "Some(***)");
    }
}
