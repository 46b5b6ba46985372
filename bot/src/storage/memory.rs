//! Storage in the bot's memory: gone when the process ends.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

use super::{Entry, MAX_LISTED, Outcome, Storage, StorageError};

/// Values by plugin and key.
#[derive(Debug, Default)]
pub struct Memory {
    plugins: Mutex<BTreeMap<String, Values>>,
}

type Values = BTreeMap<String, Value>;

impl Memory {
    pub fn new() -> Memory {
        Memory::default()
    }

    fn plugins(&self) -> MutexGuard<'_, BTreeMap<String, Values>> {
        self.plugins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage for Memory {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>> {
        Box::pin(async move { Ok(self.plugins().get(plugin).and_then(|values| values.get(key).cloned())) })
    }

    fn set<'a>(&'a self, plugin: &'a str, key: &'a str, value: Value) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            Ok(self.plugins().entry(plugin.to_owned()).or_default().insert(key.to_owned(), value))
        })
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool> {
        Box::pin(
            async move { Ok(self.plugins().get_mut(plugin).and_then(|values| values.remove(key)).is_some()) },
        )
    }

    fn list<'a>(&'a self, plugin: &'a str, prefix: &'a str) -> Outcome<'a, Vec<Entry>> {
        Box::pin(async move {
            let plugins = self.plugins();
            let Some(values) = plugins.get(plugin) else { return Ok(Vec::new()) };
            let entries: Vec<_> = values
                .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
                .take_while(|(key, _)| key.starts_with(prefix))
                .take(MAX_LISTED + 1)
                .map(|(key, value)| Entry { key: key.clone(), value: value.clone() })
                .collect();
            if entries.len() > MAX_LISTED { Err(StorageError::TooMany) } else { Ok(entries) }
        })
    }
}
