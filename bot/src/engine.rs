//! The command loop: takes commands from the inbox, runs them and hands the answers to the outbox. What one person types
//! in one channel is answered in that order; everything else runs at the same time. Knows no platform.

mod admin;
mod answers;
mod built_in;
mod busy;
mod forms;
mod history;
mod home;
mod lane;
mod program;
mod progress;
mod reader;

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

pub use program::{Program, Runs};
pub use reader::Reader;

use crate::{
    action::{Action, ActionError, Context},
    chat::{Incoming, Reply},
    inbox::{Inbox, Said, Taken, Ticket, Work},
    outbox::{Delivery, Outbox},
    report::Metrics,
    storage::{Storage, StorageError},
};
use answers::Answer;
use busy::Told;
use lane::Lane;
use reader::{Read, Reading, Task};

/// Runs commands. What it needs is handed to it.
#[derive(Clone)]
pub struct Engine {
    pub reader: Reader,
    pub storage: Arc<dyn Storage>,
    pub inbox: Inbox,
    pub outbox: Outbox,
    pub metrics: Metrics,
}

impl Engine {
    /// Runs until the inbox is closed and everything that runs here is answered, or until `grace` after `stop`.
    pub async fn run(self, stop: CancellationToken, grace: Duration) {
        let overtime = async {
            stop.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            () = Arc::new(self).take_all() => (),
            () = overtime => tracing::warn!("commands were broken off, since the time to finish them was over"),
        }
    }

    async fn take_all(self: Arc<Self>) {
        let (mut lanes, mut told) = (JoinSet::new(), Told::default());
        loop {
            tokio::select! {
                biased;
                Some(_) = lanes.join_next() => (),
                work = self.inbox.next() => match work {
                    Some(Work::Lane { claim, session }) => {
                        lanes.spawn(Lane::new(self.clone(), session).work(claim));
                    }
                    Some(Work::Said { incoming, said, session }) => {
                        let Said { text, outcome, took } = said;
                        self.metrics.command(outcome, took);
                        lanes.spawn(Lane::new(self.clone(), session).say(incoming, text));
                    }
                    Some(Work::Busy(incoming)) => self.refuse(&incoming, &mut told).await,
                    None => break,
                },
                // Nothing is left of what was handed out before it was closed.
                () = self.inbox.drained() => break,
            }
        }
        while lanes.join_next().await.is_some() {}
    }

    /// Says that too many commands wait, once in a while in each place.
    async fn refuse(&self, incoming: &Incoming, told: &mut Told) {
        let Answer { text, outcome } = answers::busy();
        self.metrics.command(outcome, Duration::ZERO);
        // It is not run, whatever else there is to say of it.
        let reply = Reply { lacking: None, ..self.reader.reply(incoming, Some(&[]), text) };
        if !told.is_news(&reply.target, Instant::now()) {
            return;
        }
        // Whether it arrives is in the outbox's log and metrics.
        drop(self.outbox.deliver(Delivery::new(reply, incoming.key.clone())).await);
    }

    /// The answer to one message; none if it is not meant for the bot.
    async fn handle(&self, taken: &Taken, ticket: &Ticket) -> Option<Answer> {
        let started = Instant::now();
        let answer = if taken.started {
            Some(answers::interrupted())
        } else {
            let answering = AssertUnwindSafe(self.answer(taken, ticket)).catch_unwind();
            answering.await.unwrap_or_else(|panic| Some(apology(panic.as_ref())))
        };
        let answer = answer?.or_done();
        self.metrics.command(answer.outcome, started.elapsed());
        Some(answer)
    }

    async fn answer(&self, Taken { incoming, recalled, .. }: &Taken, ticket: &Ticket) -> Option<Answer> {
        let program = self.reader.program.borrow().clone();
        let Read { reading, repeats } = self.reader.read(&program, incoming, recalled);
        let answer = match reading {
            Reading::NotForUs => return None,
            Reading::Say(answer) => answer,
            Reading::Do(task) => {
                let run = self.run_task(&program, &task, incoming, ticket);
                let ran = timeout(task.timeout, run).await;
                ran.unwrap_or_else(|_| answers::timed_out(task.command, task.timeout))
            }
        };
        Some(match repeats {
            Some(line) => answer.below(&format!("{}{line}", program.catalogue.call)),
            None => answer,
        })
    }

    async fn run_task(
        &self,
        program: &Program,
        task: &Task<'_>,
        incoming: &Incoming,
        ticket: &Ticket,
    ) -> Answer {
        let Task { plugin, command, action, arguments, .. } = task;
        let context = Context { incoming, arguments, bot: &program.bot };
        let Some(storage) = self.storage_for(action, ticket).await else { return answers::lost() };
        let came_to = action.run(&program.templates, &*storage, plugin, &context).await;
        if let Err(ActionError::Storage(error)) = &came_to {
            self.metrics.storage_error(label(error));
        }
        answers::of_action(plugin, command, came_to)
    }

    /// Storage in which `action` writes nothing twice. Where that cannot be had, it is noted before that the command
    /// may not be run again. None: another replica has the command.
    async fn storage_for(&self, action: &Action, ticket: &Ticket) -> Option<Arc<dyn Storage>> {
        if let Some(guarded) = self.inbox.guarded(ticket) {
            return Some(guarded);
        }
        if !action.is_repeatable() && self.inbox.outlasts() {
            self.inbox.start(ticket).await.ok()?;
        }
        Some(self.storage.clone())
    }
}

/// For what should not have happened: the answer carries an id that is in the log.
fn apology(panic: &(dyn Any + Send)) -> Answer {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let id = format!("{:08x}", rand::random::<u32>());
    tracing::error!(correlation_id = id, panic = text, "a command panicked");
    answers::internal_error(&id)
}

fn label(error: &StorageError) -> &'static str {
    match error {
        StorageError::Unreachable => "unreachable",
        StorageError::NoAnswer(_) => "no_answer",
        StorageError::Refused(_) => "refused",
        StorageError::InUse(_) => "in_use",
        StorageError::Contended => "contended",
        StorageError::Limit(_) => "limit",
        StorageError::TooMany => "too_many",
        StorageError::Fenced => "fenced",
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}
