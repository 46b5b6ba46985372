//! The command loop: takes commands from the inbox, runs them and hands the answers to the outbox. What one person types
//! in one channel is answered in that order; everything else runs at the same time. Knows no platform.

mod answers;
mod built_in;
mod busy;
mod lane;
mod program;

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::FutureExt;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

pub use program::{Program, Runs};

use crate::{
    action::{Action, ActionError, Context},
    chat::{Incoming, Reply},
    command::{Arguments, BuiltIn, Entry, Group, Routed, help, parse_arguments, route},
    inbox::{Inbox, Taken, Ticket, Work},
    outbox::{Delivery, Outbox},
    report::{Facts, Metrics},
    storage::{Storage, StorageError},
};
use answers::Answer;
use busy::Told;
use lane::Lane;

/// What was typed longer ago is not run any more: whoever typed it has moved on.
const TOO_OLD: Duration = Duration::from_secs(600);

/// Runs commands. What it needs is handed to it.
#[derive(Clone)]
pub struct Engine {
    /// The commands in force; a new program applies from the next message on.
    pub program: watch::Receiver<Arc<Program>>,
    pub storage: Arc<dyn Storage>,
    pub inbox: Inbox,
    pub outbox: Outbox,
    pub facts: Facts,
    pub metrics: Metrics,
    /// When the bot started.
    pub started: Instant,
}

/// A command that is being run.
struct Call<'a> {
    program: &'a Program,
    incoming: &'a Incoming,
    ticket: &'a Ticket,
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
                work = self.inbox.next() => match work {
                    Some(Work::Lane { claim, session }) => {
                        lanes.spawn(Lane::new(self.clone(), session).work(claim));
                    }
                    Some(Work::Busy(incoming)) => self.refuse(&incoming, &mut told).await,
                    None => break,
                },
                Some(_) = lanes.join_next() => (),
                () = self.inbox.drained() => break,
            }
        }
        while lanes.join_next().await.is_some() {}
    }

    /// Says that too many commands wait, once in a while in each place.
    async fn refuse(&self, incoming: &Incoming, told: &mut Told) {
        let Answer { text, outcome } = answers::busy();
        self.metrics.command(outcome, Duration::ZERO);
        let target = incoming.reply_target();
        if !told.is_news(&target, Instant::now()) {
            return;
        }
        let reply = Reply { target, text };
        // Whether it arrives is in the outbox's log and metrics.
        drop(self.outbox.deliver(Delivery::new(reply, incoming.key.clone())).await);
    }

    /// The answer to one message; blank if it is not meant for the bot.
    async fn handle(&self, taken: &Taken, ticket: &Ticket) -> String {
        let program = self.program.borrow().clone();
        let started = Instant::now();
        let call = Call { program: &program, incoming: &taken.incoming, ticket };
        let answer = if taken.started {
            Some(answers::interrupted())
        } else if let Some(age) = too_old(&taken.incoming) {
            Some(answers::too_old(age))
        } else {
            let answering = AssertUnwindSafe(self.answer(&call)).catch_unwind();
            answering.await.unwrap_or_else(|panic| Some(apology(panic.as_ref())))
        };
        let Some(Answer { text, outcome }) = answer else { return String::new() };
        self.metrics.command(outcome, started.elapsed());
        if text.trim().is_empty() { answers::NOTHING_TO_SAY.to_owned() } else { text }
    }

    async fn answer(&self, call: &Call<'_>) -> Option<Answer> {
        let Call { program, incoming, .. } = call;
        let catalogue = &program.catalogue;
        let prefix = catalogue.prefix.as_str();
        let (group, entry, typed) = match route(catalogue, incoming.addressing, &incoming.text) {
            Routed::NotForUs => return None,
            Routed::NoCommand => return Some(answers::no_command(prefix)),
            Routed::Unknown(suggestion) => return Some(answers::unknown(prefix, &suggestion)),
            Routed::Command { group, entry, arguments } => (group, entry, arguments),
        };
        let arguments = match parse_arguments(&entry.command.args, typed) {
            Ok(arguments) => arguments,
            Err(error) => {
                return Some(answers::wrong_arguments(&error, &help::usage(prefix, &entry.command)));
            }
        };
        let run = self.run_command(call, group, entry, &arguments);
        Some(match timeout(program.timeout, run).await {
            Ok(answer) => answer,
            Err(_) => answers::timed_out(&entry.command.name, program.timeout),
        })
    }

    async fn run_command(
        &self,
        call: &Call<'_>,
        group: &Group<Runs>,
        entry: &Entry<Runs>,
        arguments: &Arguments,
    ) -> Answer {
        match &entry.runs {
            Runs::BuiltIn(built_in) => self.run_built_in(*built_in, call, arguments),
            Runs::Action(action) => {
                let plugin = group.plugin.as_deref().unwrap_or_default();
                self.run_action(call, plugin, entry, action, arguments).await
            }
        }
    }

    fn run_built_in(&self, built_in: BuiltIn, call: &Call<'_>, arguments: &Arguments) -> Answer {
        let up = self.started.elapsed();
        let facts = self.facts.current();
        Answer::succeeded(built_in::run(built_in, call.program, call.incoming, arguments, &facts, up))
    }

    async fn run_action(
        &self,
        call: &Call<'_>,
        plugin: &str,
        entry: &Entry<Runs>,
        action: &Action,
        arguments: &Arguments,
    ) -> Answer {
        let command = entry.command.name.as_str();
        let context = Context { incoming: call.incoming, arguments, bot: &call.program.bot };
        let Some(storage) = self.storage_for(action, call.ticket).await else { return answers::lost() };
        match action.run(&call.program.templates, &*storage, plugin, &context).await {
            Ok(text) => Answer::succeeded(text),
            Err(ActionError::Key(error)) => Answer::failed(error.to_string()),
            Err(ActionError::Template(error)) => {
                tracing::warn!(plugin, command, %error, "a template failed");
                answers::template_failed(plugin, command, &error)
            }
            Err(ActionError::Storage(error)) => {
                tracing::warn!(plugin, command, %error, "storage failed");
                self.metrics.storage_error(label(&error));
                answers::storage_failed(&error)
            }
        }
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

/// How long ago it was typed, if that is too long.
fn too_old(incoming: &Incoming) -> Option<Duration> {
    let typed = (incoming.typed_at > 0).then(|| UNIX_EPOCH + Duration::from_millis(incoming.typed_at))?;
    SystemTime::now().duration_since(typed).ok().filter(|age| *age > TOO_OLD)
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
        f.debug_struct("Engine").field("started", &self.started).finish_non_exhaustive()
    }
}
