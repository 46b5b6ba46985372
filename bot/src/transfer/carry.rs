//! Writing values into a storage: what is there already stays, what differs is a conflict. Done again after an
//! interruption it goes on where it was.

use std::collections::BTreeSet;

use futures::future::{BoxFuture, join_all};
use serde_json::Value;

use super::{
    record::{Digest, Record},
    walk::Walk,
};
use crate::storage::{Storage, StorageError};

/// Values that are written or read at once: a file then waits for its disk once for all, a network for its way. Each may
/// have some megabytes.
const AT_ONCE: usize = 32;

/// Values in the order in which they are carried.
pub trait Records: Send {
    type Error: From<StorageError> + Send;

    /// The next value.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Record>, Self::Error>>;
}

impl Records for Walk<'_> {
    type Error = StorageError;

    fn next(&mut self) -> BoxFuture<'_, Result<Option<Record>, StorageError>> {
        Box::pin(self.step())
    }
}

/// How values are written.
#[derive(Clone, Copy)]
pub struct Carrier<'a> {
    pub target: &'a dyn Storage,
    /// Replace a value that differs.
    pub overwrite: bool,
    /// Only find out what would be written.
    pub dry_run: bool,
}

/// A value, and what there is to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub plugin: String,
    pub key: String,
    pub reason: String,
}

/// What became of the values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carried {
    pub written: u64,
    /// Of `written`: where another value was.
    pub replaced: u64,
    /// The same value was there.
    pub same: u64,
    /// Another value is there, and stays.
    pub conflicts: Vec<Item>,
    /// The storage does not take them.
    pub refused: Vec<Item>,
}

impl Carried {
    /// All values.
    pub fn total(&self) -> u64 {
        self.written + self.same + self.not_carried().count() as u64
    }

    /// What is not in the storage.
    pub fn not_carried(&self) -> impl Iterator<Item = &Item> {
        self.conflicts.iter().chain(&self.refused)
    }
}

/// What became of one value.
enum Fate {
    Written { replaced: bool },
    Same,
    Conflict(Item),
    Refused(Item),
}

impl Carrier<'_> {
    /// Writes all `records`, several at once; `seen` is told of each.
    ///
    /// # Errors
    /// Those of `records`, and of the storage where they are not about one value.
    pub async fn carry<R: Records>(&self, records: &mut R, seen: impl Fn()) -> Result<Carried, R::Error> {
        let mut carried = Carried::default();
        loop {
            let some = several(records).await?;
            if some.is_empty() {
                return Ok(carried);
            }
            for fate in join_all(some.into_iter().map(|record| self.put(record))).await {
                carried.add(fate?);
                seen();
            }
        }
    }

    async fn put(&self, record: Record) -> Result<Fate, StorageError> {
        let ttl = record.ttl();
        let Record { plugin, key, value, .. } = record;
        let written = async {
            let there = self.target.get(&plugin, &key).await?;
            let replaced = match there {
                Some(there) if there == value => return Ok(Some(Fate::Same)),
                Some(_) if !self.overwrite => return Ok(None),
                there => there.is_some(),
            };
            if !self.dry_run {
                self.target.set(&plugin, &key, value, ttl).await?;
            }
            Ok(Some(Fate::Written { replaced }))
        };
        match written.await {
            Ok(Some(fate)) => Ok(fate),
            Ok(None) => Ok(Fate::Conflict(Item { plugin, key, reason: "another value is there".to_owned() })),
            // This value's fault only; the others may fit.
            Err(StorageError::Limit(exceeded)) => {
                Ok(Fate::Refused(Item { plugin, key, reason: exceeded.to_string() }))
            }
            Err(error) => Err(error),
        }
    }
}

impl Carried {
    fn add(&mut self, fate: Fate) {
        match fate {
            Fate::Written { replaced } => {
                self.written += 1;
                self.replaced += u64::from(replaced);
            }
            Fate::Same => self.same += 1,
            Fate::Conflict(item) => self.conflicts.push(item),
            Fate::Refused(item) => self.refused.push(item),
        }
    }
}

/// The next values; none behind the last one.
pub(super) async fn several<R: Records>(records: &mut R) -> Result<Vec<Record>, R::Error> {
    let mut several = Vec::new();
    while several.len() < AT_ONCE {
        match records.next().await? {
            Some(record) => several.push(record),
            None => break,
        }
    }
    Ok(several)
}

/// Reads back what was carried and compares it with `records`, given once more; `seen` is told of each. Returns count
/// and hash of what is there, and what is not there as it should be.
///
/// # Errors
/// Those of `records` and of the storage.
pub async fn verify<R: Records>(
    target: &dyn Storage,
    records: &mut R,
    carried: &Carried,
    seen: impl Fn(),
) -> Result<(Digest, Vec<Item>), R::Error> {
    let left: BTreeSet<_> = carried.not_carried().map(|item| (&item.plugin, &item.key)).collect();
    let (mut digest, mut wrong) = (Digest::default(), Vec::new());
    loop {
        let some = several(records).await?;
        if some.is_empty() {
            return Ok((digest, wrong));
        }
        let there = join_all(some.iter().map(|record| target.get(&record.plugin, &record.key))).await;
        for (record, there) in some.into_iter().zip(there) {
            seen();
            if left.contains(&(&record.plugin, &record.key)) {
                continue;
            }
            match difference(&record, there?.as_ref()) {
                None => digest.add(&record.line()),
                Some(reason) => {
                    wrong.push(Item { plugin: record.plugin, key: record.key, reason: reason.to_owned() });
                }
            }
        }
    }
}

/// What is wrong with the value that is `there`. One that was to go by itself may be gone.
fn difference(record: &Record, there: Option<&Value>) -> Option<&'static str> {
    match there {
        Some(value) if *value == record.value => None,
        Some(_) => Some("it changed since it was written"),
        None if record.ttl.is_some() => None,
        None => Some("it is gone since it was written"),
    }
}

impl std::fmt::Debug for Carrier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Carrier { overwrite, dry_run, .. } = self;
        f.debug_struct("Carrier")
            .field("overwrite", overwrite)
            .field("dry_run", dry_run)
            .finish_non_exhaustive()
    }
}
