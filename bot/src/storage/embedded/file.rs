//! The open file. Everything here blocks.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use chatops_crds::bot_report::Fault;
use redb::{Builder, Database, Durability, Error, ReadableDatabase, WriteTransaction};

use super::{
    Answer, Operation, fault,
    tables::{Reading, Writing, create, scratch},
};
use crate::storage::StorageError;

/// Memory for pages that were read or are to be written. A bot's values are few.
const CACHE_BYTES: usize = 2 << 20;

/// What is written to see whether there is room: as much as a value takes, with what the library needs for it.
const TRIAL_BYTES: usize = 64 << 10;

/// What one operation came to.
type Done = Result<Answer, StorageError>;

/// An open database file.
pub(super) struct File {
    path: PathBuf,
    database: Database,
    /// Most keys of a plugin.
    most: u64,
}

impl File {
    /// Opens it, and makes it if there is none. What a crash left half written is dropped.
    pub(super) fn open(path: &Path, most: u64) -> Result<File, Fault> {
        let mut builder = Builder::new();
        builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true);
        let database = builder.create(path).map_err(|error| fault::from_opening(path, error))?;
        let file = File { path: path.into(), database, most };
        // The tables of an older file are there; a full disk takes no new ones, and need not.
        let there = file.database.begin_read().map_err(Error::from).and_then(|read| Reading::start(&read, 0));
        match there {
            Ok(_) => Ok(file),
            Err(Error::TableDoesNotExist(_)) => {
                file.transaction(create).map_err(|error| fault::from_error(path, &error))?;
                Ok(file)
            }
            Err(error) => Err(fault::from_error(path, &error)),
        }
    }

    /// Writes something and removes it again.
    pub(super) fn try_writing(&self) -> Result<(), Fault> {
        let written = self
            .transaction(|transaction| scratch(transaction, TRIAL_BYTES))
            .and_then(|()| self.transaction(|transaction| scratch(transaction, 0)));
        written.map_err(|error| fault::from_error(&self.path, &error))
    }

    /// Removes some values whose time has run out, if there are any.
    pub(super) fn sweep(&self) -> Result<(), Fault> {
        let due = || -> Result<bool, Error> {
            Reading::start(&self.database.begin_read()?, now())?.is_anything_due()
        };
        let swept = due().and_then(|due| {
            if due {
                self.transaction(|transaction| Writing::start(transaction, now(), self.most)?.sweep())
            } else {
                Ok(())
            }
        });
        swept.map_err(|error| fault::from_error(&self.path, &error))
    }

    /// Does the writes in one transaction, then the rest. The outcomes are in the order of `operations`; a fault: what
    /// is wrong with the file.
    pub(super) fn run(&self, operations: &[Operation]) -> (Vec<Done>, Result<(), Fault>) {
        let mut failure = None;
        let written = self.write(operations).unwrap_or_else(|error| {
            let told = fault::told(&error);
            failure = Some(error);
            operations.iter().map(|_| Some(Err(told.clone()))).collect()
        });
        let mut read = |operation| match self.read(operation) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let told = fault::told(&error);
                failure.get_or_insert(error);
                Err(told)
            }
        };
        let answers = operations.iter().zip(written).map(|(operation, written)| match operation {
            Operation::Write(_) => written.unwrap_or(Err(StorageError::Unreachable)),
            operation => read(operation),
        });
        let answers = answers.collect();
        (answers, failure.map_or(Ok(()), |error| Err(fault::from_error(&self.path, &error))))
    }

    /// One outcome an operation; none where it writes nothing.
    fn write(&self, operations: &[Operation]) -> Result<Vec<Option<Done>>, Error> {
        if !operations.iter().any(|operation| matches!(operation, Operation::Write(_))) {
            return Ok(operations.iter().map(|_| None).collect());
        }
        self.transaction(|transaction| {
            let mut writing = Writing::start(transaction, now(), self.most)?;
            writing.sweep()?;
            operations
                .iter()
                .map(|operation| match operation {
                    Operation::Write(write) => Ok(Some(Ok(Answer::Written(writing.write(write)?)))),
                    _ => Ok(None),
                })
                .collect()
        })
    }

    fn read(&self, operation: &Operation) -> Result<Answer, Error> {
        let reading = Reading::start(&self.database.begin_read()?, now())?;
        Ok(match operation {
            Operation::Get { plugin, key } => Answer::Text(reading.text(plugin, key)?),
            Operation::List { plugin, prefix, after, limit } => {
                Answer::Page(reading.page(plugin, prefix, after.as_deref(), *limit)?)
            }
            Operation::Plugins | Operation::Write(_) => Answer::Names(reading.plugins()?),
        })
    }

    /// Does `work`, and has it on the disk when it returns.
    fn transaction<T>(&self, work: impl FnOnce(&WriteTransaction) -> Result<T, Error>) -> Result<T, Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        match work(&transaction) {
            Ok(done) => {
                transaction.commit()?;
                Ok(done)
            }
            Err(error) => {
                // The error that it began with says more than that of the way back.
                let _ = transaction.abort();
                Err(error)
            }
        }
    }
}

/// Milliseconds since 1970: values outlive the process, and so must the clock that ends them.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
