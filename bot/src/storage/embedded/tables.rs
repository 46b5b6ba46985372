//! What is in the file: values with their ends, which values end next, and how many each plugin has.

use std::{ops::Bound, time::Duration};

use redb::{Error, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, WriteTransaction};

use crate::storage::{
    Entry, MAX_PAGE, MAX_PAGE_BYTES, Page,
    texts::{Stay, Write, Written, decode},
};

/// By plugin and key: when the value ends, in milliseconds since 1970 or 0 for never, and its text.
const VALUES: TableDefinition<(&str, &str), (u64, &[u8])> = TableDefinition::new("values");

/// Values that end, by end, plugin and key.
const ENDS: TableDefinition<(u64, &str, &str), ()> = TableDefinition::new("ends");

/// By plugin: how many values it has.
const COUNTS: TableDefinition<&str, u64> = TableDefinition::new("counts");

/// For seeing whether something can be written; empty otherwise.
const SCRATCH: TableDefinition<(), &[u8]> = TableDefinition::new("scratch");

/// Values that are removed at once because their time has run out: a write must not wait for all of them.
const SWEPT_AT_ONCE: usize = 1_000;

/// Whether a place is the bot's own: no plugin's name starts like that.
pub(super) fn is_own(plugin: &str) -> bool {
    plugin.starts_with('.')
}

/// Makes the tables if they are not there.
pub(super) fn create(transaction: &WriteTransaction) -> Result<(), Error> {
    transaction.open_table(VALUES)?;
    transaction.open_table(ENDS)?;
    transaction.open_table(COUNTS)?;
    Ok(())
}

/// Writes that many bytes, or removes them for none.
pub(super) fn scratch(transaction: &WriteTransaction, bytes: usize) -> Result<(), Error> {
    let mut table = transaction.open_table(SCRATCH)?;
    if bytes == 0 {
        table.remove(())?.map(drop)
    } else {
        table.insert((), &*vec![1; bytes])?.map(drop)
    };
    Ok(())
}

/// The tables as they are at one moment.
pub(super) struct Reading {
    values: ReadOnlyTable<(&'static str, &'static str), (u64, &'static [u8])>,
    ends: ReadOnlyTable<(u64, &'static str, &'static str), ()>,
    counts: ReadOnlyTable<&'static str, u64>,
    now: u64,
}

impl Reading {
    /// `now`: milliseconds since 1970.
    pub(super) fn start(transaction: &ReadTransaction, now: u64) -> Result<Reading, Error> {
        let (values, ends) = (transaction.open_table(VALUES)?, transaction.open_table(ENDS)?);
        Ok(Reading { values, ends, counts: transaction.open_table(COUNTS)?, now })
    }

    pub(super) fn text(&self, plugin: &str, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let stored = self.values.get((plugin, key))?;
        Ok(stored.and_then(|stored| {
            let (end, text) = stored.value();
            is_there(end, self.now).then(|| text.to_vec())
        }))
    }

    pub(super) fn page(
        &self,
        plugin: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, Error> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded((plugin, after)),
            _ => Bound::Included((plugin, prefix)),
        };
        let (mut page, mut bytes) = (Page::default(), 0);
        for stored in self.values.range::<(&str, &str)>((start, Bound::Unbounded))? {
            let (name, stored) = stored?;
            let ((owner, key), (end, text)) = (name.value(), stored.value());
            if owner != plugin || !key.starts_with(prefix) {
                break;
            }
            if !is_there(end, self.now) {
                continue;
            }
            let full = page.entries.len() >= limit.clamp(1, MAX_PAGE);
            if full || (bytes > 0 && bytes + text.len() > MAX_PAGE_BYTES) {
                page.next = page.entries.last().map(|entry| entry.key.clone());
                break;
            }
            bytes += text.len();
            let ttl = (end > 0).then(|| Duration::from_millis(end.saturating_sub(self.now)));
            page.entries.push(Entry { key: key.to_owned(), value: decode(text), ttl });
        }
        Ok(page)
    }

