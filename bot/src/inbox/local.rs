//! Commands kept in this process, and in the embedded store if there is one: then they outlast it. Only one process has
//! the store open, so whatever session was there before has ended.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use futures::future::{BoxFuture, try_join_all};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    book::{Book, Kept, Phase},
    ledger::{Batch, Ledger, Operation, Outcome, Terms},
};
use crate::{
    chat::{Incoming, MessageKey},
    storage::{MAX_PAGE, Storage, StorageError},
};

/// Where commands are in the store: no plugin's name starts like that, and the store does not list it as one.
const PLACE: &str = ".inbox";

/// Commands in memory, and in a store if there is one.
pub struct Local {
    terms: Terms,
    store: Option<Arc<dyn Storage>>,
    /// None until the store has been read, and again when it did not take something.
    open: Mutex<Option<Open>>,
}

struct Open {
    book: Book,
    /// The number of the next command.
    next: u64,
    /// The numbers of those that are kept, which say in which order they came.
    numbers: HashMap<MessageKey, u64>,
}

/// What is stored under the key of a message.
#[derive(Serialize, Deserialize)]
enum Stored {
    Kept {
        number: u64,
        incoming: Box<Incoming>,
        answer: Option<String>,
        started: bool,
    },
    /// It was kept once. Goes after a while.
    Seen,
}

impl Local {
    /// Commands in memory only.
    pub fn in_memory(terms: Terms) -> Local {
        Local { terms, store: None, open: Mutex::new(None) }
    }

    /// Commands in `store` too.
    pub fn stored(store: Arc<dyn Storage>, terms: Terms) -> Local {
        Local { terms, store: Some(store), open: Mutex::new(None) }
    }

    async fn run(&self, batch: &Batch) -> Result<Vec<Outcome>, StorageError> {
        let mut guard = self.open.lock().await;
        let mut open = match guard.take() {
            Some(open) => open,
            None => self.read().await?,
        };
        let outcomes = open.book.apply(batch, now());
        if let Some(store) = &self.store {
            // What the store does not take is forgotten here too.
            self.write(&mut open, &**store, batch).await?;
        }
        *guard = Some(open);
        Ok(outcomes)
    }

    async fn read(&self) -> Result<Open, StorageError> {
        let (mut kept, mut seen) = (Vec::new(), Vec::new());
        let mut after: Option<String> = None;
        while let Some(store) = &self.store {
            let page = store.list(PLACE, "", after.as_deref(), MAX_PAGE).await?;
            for entry in page.entries {
                let key = MessageKey(entry.key);
                match serde_json::from_value(entry.value) {
                    Ok(Stored::Kept { number, incoming, answer, started }) => {
                        kept.push((number, Kept { incoming: *incoming, phase: phase(answer, started) }));
                        seen.push((key, u64::MAX));
                    }
                    Ok(Stored::Seen) | Err(_) => {
                        let left = entry.ttl.unwrap_or(self.terms.memory);
                        seen.push((key, now().saturating_add(millis(left))));
                    }
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        kept.sort_by_key(|(number, _)| *number);
        let next = kept.last().map_or(0, |(number, _)| number + 1);
        let numbers = kept.iter().map(|(number, kept)| (kept.incoming.key.clone(), *number)).collect();
        let mut book = Book::new(self.terms);
        book.restore(kept.into_iter().map(|(_, kept)| kept), seen);
        Ok(Open { book, next, numbers })
    }

    /// Stores how the commands stand that `batch` was about.
    async fn write(&self, open: &mut Open, store: &dyn Storage, batch: &Batch) -> Result<(), StorageError> {
        let mut writes = Vec::new();
        for key in batch.operations.iter().filter_map(touched) {
            let (stored, ttl) = match open.book.kept(key) {
                Some(kept) => {
                    let number = *open.numbers.entry(key.clone()).or_insert(open.next);
                    open.next = open.next.max(number + 1);
                    (stored(number, kept), None)
                }
                None => {
                    open.numbers.remove(key);
                    (Stored::Seen, Some(self.terms.memory))
                }
            };
            let value =
                serde_json::to_value(stored).map_err(|error| StorageError::Refused(error.to_string()))?;
            writes.push(store.set(PLACE, &key.0, value, ttl));
        }
        try_join_all(writes).await.map(drop)
    }
}

impl Ledger for Local {
    fn apply<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Outcome>, StorageError>> {
        Box::pin(self.run(batch))
    }

    fn outlasts(&self) -> bool {
        self.store.is_some()
    }

    fn guarded(&self, _: &str, _: &MessageKey) -> Option<Arc<dyn Storage>> {
        None
    }
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local").field("terms", &self.terms).finish_non_exhaustive()
    }
}

fn touched(operation: &Operation) -> Option<&MessageKey> {
    match operation {
        Operation::Accept { incoming, .. } => Some(&incoming.key),
        Operation::Start(key) | Operation::Answer { key, .. } | Operation::Finish { key, .. } => Some(key),
        Operation::Join | Operation::Beat | Operation::Claim { .. } | Operation::Leave => None,
    }
}

fn stored(number: u64, kept: &Kept) -> Stored {
    let answer = if let Phase::Answered(text) = &kept.phase { Some(text.clone()) } else { None };
    let started = kept.phase == Phase::Started;
    Stored::Kept { number, incoming: Box::new(kept.incoming.clone()), answer, started }
}

fn phase(answer: Option<String>, started: bool) -> Phase {
    match answer {
        Some(text) => Phase::Answered(text),
        None if started => Phase::Started,
        None => Phase::Waiting,
    }
}

/// Milliseconds since 1970: what is remembered outlives the process, and so must the clock.
fn now() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
