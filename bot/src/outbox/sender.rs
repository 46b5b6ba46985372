//! What an outbox needs of an adapter.

use std::{future::Future, time::Duration};

use futures::future::BoxFuture;

use crate::chat::{Message, MessageKey, Reply, Sign, Target};

/// What a message tells: a part of the answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The command.
    pub run: MessageKey,
    /// From 0, or [`Mark::FILE`].
    pub part: usize,
}

impl Mark {
    /// The part that is the whole answer, as a file.
    pub const FILE: usize = usize::MAX;
}

/// Sends single messages to a platform.
pub trait Sender: Send + Sync + 'static {
    /// Sends `reply`, which is not too long, once. It carries `marks`, by which [`Sender::find`] finds it.
    fn send(&self, reply: &Reply, marks: &[Mark]) -> impl Future<Output = Result<(), SendError>> + Send;

    /// Sends `reply`, the answer to `run`, as a file; [`Sender::find`] finds it by [`Mark::FILE`]. Refused, it goes as
    /// messages.
    fn send_file(&self, _: &Reply, _run: &MessageKey) -> impl Future<Output = Result<(), SendError>> + Send {
        async { Err(SendError::Rejected("no_files_here".into())) }
    }

    /// The marks of the commands `runs` that messages at `target` carry.
    fn find(
        &self,
        target: &Target,
        runs: &[MessageKey],
    ) -> impl Future<Output = Result<Vec<Mark>, FindError>> + Send;

    /// Puts `sign` on `message`, or takes it off, where the platform has signs.
    fn sign(&self, _: &Message, _: Sign, _: bool) -> impl Future<Output = Result<(), SendError>> + Send {
        async { Ok(()) }
    }

    /// Longest text of one message, measured by [`Sender::cost`].
    fn max_chars(&self) -> usize;

    /// How much of [`Sender::max_chars`] a character of neutral text takes up once it is encoded.
    fn cost(&self, _: char) -> usize {
        1
    }
}

/// Why a message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Too many messages: nothing before `retry_after`.
    #[error("rate limited for {retry_after:?}")]
    RateLimited { retry_after: Duration },
    /// It may work later; `0` says what failed.
    #[error("{0}")]
    Retry(String),
    /// Nobody knows whether it was sent; `0` says what failed.
    #[error("{0}")]
    Doubtful(String),
    /// It will never work; `0` is the platform's error code.
    #[error("{0}")]
    Rejected(String),
}

/// Why nobody knows what was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindError {
    /// It may work later.
    #[error("{error}")]
    Retry { error: String, after: Option<Duration> },
    /// The bot may not look there, or the platform does not tell.
    #[error("the bot may not look")]
    Hidden,
}

/// [`Sender`] behind a pointer, so that who holds an outbox need not know which adapter it feeds.
pub(super) trait DynSender: Send + Sync {
    fn send<'a>(&'a self, reply: &'a Reply, marks: &'a [Mark]) -> BoxFuture<'a, Result<(), SendError>>;
    fn send_file<'a>(&'a self, reply: &'a Reply, run: &'a MessageKey)
    -> BoxFuture<'a, Result<(), SendError>>;
    fn find<'a>(
        &'a self,
        target: &'a Target,
        runs: &'a [MessageKey],
    ) -> BoxFuture<'a, Result<Vec<Mark>, FindError>>;
    fn sign<'a>(&'a self, on: &'a Message, sign: Sign, shown: bool) -> BoxFuture<'a, Result<(), SendError>>;
    fn fits(&self, text: &str) -> bool;
    fn split(&self, text: &str) -> Vec<String>;
}

impl<S: Sender> DynSender for S {
    fn send<'a>(&'a self, reply: &'a Reply, marks: &'a [Mark]) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(Sender::send(self, reply, marks))
    }

    fn send_file<'a>(
        &'a self,
        reply: &'a Reply,
        run: &'a MessageKey,
    ) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(Sender::send_file(self, reply, run))
    }

    fn find<'a>(
        &'a self,
        target: &'a Target,
        runs: &'a [MessageKey],
    ) -> BoxFuture<'a, Result<Vec<Mark>, FindError>> {
        Box::pin(Sender::find(self, target, runs))
    }

    fn sign<'a>(&'a self, on: &'a Message, sign: Sign, shown: bool) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(Sender::sign(self, on, sign, shown))
    }

    fn fits(&self, text: &str) -> bool {
        text.chars().map(|c| self.cost(c)).sum::<usize>() <= self.max_chars()
    }

    fn split(&self, text: &str) -> Vec<String> {
        super::split(text, self.max_chars(), |c| self.cost(c))
    }
}
