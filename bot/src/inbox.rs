//! Between an adapter and the engine: keeps each typed command once, until its answer has arrived. An adapter
//! acknowledges a message to its platform only after the inbox has it; whichever replica has a command's lane runs it;
//! what a replica had when it died is taken over by the others. Knows neither platforms nor what a command does.
//!
//! [`ledger`] says what can be asked of the place where commands are kept, [`book`] by which rules, [`redis`] and
//! [`local`] are such places, and the clerk speaks with them for everybody in this process.

pub mod book;
mod clerk;
pub mod ledger;
pub mod local;
pub mod redis;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    chat::{Incoming, MessageKey},
    storage::{Keeper, Opened, Storage},
};
use clerk::{Clerk, Request, Standing, Wiring};
pub use ledger::{Claim, History, Taken, Terms};
use ledger::{Ledger, Operation, Outcome};
use local::Local;
use redis::InRedis;

/// Operations that wait for the ledger at most; a message beyond is not taken, and its platform delivers it again.
const WAITING: usize = 1_000;

/// How long giving everything back may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a message means to the bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    NotForUs,
    /// It is to be run.
    Command(Option<History>),
    /// It is to be answered, and nothing else.
    Says(Said, Option<History>),
}

/// An answer that was known before its command was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    /// How the command ended, for metrics.
    pub outcome: &'static str,
    pub took: Duration,
}

/// Finds out what a message means.
pub type Meanings = Box<dyn Fn(&Incoming) -> Meaning + Send + Sync>;

/// The commands of a bot. Clones are handles to the same inbox.
#[derive(Clone)]
pub struct Inbox {
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Arc<dyn Ledger>,
    meanings: Meanings,
    requests: Mutex<Option<mpsc::Sender<Request>>>,
    work: tokio::sync::Mutex<mpsc::UnboundedReceiver<Work>>,
    standing: watch::Receiver<Standing>,
    closing: watch::Sender<bool>,
    busy: watch::Receiver<usize>,
    clerk: Mutex<Option<AbortOnDropHandle<()>>>,
}

/// What became of a message that the inbox answers for from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    New,
    /// It was taken before and will not be handed out again.
    Duplicate,
    /// It is not meant for the bot.
    Ignored,
    /// It was not taken, and will not be: too many wait.
    Busy,
}

/// The message was not taken: storage can't be reached, or the bot is shutting down. The platform should deliver it
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox takes no more messages")]
pub struct Full;

/// What is to be done.
#[derive(Clone, Debug)]
pub enum Work {
    /// A lane to work on, and the session that has it.
    Lane { claim: Claim, session: Arc<str> },
    /// An answer to send, which is kept, and the session that has its lane.
    Said { incoming: Incoming, said: Said, session: Arc<str> },
    /// Too many commands wait, and this one was not kept: whoever typed it is to be told.
    Busy(Incoming),
}

/// A command that this process has.
#[derive(Clone, Debug)]
pub struct Ticket {
    pub key: MessageKey,
    channel: String,
    session: Arc<str>,
}

/// The command belongs to another replica now, which answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("another replica has this command")]
pub struct Lost;

impl Inbox {
    /// The inbox beside a storage. It runs in the background, and keeps the messages that `meanings` finds to be for us.
    pub fn beside(opened: &Opened, meanings: Meanings) -> Inbox {
        let terms = Terms::default();
        let ledger: Arc<dyn Ledger> = match &opened.keeper {
            Keeper::Memory => return Inbox::in_memory(meanings),
            Keeper::Embedded(_) => Arc::new(Local::stored(opened.storage.clone(), terms)),
            Keeper::Redis(redis) => Arc::new(InRedis::new(redis.clone(), terms)),
        };
        Inbox::over(ledger, terms, meanings)
    }

    /// An inbox that is lost with this process.
    pub fn in_memory(meanings: Meanings) -> Inbox {
        let terms = Terms::default();
        Inbox::over(Arc::new(Local::in_memory(terms)), terms, meanings)
    }

    /// An inbox over `ledger`, which works by `terms`.
    pub fn over(ledger: Arc<dyn Ledger>, terms: Terms, meanings: Meanings) -> Inbox {
        let (requests, waiting) = mpsc::channel(WAITING);
        let (work, handed_out) = mpsc::unbounded_channel();
        let (sender, standing) = watch::channel(Standing::new());
        let (closing, busy) = (watch::Sender::new(false), watch::Sender::new(0));
        let in_hand = busy.subscribe();
        let clerk = Clerk::new(Wiring {
            ledger: ledger.clone(),
            lease: terms.lease,
            requests: waiting,
            work,
            standing: sender,
            closing: closing.subscribe(),
            busy,
        });
        let clerk = AbortOnDropHandle::new(tokio::spawn(clerk.run()));
        let shared = Shared {
            ledger,
            meanings,
            requests: Mutex::new(Some(requests)),
            work: tokio::sync::Mutex::new(handed_out),
            standing,
            closing,
            busy: in_hand,
            clerk: Mutex::new(Some(clerk)),
        };
        Inbox { shared: Arc::new(shared) }
    }

    /// Keeps `incoming`, unless it was kept before or is not meant for the bot. It has its place behind what was
    /// offered before as soon as this returns. Waiting for the outcome takes as long as storage does: whoever has to say
    /// something earlier gives up, and offers the message again.
    ///
    /// # Errors
    /// [`Full`]: nothing was taken and the same message may be offered again.
    pub fn accept(&self, incoming: Incoming) -> impl Future<Output = Result<Accepted, Full>> + Send + use<> {
        let offered = self.offer(incoming);
        async {
            let outcome = match offered? {
                Some(outcome) => outcome.await,
                None => return Ok(Accepted::Ignored),
            };
            match outcome {
                Ok(Outcome::Run { .. } | Outcome::Queued) => Ok(Accepted::New),
                Ok(Outcome::Duplicate) => Ok(Accepted::Duplicate),
                Ok(Outcome::Busy) => Ok(Accepted::Busy),
                Ok(_) | Err(_) => Err(Full),
            }
        }
    }