    pub(super) fn plugins(&self) -> Result<Vec<String>, Error> {
        self.counts.iter()?.map(|count| Ok(count?.0.value().to_owned())).collect()
    }

    /// Whether there are values whose time has run out.
    pub(super) fn is_anything_due(&self) -> Result<bool, Error> {
        let first = self.ends.first()?;
        Ok(first.is_some_and(|(end, _)| end.value().0 <= self.now))
    }
}

/// The tables while they are changed.
pub(super) struct Writing<'t> {
    values: Table<'t, (&'static str, &'static str), (u64, &'static [u8])>,
    ends: Table<'t, (u64, &'static str, &'static str), ()>,
    counts: Table<'t, &'static str, u64>,
    now: u64,
    /// Most keys of a plugin.
    most: u64,
}

impl<'t> Writing<'t> {
    /// `now`: milliseconds since 1970.
    pub(super) fn start(
        transaction: &'t WriteTransaction,
        now: u64,
        most: u64,
    ) -> Result<Writing<'t>, Error> {
        let (values, ends) = (transaction.open_table(VALUES)?, transaction.open_table(ENDS)?);
        Ok(Writing { values, ends, counts: transaction.open_table(COUNTS)?, now, most })
    }

    /// Removes some values whose time has run out.
    pub(super) fn sweep(&mut self) -> Result<(), Error> {
        let mut due = Vec::new();
        for end in self.ends.iter()?.take(SWEPT_AT_ONCE) {
            let (end, plugin, key) = {
                let end = end?.0;
                let (at, plugin, key) = end.value();
                (at, plugin.to_owned(), key.to_owned())
            };
            if end > self.now {
                break;
            }
            due.push((plugin, key));
        }
        due.iter().try_for_each(|(plugin, key)| self.remove(plugin, key))
    }

    pub(super) fn write(&mut self, write: &Write) -> Result<Written, Error> {
        let Write { plugin, key, text, stay, expected } = write;
        let (plugin, key) = (plugin.as_str(), key.as_str());
        let stored = self.values.get((plugin, key))?.map(|stored| {
            let (end, text) = stored.value();
            (end, text.to_vec())
        });
        let before = stored.filter(|(end, _)| is_there(*end, self.now));
        let (end, before) = before.map_or((0, None), |(end, text)| (end, Some(text)));
        if !expected.is_met_by(before.as_deref()) {
            return Ok(Written::Unexpected(before));
        }
        let Some(text) = text else {
            self.remove(plugin, key)?;
            return Ok(Written::Done(before));
        };
        // The bot's own places are bounded by what fills them.
        if before.is_none() && !is_own(plugin) && self.count(plugin)? >= self.most {
            return Ok(Written::Full);
        }
        let end = match stay {
            Stay::Forever => 0,
            Stay::For(milliseconds) => self.now.saturating_add(*milliseconds),
            Stay::Unchanged => end,
        };
        self.remove(plugin, key)?;
        self.values.insert((plugin, key), (end, text.as_bytes()))?;
        if end > 0 {
            self.ends.insert((end, plugin, key), ())?;
        }
        let count = self.count(plugin)? + 1;
        self.counts.insert(plugin, count)?;
        Ok(Written::Done(before))
    }

    fn remove(&mut self, plugin: &str, key: &str) -> Result<(), Error> {
        let Some(end) = self.values.remove((plugin, key))?.map(|stored| stored.value().0) else {
            return Ok(());
        };
        if end > 0 {
            self.ends.remove((end, plugin, key))?;
        }
        match self.count(plugin)? {
            0 | 1 => drop(self.counts.remove(plugin)?),
            count => drop(self.counts.insert(plugin, count - 1)?),
        }
        Ok(())
    }

    fn count(&self, plugin: &str) -> Result<u64, Error> {
        Ok(self.counts.get(plugin)?.map_or(0, |count| count.value()))
    }
}

/// Whether a value with this end is still there.
fn is_there(end: u64, now: u64) -> bool {
    end == 0 || end > now
}
