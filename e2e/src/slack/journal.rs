//! Everything that became visible in the workspace, in order and with times: what people typed and what the app did. It
//! is what tests assert on and what `slack-simulator chat` prints; bounded, oldest first to go.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    ids::Ts,
    message::{File, Message},
};

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// A message was posted.
    Posted {
        /// As it was then.
        message: Message,
    },
    /// A message that one user sees was posted.
    Ephemeral {
        /// `visible_to` names the user.
        message: Message,
    },
    /// A message was edited.
    Updated {
        /// As it is after the change.
        message: Message,
    },
    /// A message was deleted.
    Deleted {
        /// As it was before.
        message: Message,
    },
    /// An emoji was added.
    ReactionAdded {
        /// Channel id of the message.
        channel: String,
        /// Time stamp of the message.
        ts: Ts,
        /// Emoji without colons.
        name: String,
    },
    /// An emoji was taken away.
    ReactionRemoved {
        /// Channel id of the message.
        channel: String,
        /// Time stamp of the message.
        ts: Ts,
        /// Emoji without colons.
        name: String,
    },
    /// A file was uploaded (it is shared by the `Posted` that follows).
    FileUploaded {
        /// The file, without its content.
        file: File,
    },
}

impl Action {
    /// The message that a person now sees because of this action: posted, ephemeral or edited.
    #[must_use]
    pub fn shown(&self) -> Option<&Message> {
        match self {
            Self::Posted { message } | Self::Ephemeral { message } | Self::Updated { message } => {
                Some(message)
            }
            _ => None,
        }
    }

    /// A message that is new, for everybody or for one user.
    #[must_use]
    pub fn new_message(&self) -> Option<&Message> {
        match self {
            Self::Posted { message } | Self::Ephemeral { message } => Some(message),
            _ => None,
        }
    }
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts up by one; the first entry has 1.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Done by the app under test through the Web API (or through a response URL).
    pub by_app: bool,
    /// What happened.
    #[serde(flatten)]
    pub action: Action,
}

/// The bounded record.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: VecDeque<Entry>,
    next: u64,
    retention: usize,
}

impl Journal {
    pub(crate) fn new(retention: usize) -> Self {
        Self { entries: VecDeque::new(), next: 1, retention }
    }

    pub(crate) fn record(&mut self, by_app: bool, action: Action) {
        self.entries.push_back(Entry { sequence: self.next, at: Timestamp::now(), by_app, action });
        self.next += 1;
        if self.entries.len() > self.retention {
            self.entries.pop_front();
        }
    }

    /// Entries with a greater sequence number, oldest first.
    pub(crate) fn since(&self, sequence: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.partition_point(|entry| entry.sequence <= sequence);
        self.entries.range(first..)
    }

    /// Entries from the newest back.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// Sequence number of the newest entry, 0 before the first.
    pub(crate) fn last(&self) -> u64 {
        self.next - 1
    }
}
