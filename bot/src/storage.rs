//! Where plugins keep values: one namespace per plugin, JSON values by key. Knows nothing of commands or chat.

mod attempts;
pub mod embedded;
pub mod limits;
pub mod memory;
pub mod open;
pub mod redis;
mod reporter;
mod texts;

use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;

pub use embedded::Embedded;
pub use limits::{Exceeded, Limits};
pub use memory::Memory;
pub use open::{Keeper, Opened, open};
pub use redis::{Redis, Run as RedisRun};

/// Most values that [`list_all`] returns: more would be neither read by people nor bounded in memory.
pub const MAX_LISTED: usize = 10_000;

/// Most values on one page, whatever is asked for.
pub const MAX_PAGE: usize = 1_000;

/// Values of JSON text after which a page ends, in bytes. The first value is on the page however long it is.
pub const MAX_PAGE_BYTES: usize = 4 << 20;

/// A store of values. Each operation is atomic and has a deadline of its own.
pub trait Storage: Send + Sync + 'static {
    /// The value under `key`, if there is one.
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>>;

    /// Writes `value` under `key`, for `ttl` if given and forever if not, and returns the value before, if there was
    /// one.
    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Value,
        ttl: Option<Duration>,
    ) -> Outcome<'a, Option<Value>>;

    /// Removes what is under `key`, and says whether there was something.
    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool>;

    /// The values whose keys start with `prefix` and come behind `after`, in the order of the keys' bytes. A page has
    /// `limit` values, or fewer where [`MAX_PAGE`] or [`MAX_PAGE_BYTES`] ends it.
    fn list<'a>(
        &'a self,
        plugin: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Outcome<'a, Page>;

    /// Replaces the value under `key` by what `change` makes of it, so that no change by others in between is lost,
    /// and returns the value that is there now. `change` is asked again when somebody else was faster. A value that
    /// goes after a while still goes then.
    fn update<'a>(&'a self, plugin: &'a str, key: &'a str, change: Change<'a>) -> Outcome<'a, Option<Value>>;

    /// The plugins that have values, in order. One whose last values have run out may be among them.
    fn plugins(&self) -> Outcome<'_, Vec<String>>;

    /// Removes the record of who owns the keys, if this bot or nobody in particular does, so that another may take
    /// them. Nothing where there is none.
    fn release(&self) -> Outcome<'_, ()>;
}

/// What an operation comes to.
pub type Outcome<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// From the value before, if there is one, to the value after; none removes it.
pub type Change<'a> = Box<dyn FnMut(Option<Value>) -> Option<Value> + Send + 'a>;

/// A value with its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub value: Value,
    /// How long it stays; none: forever.
    pub ttl: Option<Duration>,
}

/// Some values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Can be empty where there are more.
    pub entries: Vec<Entry>,
    /// Where to go on: what to give as `after`. None: that was the last page.
    pub next: Option<String>,
}

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// It was not started; the report says why.
    #[error("storage cannot be reached")]
    Unreachable,
    /// It was started and no answer came: a write may have happened or not.
    #[error("storage did not answer: {0}")]
    NoAnswer(String),
    /// The server refused it; `0` is its error code.
    #[error("storage refused the operation: {0}")]
    Refused(String),
    /// The keys belong to another bot; `0` says to which.
    #[error("storage belongs to another bot: {0}")]
    InUse(String),
    /// It was not done, since another session of the inbox has the command that it is part of.
    #[error("another replica has this command")]
    Fenced,
    /// It was not done, since others changed the value all the time.
    #[error("others change this value all the time")]
    Contended,
    /// More than [`MAX_LISTED`] values would have been listed.
    #[error("more than {MAX_LISTED} values are stored under this prefix")]
    TooMany,
    /// It was not done, since a plugin may not store that, or so much.
    #[error(transparent)]
    Limit(#[from] Exceeded),
}

/// All values whose keys start with `prefix`, in the order of the keys' bytes.
///
/// # Errors
/// [`StorageError::TooMany`] when they are more than [`MAX_LISTED`].
pub async fn list_all(storage: &dyn Storage, plugin: &str, prefix: &str) -> Result<Vec<Entry>, StorageError> {
    let mut entries = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = storage.list(plugin, prefix, after.as_deref(), MAX_PAGE).await?;
        entries.extend(page.entries);
        if entries.len() > MAX_LISTED {
            return Err(StorageError::TooMany);
        }
        after = page.next;
        if after.is_none() {
            return Ok(entries);
        }
    }
}