    /// Whether it would be taken, were it typed now.
    pub fn is_meant(&self, incoming: &Incoming) -> bool {
        !matches!((self.shared.meanings)(incoming), Meaning::NotForUs)
    }

    /// None: it is not meant for the bot.
    fn offer(&self, incoming: Incoming) -> Result<Option<oneshot::Receiver<Outcome>>, Full> {
        let (said, history) = match (self.shared.meanings)(&incoming) {
            Meaning::NotForUs => return Ok(None),
            Meaning::Command(history) => (None, history),
            Meaning::Says(said, history) => (Some(said), history),
        };
        let requests = lock(&self.shared.requests).clone().filter(|_| !self.is_closing()).ok_or(Full)?;
        let channel = incoming.channel.id.clone();
        let answer = said.as_ref().map(|said| said.text.clone());
        let operation = Operation::Accept { incoming: Box::new(incoming), run: true, answer, history };
        let (outcome, told) = oneshot::channel();
        requests.try_send(Request { operation, said, channel, session: None, outcome }).map_err(|_| Full)?;
        Ok(Some(told))
    }

    /// What is to be done next; `None` once the inbox was left.
    pub async fn next(&self) -> Option<Work> {
        self.shared.work.lock().await.recv().await
    }

    /// Takes no message from now on, and hands out nothing more, unless what is kept would be lost with this process.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
    }

    /// Waits until the inbox is closed and nothing of it runs here.
    pub async fn drained(&self) {
        let (mut closing, mut busy) = (self.shared.closing.subscribe(), self.shared.busy.clone());
        // Neither ends before this inbox does.
        let _ = closing.wait_for(|closing| *closing).await;
        let _ = busy.wait_for(|busy| *busy == 0).await;
    }

    /// Gives everything back that this process has, so that others need not wait for the end of its lease.
    pub async fn leave(&self) {
        lock(&self.shared.requests).take();
        let clerk = lock(&self.shared.clerk).take();
        if let Some(clerk) = clerk {
            // It ends when nobody can ask for anything any more. What it can't say in time, the lease says.
            let _ = timeout(GOODBYE, clerk).await;
        }
    }

    /// Whether what is kept outlasts this process.
    pub fn outlasts(&self) -> bool {
        self.shared.ledger.outlasts()
    }

    /// Storage whose writes are part of the run of a command. None: it may write twice if the command is run twice.
    pub fn guarded(&self, ticket: &Ticket) -> Option<Arc<dyn Storage>> {
        self.shared.ledger.guarded(&ticket.session, &ticket.key)
    }

    /// Notes that the command may not be run again.
    ///
    /// # Errors
    /// [`Lost`]: it must not be run here either.
    pub async fn start(&self, ticket: &Ticket) -> Result<(), Lost> {
        match self.told(ticket, Operation::Start(ticket.key.clone())).await {
            Some(Outcome::Noted) => Ok(()),
            _ => Err(Lost),
        }
    }

    /// Keeps the answer of a command that has run, and returns the next one of its lane.
    ///
    /// # Errors
    /// [`Lost`]: the answer must not be sent from here.
    pub async fn answer(&self, ticket: &Ticket, text: String) -> Result<Option<Taken>, Lost> {
        let next = self.takes_next();
        match self.told(ticket, Operation::Answer { key: ticket.key.clone(), text, next }).await {
            Some(Outcome::Next(taken)) => Ok(taken.map(|taken| *taken)),
            // Storage lost what it had acknowledged: nobody else knows of it.
            Some(Outcome::Missing) => Ok(None),
            _ => Err(Lost),
        }
    }

    /// Forgets a command whose answer has arrived, or that has none. Returns the next one of its lane, if that waited
    /// for this.
    pub async fn finish(&self, ticket: &Ticket) -> Option<Taken> {
        let next = self.takes_next();
        match self.told(ticket, Operation::Finish { key: ticket.key.clone(), next }).await {
            Some(Outcome::Next(taken)) => taken.map(|taken| *taken),
            _ => None,
        }
    }

    /// Whether the command is still this process's. None: that is not certain, as storage has not been heard of for a
    /// while.
    pub fn right(&self, ticket: &Ticket) -> Option<bool> {
        let standing = self.shared.standing.borrow();
        if standing.session != ticket.session {
            return Some(false);
        }
        let is_certain = !self.outlasts() || standing.until.is_some_and(|until| Instant::now() < until);
        is_certain.then_some(true)
    }

    fn is_closing(&self) -> bool {
        *self.shared.closing.borrow()
    }

    fn takes_next(&self) -> bool {
        !self.is_closing() || !self.outlasts()
    }

    async fn told(&self, ticket: &Ticket, operation: Operation) -> Option<Outcome> {
        if self.shared.standing.borrow().session != ticket.session {
            return None;
        }
        let requests = lock(&self.shared.requests).clone()?;
        let (outcome, told) = oneshot::channel();
        let (channel, session) = (ticket.channel.clone(), Some(ticket.session.clone()));
        requests.send(Request { operation, said: None, channel, session, outcome }).await.ok()?;
        told.await.ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Ticket {
    /// What names `incoming`, of a lane that `session` has.
    pub fn new(session: &Arc<str>, incoming: &Incoming) -> Ticket {
        let channel = incoming.channel.id.clone();
        Ticket { key: incoming.key.clone(), channel, session: session.clone() }
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("outlasts", &self.outlasts()).finish_non_exhaustive()
    }
}
