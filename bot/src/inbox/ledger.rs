//! What is asked of the place where commands are kept, and what it answers. Each batch of operations happens at once or
//! not at all, and once however often it is sent. Knows no place.
//!
//! A command is *waiting*, *running*, *started* (it runs and may not be run twice) or *answered* (its answer is kept and
//! is on its way). Commands of one person in one channel make a *lane*: one session has it at a time and runs its
//! commands one after the other. A session that does not renew its lease in time loses its lanes to the others.

use std::{fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;

use crate::{
    chat::{Incoming, MessageKey},
    storage::{Storage, StorageError},
};

/// How long things last and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How long a session that does not renew it keeps its lanes.
    pub lease: Duration,
    /// How long a message is remembered, so that it is not taken twice.
    pub memory: Duration,
    /// Commands kept at most.
    pub backlog: usize,
    /// Commands kept at most of one person in one channel.
    pub lane: usize,
    /// Lines kept at most of what one person typed last.
    pub history: usize,
    /// How long they are kept behind the last one.
    pub history_memory: Duration,
}

impl Default for Terms {
    /// Slack delivers a message again for five minutes (docs: Events API, "Retries"); the rest of the hour is reserve.
    fn default() -> Self {
        Terms {
            lease: Duration::from_secs(6),
            memory: Duration::from_secs(3600),
            backlog: 10_000,
            lane: 100,
            history: 30,
            history_memory: Duration::from_secs(30 * 24 * 3600),
        }
    }
}

/// Operations of one session, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Batch {
    /// Names the session; never used again once it has ended.
    pub session: String,
    /// Number of the batch in its session: a batch that is sent again has the number that it had.
    pub number: u64,
    pub operations: Vec<Operation>,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Starts the session. To be the first.
    Join,
    /// Renews the session's lease, and takes the lanes of the sessions whose lease has run out from them.
    Beat,
    /// Keeps a message, unless it was kept before. `run`: the session would run it at once, and has, if there is an
    /// `answer`.
    Accept { incoming: Box<Incoming>, run: bool, answer: Option<String>, history: Option<History> },
    /// Takes up to `lanes` lanes that nobody has, one channel after the other; none of the channels in `except`.
    Claim { lanes: usize, except: Vec<String> },
    /// The command runs from now on, and may not be run again.
    Start(MessageKey),
    /// The command has run; this is its answer. `next`: the session would run the next one of the lane.
    Answer { key: MessageKey, text: String, next: bool },
    /// The answer has arrived, or none was due: the command is forgotten, but for its key.
    Finish { key: MessageKey, next: bool },
    /// Ends the session; others may take its lanes.
    Leave,
}

/// What a message has to do with what the same person typed before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum History {
    /// It can be repeated: this line is the latest from now on, and stands nowhere else.
    Remember(String),
    /// It repeats the line at this place, from 1 for the latest, which is the latest from now on.
    Repeat(usize),
    /// It asks for all lines.
    List,
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The message was kept, with its answer if there is one; the session has its lane and runs it, or has run it.
    /// `recalled` as in [`Taken`].
    Run { recalled: Vec<String> },
    /// The message was kept, and waits.
    Queued,
    /// The message was kept before.
    Duplicate,
    /// The message was not kept: too many wait.
    Busy,
    /// Done; what to run next, if there is something.
    Next(Option<Box<Taken>>),
    /// The lanes that were claimed.
    Claimed(Vec<Claim>),
    /// Done.
    Noted,
    /// The session has lost this command: another one has it, or has finished it.
    Fenced,
    /// Nothing is known of this command. Only a place that lost what it acknowledged says so.
    Missing,
    /// The session has ended, and nothing was done.
    Gone,
}

/// A command as it is handed out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Taken {
    pub incoming: Incoming,
    /// It was started by a session that has ended, and may not be run again.
    pub started: bool,
    /// The lines that it repeats or asks for, as they were when it was kept, the latest first.
    pub recalled: Vec<String>,
}

/// A lane as it is handed out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Answers that may have arrived or not, in order.
    pub answered: Vec<(Incoming, String)>,
    /// What to run.
    pub run: Option<Taken>,
}

/// A place where commands are kept.
pub trait Ledger: Send + Sync + 'static {
    /// Does what `batch` asks, one outcome for each operation.
    ///
    /// # Errors
    /// [`StorageError`]: it was done or not, and the batch may be sent again.
    fn apply<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Outcome>, StorageError>>;

    /// Whether what is kept outlasts this process.
    fn outlasts(&self) -> bool;

    /// Storage whose writes are part of the command `key` that `session` runs: they happen once however often it is
    /// run, and not at all once the session has lost it. None: this place can't promise that.
    fn guarded(&self, session: &str, key: &MessageKey) -> Option<Arc<dyn Storage>>;
}

/// Whose commands are run one after the other: the person and the channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane(String);

impl Lane {
    /// The lane of a message. White space in ids, which no platform has, is replaced.
    pub fn of(incoming: &Incoming) -> Lane {
        let name = format!("{}/{}", incoming.channel.id, incoming.user.id);
        Lane(name.chars().map(|c| if c <= ' ' { '_' } else { c }).collect())
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
