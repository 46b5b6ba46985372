//! Storage in the bot's memory: gone when the process ends.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::time::Instant;

use super::{
    Change, Entry, Exceeded, Limits, MAX_PAGE, MAX_PAGE_BYTES, Outcome, Page, Storage, StorageError,
};

/// Values by plugin and key.
#[derive(Debug, Default)]
pub struct Memory {
    limits: Limits,
    plugins: Mutex<BTreeMap<String, Values>>,
}

/// Values of one plugin.
#[derive(Debug, Default)]
struct Values {
    by_key: BTreeMap<String, Stored>,
    /// When the next one goes.
    next_end: Option<Instant>,
}

#[derive(Debug)]
struct Stored {
    value: Value,
    /// Length of its JSON text.
    bytes: usize,
    /// When it goes.
    end: Option<Instant>,
}

impl Memory {
    pub fn new() -> Memory {
        Memory::default()
    }

    /// The same with other limits.
    pub fn with_limits(limits: Limits) -> Memory {
        Memory { limits, ..Memory::default() }
    }

    /// Calls `work` with the values of `plugin` that are still there, and forgets the plugin if none is left.
    fn with<T>(&self, plugin: &str, work: impl FnOnce(&mut Values) -> T) -> T {
        let mut plugins = self.by_name();
        let mut values = plugins.remove(plugin).unwrap_or_default();
        values.expire(Instant::now());
        let outcome = work(&mut values);
        if !values.by_key.is_empty() {
            plugins.insert(plugin.to_owned(), values);
        }
        outcome
    }

    fn by_name(&self) -> MutexGuard<'_, BTreeMap<String, Values>> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes `value` into the plugin's `values`.
    fn put(
        &self,
        values: &mut Values,
        key: &str,
        value: Value,
        end: Option<Instant>,
    ) -> Result<Option<Value>, Exceeded> {
        let text = value.to_string();
        self.limits.check_value(&text)?;
        let most = self.limits.keys;
        let keys = values.by_key.len();
        if !values.by_key.contains_key(key) && u64::try_from(keys).is_ok_and(|keys| keys >= most) {
            return Err(Exceeded::Keys { most });
        }
        values.next_end = values.next_end.into_iter().chain(end).min();
        let before = values.by_key.insert(key.to_owned(), Stored { value, bytes: text.len(), end });
        Ok(before.map(|stored| stored.value))
    }
}

impl Values {
    /// Forgets what has run out.
    fn expire(&mut self, now: Instant) {
        if self.next_end.is_some_and(|end| end <= now) {
            self.by_key.retain(|_, stored| stored.end.is_none_or(|end| end > now));
            self.next_end = self.by_key.values().filter_map(|stored| stored.end).min();
        }
    }
}

impl Storage for Memory {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            Ok(self.with(plugin, |values| values.by_key.get(key).map(|stored| stored.value.clone())))
        })
    }

    fn set<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        value: Value,
        ttl: Option<Duration>,
    ) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            self.limits.check_key(plugin, key)?;
            let end = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
            Ok(self.with(plugin, |values| self.put(values, key, value, end))?)
        })
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool> {
        Box::pin(async move { Ok(self.with(plugin, |values| values.by_key.remove(key).is_some())) })
    }

    fn list<'a>(
        &'a self,
        plugin: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Outcome<'a, Page> {
        Box::pin(async move { Ok(self.with(plugin, |values| page(values, prefix, after, limit))) })
    }

    fn update<'a>(
        &'a self,
        plugin: &'a str,
        key: &'a str,
        mut change: Change<'a>,
    ) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            self.limits.check_key(plugin, key)?;
            self.with(plugin, |values| {
                let before = values.by_key.get(key);
                let end = before.and_then(|stored| stored.end);
                let after = change(before.map(|stored| stored.value.clone()));
                match &after {
                    Some(value) => drop(self.put(values, key, value.clone(), end)?),
                    None => drop(values.by_key.remove(key)),
                }
                Ok::<_, StorageError>(after)
            })
        })
    }

    fn plugins(&self) -> Outcome<'_, Vec<String>> {
        Box::pin(async move { Ok(self.by_name().keys().cloned().collect()) })
    }

    fn release(&self) -> Outcome<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

fn page(values: &Values, prefix: &str, after: Option<&str>, limit: usize) -> Page {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let mut found = values
        .by_key
        .range::<str, _>((start, Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .peekable();
    let (now, mut bytes, mut entries) = (Instant::now(), 0, Vec::new());
    while entries.len() < limit.clamp(1, MAX_PAGE)
        && let Some((key, stored)) =
            found.next_if(|(_, stored)| bytes == 0 || bytes + stored.bytes <= MAX_PAGE_BYTES)
    {
        bytes += stored.bytes;
        let ttl = stored.end.map(|end| end.saturating_duration_since(now));
        entries.push(Entry { key: key.clone(), value: stored.value.clone(), ttl });
    }
    let next = found.peek().and(entries.last()).map(|entry| entry.key.clone());
    Page { entries, next }
}
