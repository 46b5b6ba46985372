//! Where plugins keep values: one namespace per plugin, JSON values by key. Knows nothing of commands or chat.

pub mod memory;
pub mod redis;

use futures::future::BoxFuture;
use serde_json::Value;

pub use memory::Memory;
pub use redis::Redis;

/// Most values that one listing returns: more would be neither read by people nor bounded in memory.
pub const MAX_LISTED: usize = 10_000;

/// A store of values. Each operation is atomic and has a deadline of its own.
pub trait Storage: Send + Sync + 'static {
    /// The value under `key`, if there is one.
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>>;

    /// Writes `value` under `key` and returns the value before, if there was one.
    fn set<'a>(&'a self, plugin: &'a str, key: &'a str, value: Value) -> Outcome<'a, Option<Value>>;

    /// Removes what is under `key`, and says whether there was something.
    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool>;

    /// The values whose keys start with `prefix`, in the order of the keys' bytes.
    fn list<'a>(&'a self, plugin: &'a str, prefix: &'a str) -> Outcome<'a, Vec<Entry>>;
}

/// What an operation comes to.
pub type Outcome<'a, T> = BoxFuture<'a, Result<T, StorageError>>;

/// A value with its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub value: Value,
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
    /// More than [`MAX_LISTED`] values would have been listed.
    #[error("more than {MAX_LISTED} values are stored under this prefix")]
    TooMany,
}
