//! What the storages that keep values as JSON text have in common: a write that can be made to depend on what it
//! finds, and everything that follows from it. Knows no storage.

use std::time::Duration;

use serde_json::Value;

use super::{Change, Exceeded, Limits, Outcome, Page, Storage, StorageError, attempts::Attempts};

/// A store of texts. What it is given has been checked against its limits.
pub trait Texts: Send + Sync + 'static {
    fn limits(&self) -> &Limits;

    /// The text under `key`, if there is one.
    fn text<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Vec<u8>>>;

    /// Does the write, if it finds what it expects.
    fn write(&self, write: Write) -> Outcome<'_, Written>;

    /// As [`Storage::list`].
    fn page<'a>(
        &'a self,
        plugin: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Outcome<'a, Page>;

    /// As [`Storage::plugins`].
    fn names(&self) -> Outcome<'_, Vec<String>>;

    /// As [`Storage::release`].
    fn disown(&self) -> Outcome<'_, ()>;
}

/// One write.
#[derive(Clone, Debug)]
pub struct Write {
    pub plugin: String,
    pub key: String,
    /// None removes the value.
    pub text: Option<String>,
    pub stay: Stay,
    pub expected: Expected,
}

/// How long a written value stays.
#[derive(Clone, Copy, Debug)]
pub enum Stay {
    Forever,
    /// In milliseconds, at least 1.
    For(u64),
    /// As long as the value that it replaces.
    Unchanged,
}

/// What a write must find.
#[derive(Clone, Debug)]
pub enum Expected {
    Anything,
    Nothing,
    Exactly(Vec<u8>),
}

/// What a write came to, with the text that it found.
#[derive(Clone, Debug)]
pub enum Written {
    Done(Option<Vec<u8>>),
    Unexpected(Option<Vec<u8>>),
    /// The plugin has as many keys as it may.
    Full,
}

impl Stay {
    /// A century is forever, and a number that any storage takes.
    fn during(ttl: Option<Duration>) -> Stay {
        const CENTURY: u64 = 100 * 365 * 86_400 * 1_000;
        let milliseconds = |ttl: Duration| u64::try_from(ttl.as_millis()).unwrap_or(CENTURY);
        ttl.map_or(Stay::Forever, |ttl| Stay::For(milliseconds(ttl).clamp(1, CENTURY)))
    }
}

impl Expected {
    /// What was found before.
    fn still(before: Option<&[u8]>) -> Expected {
        before.map_or(Expected::Nothing, |text| Expected::Exactly(text.to_vec()))
    }

    pub(super) fn is_met_by(&self, found: Option<&[u8]>) -> bool {
        match self {
            Expected::Anything => true,
            Expected::Nothing => found.is_none(),
            Expected::Exactly(text) => found == Some(&**text),
        }
    }
}

/// The value of a stored text. What somebody wrote by hand need not be JSON: it is text then.
pub(super) fn decode(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(text).into_owned()))
}

async fn checked(texts: &impl Texts, write: Write) -> Result<Written, StorageError> {
    let limits = texts.limits();
    limits.check_key(&write.plugin, &write.key)?;
    limits.check_value(write.text.as_deref().unwrap_or_default())?;
    match texts.write(write).await? {
        Written::Full => Err(Exceeded::Keys { most: limits.keys }.into()),
        written => Ok(written),
    }
}

async fn put(texts: &impl Texts, write: Write) -> Result<Option<Value>, StorageError> {
    match checked(texts, write).await? {
        Written::Done(before) => Ok(before.as_deref().map(decode)),
        Written::Unexpected(_) | Written::Full => Err(StorageError::Contended),
    }
}

impl<T: Texts> Storage for T {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>> {
        Box::pin(async move { Ok(self.text(plugin, key).await?.as_deref().map(decode)) })
    }

    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Value,
        ttl: Option<Duration>,
    ) -> Outcome<'a, Option<Value>> {
        let write = Write {
            plugin: plugin.to_owned(),
            key: key.to_owned(),
            text: Some(value.to_string()),
            stay: Stay::during(ttl),
            expected: Expected::Anything,
        };
        Box::pin(put(self, write))
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool> {
        let write = Write {
            plugin: plugin.to_owned(),
            key: key.to_owned(),
            text: None,
            stay: Stay::Forever,
            expected: Expected::Anything,
        };
        Box::pin(async move { Ok(put(self, write).await?.is_some()) })
    }

    fn list<'a>(
        &'a self,
        plugin: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Outcome<'a, Page> {
        self.page(plugin, prefix, after, limit)
    }

    fn update<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        mut change: Change<'a>,
    ) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            let mut before = self.text(plugin, key).await?;
            let mut attempts = Attempts::start();
            loop {
                let after = change(before.as_deref().map(decode));
                let write = Write {
                    plugin: plugin.to_owned(),
                    key: key.to_owned(),
                    text: after.as_ref().map(Value::to_string),
                    stay: Stay::Unchanged,
                    expected: Expected::still(before.as_deref()),
                };
                match checked(self, write).await? {
                    Written::Unexpected(current) => before = current,
                    Written::Done(_) | Written::Full => return Ok(after),
                }
                attempts.another().await?;
            }
        })
    }

    fn plugins(&self) -> Outcome<'_, Vec<String>> {
        self.names()
    }

    fn release(&self) -> Outcome<'_, ()> {
        self.disown()
    }
}
