//! Commands kept in this process, and in the embedded store if there is one: then they outlast it. Only one process has
//! the store open, so whatever session was there before has ended.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::future::{BoxFuture, try_join_all};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::{
    book::{Book, Kept, Phase},
    ledger::{Batch, History, Ledger, Operation, Outcome, Terms},
};
use crate::{
    chat::{Incoming, MessageKey},
    storage::{Entry, MAX_PAGE, Storage, StorageError},
};

/// Where commands are in the store: no plugin's name starts like that, and the store does not list it as one.
const PLACE: &str = ".inbox";

/// Where the lines are that people typed.
const HISTORIES: &str = ".history";

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
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        recalled: Vec<String>,
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
        let (mut kept, mut seen, mut histories) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(store) = &self.store {
            let until = |entry: &Entry, otherwise: Duration| {
                now().saturating_add(millis(entry.ttl.unwrap_or(otherwise)))
            };
            for entry in all(&**store, PLACE).await? {
                let until = until(&entry, self.terms.memory);
                let key = MessageKey(entry.key);
                if let Ok(Stored::Kept { number, incoming, answer, started, recalled }) =
                    serde_json::from_value(entry.value)
                {
                    let phase = phase(answer, started);
                    kept.push((number, Kept { incoming: *incoming, phase, recalled }));
                    seen.push((key, u64::MAX));
                } else {
                    seen.push((key, until));
                }
            }
            for entry in all(&**store, HISTORIES).await? {
                let until = until(&entry, self.terms.history_memory);
                let lines = serde_json::from_value(entry.value).unwrap_or_default();
                histories.push((entry.key, (lines, until)));
            }
        }
        kept.sort_by_key(|(number, _)| *number);
        let next = kept.last().map_or(0, |(number, _)| number + 1);
        let numbers = kept.iter().map(|(number, kept)| (kept.incoming.key.clone(), *number)).collect();
        let mut book = Book::new(self.terms);
        book.restore(kept.into_iter().map(|(_, kept)| kept), seen, histories);
        Ok(Open { book, next, numbers })
    }

    /// Stores how the commands stand that `batch` was about, and what people typed.
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
        try_join_all(writes).await?;
        // Only now: a command that is not kept after all, and comes again, must find the history as it was.
        let histories = batch.operations.iter().filter_map(typist).map(|user| {
            let lines = open.book.history(user).into();
            store.set(HISTORIES, user, lines, Some(self.terms.history_memory))
        });
        try_join_all(histories).await.map(drop)
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

/// Whose history changes.
fn typist(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Accept { incoming, history: Some(History::Remember(_) | History::Repeat(_)), .. } => {
            Some(&incoming.user.id)
        }
        _ => None,
    }
}

/// All that is stored in `place`.
async fn all(store: &dyn Storage, place: &str) -> Result<Vec<Entry>, StorageError> {
    let (mut entries, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.list(place, "", after.as_deref(), MAX_PAGE).await?;
        entries.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(entries);
        }
    }
}

fn stored(number: u64, kept: &Kept) -> Stored {
    let answer = if let Phase::Answered(text) = &kept.phase { Some(text.clone()) } else { None };
    let started = kept.phase == Phase::Started;
    let (incoming, recalled) = (Box::new(kept.incoming.clone()), kept.recalled.clone());
    Stored::Kept { number, incoming, answer, started, recalled }
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
