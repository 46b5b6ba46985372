//! What an outbox needs of an adapter.

use std::{future::Future, time::Duration};

use futures::future::BoxFuture;

use crate::chat::Reply;

/// Sends single messages to a platform.
pub trait Sender: Send + Sync + 'static {
    /// Sends `reply`, which is not too long, once.
    fn send(&self, reply: &Reply) -> impl Future<Output = Result<(), SendError>> + Send;

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
    /// It will never work; `0` is the platform's error code.
    #[error("{0}")]
    Rejected(String),
}

/// [`Sender`] behind a pointer, so that who holds an outbox need not know which adapter it feeds.
pub(super) trait DynSender: Send + Sync {
    fn send<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<(), SendError>>;
    fn split(&self, text: &str) -> Vec<String>;
}

impl<S: Sender> DynSender for S {
    fn send<'a>(&'a self, reply: &'a Reply) -> BoxFuture<'a, Result<(), SendError>> {
        Box::pin(Sender::send(self, reply))
    }

    fn split(&self, text: &str) -> Vec<String> {
        super::split(text, self.max_chars(), |c| self.cost(c))
    }
}
