//! Storage in a file of the bot's own: a redb database, which only one process has open. What was acknowledged is on
//! the disk. The file is read and written off the bot's one thread, several writes that wait at once in one transaction:
//! each waits for the disk once. A full disk loses nothing that was acknowledged, but closes the file until there is room:
//! the library opens a file again only when it can write to it.

mod fault;
mod file;
mod keeper;
mod tables;

use std::{path::PathBuf, sync::Arc, time::Duration};

use chatops_crds::{bot_config::EmbeddedConfig, bot_report::StorageReport};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};

use super::{
    Limits, Outcome, Page, StorageError,
    texts::{Texts, Write, Written},
};

/// How long an operation may wait for the disk.
const DEADLINE: Duration = Duration::from_secs(10);

/// Operations that wait at most; more wait to be let in.
const WAITING: usize = 256;

/// A bot's values in a file. Clones share one open file, which [`Embedded::run`] keeps open.
#[derive(Clone, Debug)]
pub struct Embedded {
    path: PathBuf,
    limits: Limits,
    jobs: mpsc::Sender<Job>,
    waiting: Arc<Mutex<mpsc::Receiver<Job>>>,
}

/// An operation, and where its outcome goes.
#[derive(Debug)]
struct Job {
    operation: Operation,
    outcome: oneshot::Sender<Result<Answer, StorageError>>,
}

/// What can be asked of the file.
#[derive(Clone, Debug)]
enum Operation {
    Get { plugin: String, key: String },
    List { plugin: String, prefix: String, after: Option<String>, limit: usize },
    Plugins,
    Write(Write),
}

/// What it answers.
#[derive(Debug)]
enum Answer {
    Text(Option<Vec<u8>>),
    Page(Page),
    Names(Vec<String>),
    Written(Written),
}

impl Embedded {
    /// Storage in the file that `config` names; nothing is opened before [`Embedded::run`].
    pub fn new(config: &EmbeddedConfig) -> Embedded {
        Embedded::with_limits(config, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(config: &EmbeddedConfig, limits: Limits) -> Embedded {
        let (jobs, waiting) = mpsc::channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        Embedded { path: PathBuf::from(&config.path), limits, jobs, waiting }
    }

    /// Keeps the file open and does what is asked of it, and tells `report` how it fares whenever that changes. Never
    /// returns: faults are outlasted.
    pub async fn run(&self, report: impl Fn(StorageReport)) {
        let mut waiting = self.waiting.lock().await;
        keeper::keep(&self.path, self.limits.keys, &mut waiting, report).await;
    }

    async fn ask(&self, operation: Operation) -> Result<Answer, StorageError> {
        let asking = async {
            let (outcome, answer) = oneshot::channel();
            self.jobs.send(Job { operation, outcome }).await.map_err(|_| StorageError::Unreachable)?;
            answer.await.unwrap_or(Err(StorageError::Unreachable))
        };
        let late = || Err(StorageError::NoAnswer("the disk is too slow".into()));
        timeout(DEADLINE, asking).await.unwrap_or_else(|_| late())
    }
}

/// An answer to another question: there is none.
fn mixed_up() -> StorageError {
    StorageError::Refused("unexpected answer".into())
}

impl Texts for Embedded {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn text<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let get = Operation::Get { plugin: plugin.to_owned(), key: key.to_owned() };
            match self.ask(get).await? {
                Answer::Text(text) => Ok(text),
                _ => Err(mixed_up()),
            }
        })
    }

    fn write(&self, write: Write) -> Outcome<'_, Written> {
        Box::pin(async move {
            match self.ask(Operation::Write(write)).await? {
                Answer::Written(written) => Ok(written),
                _ => Err(mixed_up()),
            }
        })
    }

    fn page<'a>(
        &'a self,
        plugin: &'a str,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> Outcome<'a, Page> {
        Box::pin(async move {
            let (plugin, prefix, after) = (plugin.to_owned(), prefix.to_owned(), after.map(str::to_owned));
            match self.ask(Operation::List { plugin, prefix, after, limit }).await? {
                Answer::Page(page) => Ok(page),
                _ => Err(mixed_up()),
            }
        })
    }

    fn names(&self) -> Outcome<'_, Vec<String>> {
        Box::pin(async move {
            match self.ask(Operation::Plugins).await? {
                Answer::Names(names) => Ok(names.into_iter().filter(|name| !tables::is_own(name)).collect()),
                _ => Err(mixed_up()),
            }
        })
    }

    fn disown(&self) -> Outcome<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
