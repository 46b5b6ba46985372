//! The command loop: takes messages from the inbox, runs the commands they call and hands the answers to the outbox.
//! What one person types in one channel is answered in that order; everything else runs at the same time. Knows no
//! platform.

mod answers;
mod built_in;
mod lanes;
mod program;

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::FutureExt;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub use program::{Program, Runs};

use crate::{
    action::{Action, ActionError, Context},
    chat::{Incoming, Reply},
    command::{Arguments, BuiltIn, Entry, Group, Routed, help, parse_arguments, route},
    inbox::Inbox,
    outbox::Outbox,
    report::{Facts, Metrics},
    storage::{Storage, StorageError},
};
use answers::Answer;
use lanes::Lanes;

/// Messages in hand at once, from the inbox to the delivered answer; the others wait in the inbox.
const IN_HAND: usize = 512;

/// Runs commands. What it needs is handed to it.
#[derive(Clone)]
pub struct Engine {
    /// The commands in force; a new program applies from the next message on.
    pub program: watch::Receiver<Arc<Program>>,
    pub storage: Arc<dyn Storage>,
    pub outbox: Outbox,
    pub facts: Facts,
    pub metrics: Metrics,
    /// When the bot started.
    pub started: Instant,
}

impl Engine {
    /// Runs until `inbox` is closed and everything in it is answered, or until `grace` after `stop`.
    pub async fn run(self, inbox: Inbox, stop: CancellationToken, grace: Duration) {
        let overtime = async {
            stop.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        tokio::select! {
            () = Arc::new(self).take_all(inbox) => (),
            () = overtime => tracing::warn!("commands were broken off, since the time to finish them was over"),
        }
    }

    async fn take_all(self: Arc<Self>, inbox: Inbox) {
        let room = Arc::new(Semaphore::new(IN_HAND));
        let mut lanes = Lanes::new(self);
        loop {
            // It is never closed.
            let Ok(permit) = room.clone().acquire_owned().await else { break };
            let Some(incoming) = inbox.next().await else { break };
            lanes.push(incoming, permit);
        }
        lanes.finish().await;
    }

    /// Answers one message, unless it is not meant for the bot.
    async fn handle(&self, incoming: &Incoming) {
        let program = self.program.borrow().clone();
        let started = Instant::now();
        let answering = AssertUnwindSafe(self.answer(&program, incoming)).catch_unwind();
        let answer = answering.await.unwrap_or_else(|panic| Some(apology(panic.as_ref())));
        let Some(Answer { text, outcome }) = answer else { return };
        self.metrics.command(outcome, started.elapsed());
        let text = if text.trim().is_empty() { answers::NOTHING_TO_SAY.to_owned() } else { text };
        // The outbox logs and counts what it cannot deliver; there is nobody else to tell.
        let _ = self.outbox.deliver(Reply { target: incoming.reply_target(), text }).await;
    }

    async fn answer(&self, program: &Program, incoming: &Incoming) -> Option<Answer> {
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
        let run = self.run_command(program, group, entry, incoming, &arguments);
        Some(match timeout(program.timeout, run).await {
            Ok(answer) => answer,
            Err(_) => answers::timed_out(&entry.command.name, program.timeout),
        })
    }

    async fn run_command(
        &self,
        program: &Program,
        group: &Group<Runs>,
        entry: &Entry<Runs>,
        incoming: &Incoming,
        arguments: &Arguments,
    ) -> Answer {
        match &entry.runs {
            Runs::BuiltIn(built_in) => self.run_built_in(*built_in, program, incoming, arguments),
            Runs::Action(action) => {
                let context = Context { incoming, arguments, bot: &program.bot };
                let plugin = group.plugin.as_deref().unwrap_or_default();
                self.run_action(program, plugin, entry, action, &context).await
            }
        }
    }

    fn run_built_in(
        &self,
        built_in: BuiltIn,
        program: &Program,
        incoming: &Incoming,
        arguments: &Arguments,
    ) -> Answer {
        let up = self.started.elapsed();
        Answer::succeeded(built_in::run(built_in, program, incoming, arguments, &self.facts.current(), up))
    }

    async fn run_action(
        &self,
        program: &Program,
        plugin: &str,
        entry: &Entry<Runs>,
        action: &Action,
        context: &Context<'_>,
    ) -> Answer {
        let command = entry.command.name.as_str();
        match action.run(&program.templates, &*self.storage, plugin, context).await {
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
        StorageError::TooMany => "too_many",
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("started", &self.started).finish_non_exhaustive()
    }
}
