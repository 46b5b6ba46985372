//! Between the engine and an adapter: brings answers to the platform, in order within a channel, no channel waiting
//! for another. Splits what is too long, obeys rate limits, tries again what failed, and looks before it sends again what
//! may have arrived. In a burst the answers that wait for one place become one message. Takes secrets out of all of them.
//! Knows neither what a command is nor how a platform is spoken to.

mod lane;
mod pace;
mod sender;
mod signs;
mod split;
mod workspace;

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout},
};

pub use sender::{FindError, Mark, SendError, Sender};
pub use split::split;

use crate::{
    chat::{MessageKey, Reply},
    mask,
    report::Metrics,
};
use lane::Lane;
use sender::DynSender;
use workspace::Workspace;

/// How many answers are on their way at most; who delivers more waits.
const CAPACITY: u32 = 1_000;

/// How patient an outbox is.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long one message is tried before it is given up.
    pub patience: Duration,
    /// Pause after the first failure; it doubles from there, with jitter.
    pub first_retry: Duration,
    /// Pause between messages in a channel that met its rate limit: Slack allows one a second (docs: "Rate limits").
    pub interval: Duration,
    /// The same between messages in all channels of a workspace that met its limit, which takes several hundred a
    /// minute.
    pub workspace_interval: Duration,
    /// How long such a channel or workspace keeps to its interval.
    pub paced_for: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            patience: Duration::from_secs(3600),
            first_retry: Duration::from_millis(250),
            interval: Duration::from_secs(1),
            workspace_interval: Duration::from_millis(200),
            paced_for: Duration::from_secs(30),
        }
    }
}

/// Why an answer did not reach the platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undeliverable {
    /// The platform does not want it; `0` is its error code.
    #[error("the platform refused the message: {0}")]
    Rejected(String),
    /// It failed again and again; `0` is the last failure.
    #[error("the message could not be sent in time: {0}")]
    GaveUp(String),
    /// The task that was sending it ended.
    #[error("sending was broken off")]
    BrokenOff,
    /// It is somebody else's to send.
    #[error("another replica sends it")]
    NotOurs,
}

/// Whether an answer may be sent now. `None`: that is not certain at the moment.
pub type Right = Arc<dyn Fn() -> Option<bool> + Send + Sync>;

/// An answer to be delivered.
#[derive(Clone)]
pub struct Delivery {
    pub reply: Reply,
    /// The command that it answers.
    pub run: MessageKey,
    /// Parts of it may have been sent before.
    pub doubtful: bool,
    pub right: Right,
}

/// Delivers answers. Clones are handles to the same outbox.
#[derive(Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
}

/// What an outbox and its lanes share.
struct Shared {
    sender: Box<dyn DynSender>,
    /// A queue per channel that has something to send. All sending into a queue and the removal of one happen under
    /// this lock, so that nothing is sent into a queue that nobody reads.
    lanes: Mutex<HashMap<String, mpsc::UnboundedSender<Job>>>,
    workspace: Workspace,
    /// A permit per answer on its way.
    room: Arc<Semaphore>,
    policy: Policy,
    metrics: Metrics,
}

/// One answer on its way.
struct Job {
    delivery: Delivery,
    delivered: Instant,
    done: oneshot::Sender<Result<(), Undeliverable>>,
    _room: OwnedSemaphorePermit,
}

impl Outbox {
    /// An outbox that hands everything to `sender`.
    pub fn start(sender: impl Sender, metrics: Metrics) -> Outbox {
        Self::with_policy(sender, metrics, Policy::default())
    }

    /// The same with another policy.
    pub fn with_policy(sender: impl Sender, metrics: Metrics, policy: Policy) -> Outbox {
        let shared = Shared {
            sender: Box::new(sender),
            lanes: Mutex::default(),
            workspace: Workspace::new(policy.workspace_interval, policy.paced_for),
            room: Arc::new(Semaphore::new(CAPACITY as usize)),
            policy,
            metrics,
        };
        Outbox { shared: Arc::new(shared) }
    }

    /// Brings an answer to the platform, behind what was delivered to the same channel before: it is in line when this
    /// returns. What it returns waits until the answer is there; dropping that does not take the answer back.
    ///
    /// # Errors
    /// [`Undeliverable`]; of a long answer some parts may have arrived.
    pub async fn deliver(
        &self,
        mut delivery: Delivery,
    ) -> impl Future<Output = Result<(), Undeliverable>> + Send + use<> {
        // Before it is split: a part does not show that it holds a part of a secret.
        if let Cow::Owned(masked) = mask::current().apply(&delivery.reply.text) {
            delivery.reply.text = masked;
        }
        let (done, outcome) = oneshot::channel();
        // It is never closed.
        if let Ok(room) = self.shared.room.clone().acquire_owned().await {
            self.enqueue(Job { delivery, delivered: Instant::now(), done, _room: room });
        }
        let metrics = self.shared.metrics.clone();
        async move {
            let outcome = outcome.await.unwrap_or(Err(Undeliverable::BrokenOff));
            metrics.reply(if outcome.is_ok() { "delivered" } else { "undeliverable" });
            outcome
        }
    }

    /// Waits until everything on its way has arrived or was given up; false if that takes longer than `deadline`.
    pub async fn flush(&self, deadline: Duration) -> bool {
        timeout(deadline, self.shared.room.acquire_many(CAPACITY)).await.is_ok()
    }

    fn enqueue(&self, job: Job) {
        let mut lanes = self.shared.lanes();
        let job = match lanes.get(&job.delivery.reply.target.channel) {
            Some(lane) => match lane.send(job) {
                Ok(()) => return,
                Err(mpsc::error::SendError(job)) => job,
            },
            None => job,
        };
        let channel = job.delivery.reply.target.channel.clone();
        let lane = Lane::start(self.shared.clone(), channel.clone(), job);
        lanes.insert(channel, lane);
    }
}

impl Shared {
    fn lanes(&self) -> std::sync::MutexGuard<'_, HashMap<String, mpsc::UnboundedSender<Job>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Delivery {
    /// An answer that was not sent before and may be sent at any time.
    pub fn new(reply: Reply, run: MessageKey) -> Delivery {
        Delivery { reply, run, doubtful: false, right: Arc::new(|| Some(true)) }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("run", &self.run)
            .field("doubtful", &self.doubtful)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("on_their_way", &(CAPACITY as usize - self.shared.room.available_permits()))
            .finish()
    }
}
