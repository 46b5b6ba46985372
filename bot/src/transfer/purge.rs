//! Removing all that a bot's plugins store.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::{carry::several, walk::Walk};
use crate::storage::{Storage, StorageError};

/// Values by plugin.
pub type Counts = BTreeMap<String, u64>;

/// How many values there are; `seen` is told of each.
///
/// # Errors
/// [`StorageError`].
pub async fn count(storage: &dyn Storage, seen: impl Fn()) -> Result<Counts, StorageError> {
    let mut counts = Counts::new();
    let mut walk = Walk::start(storage, None).await?;
    while let Some(record) = walk.step().await? {
        *counts.entry(record.plugin).or_default() += 1;
        seen();
    }
    Ok(counts)
}

/// Removes all values and the record of who owns them, and returns how many values went; `seen` is told of each. Can be
/// run again after an error.
///
/// # Errors
/// [`StorageError`].
pub async fn purge(storage: &dyn Storage, seen: impl Fn()) -> Result<Counts, StorageError> {
    let mut counts = Counts::new();
    let mut walk = Walk::start(storage, None).await?;
    loop {
        let some = several(&mut walk).await?;
        if some.is_empty() {
            break;
        }
        let deleted = join_all(some.iter().map(|record| storage.delete(&record.plugin, &record.key))).await;
        for (record, deleted) in some.into_iter().zip(deleted) {
            *counts.entry(record.plugin).or_default() += u64::from(deleted?);
            seen();
        }
    }
    storage.release().await?;
    Ok(counts)
}
