//! What a message means, found out without doing anything: so that what only answers has its answer before anybody
//! waits for storage.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chatops_crds::chat_bot::commands::UnknownCommand;
use tokio::sync::watch;

use super::{
    answers::{self, Answer},
    built_in,
    program::{Program, Runs},
};
use crate::{
    action::{Action, Context},
    chat::{Addressing, Incoming},
    command::{Arguments, Entry, Group, Routed, help, parse_arguments, route},
    inbox::{Meaning, Said},
    report::Facts,
};

/// What was typed longer ago is not run any more: whoever typed it has moved on.
const TOO_OLD: Duration = Duration::from_secs(600);

/// Longest answer that waits for storage with its command, in bytes; a thousand of them may.
const SHORT: usize = 4_000;

/// Reads messages.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The commands in force; a new program applies from the next message on.
    pub program: watch::Receiver<Arc<Program>>,
    pub facts: Facts,
    /// When the bot started.
    pub started: Instant,
}

/// What is to be done about a message.
pub(super) enum Reading<'p> {
    NotForUs,
    Say(Answer),
    Do(Task<'p>),
}

/// A plugin's command and its arguments.
pub(super) struct Task<'p> {
    pub plugin: &'p str,
    pub command: &'p str,
    pub action: &'p Action,
    pub arguments: Arguments,
}

impl Reader {
    /// What `incoming` means by the program in force.
    pub fn meaning(&self, incoming: &Incoming) -> Meaning {
        let (program, started) = (self.program.borrow().clone(), Instant::now());
        match catch_unwind(AssertUnwindSafe(|| self.read(&program, incoming))) {
            Ok(Reading::NotForUs) => Meaning::NotForUs,
            Ok(Reading::Say(answer)) if answer.text.len() <= SHORT => {
                let Answer { text, outcome } = answer.or_done();
                Meaning::Says(Said { text, outcome, took: started.elapsed() })
            }
            // Whoever runs it panics too, and apologises.
            Ok(_) | Err(_) => Meaning::Command,
        }
    }

    pub(super) fn read<'p>(&self, program: &'p Program, incoming: &Incoming) -> Reading<'p> {
        let catalogue = &program.catalogue;
        let prefix = catalogue.prefix.as_str();
        let (group, entry, typed) = match route(catalogue, incoming.addressing, &incoming.text) {
            Routed::NotForUs => return Reading::NotForUs,
            Routed::NoCommand => return Reading::Say(answers::no_command(prefix)),
            Routed::Unknown(_) if ignores(program, incoming) => return Reading::NotForUs,
            Routed::Unknown(suggestion) => return Reading::Say(answers::unknown(prefix, &suggestion)),
            Routed::Command { group, entry, arguments } => (group, entry, arguments),
        };
        if let Some(age) = too_old(incoming) {
            return Reading::Say(answers::too_old(age));
        }
        match parse_arguments(&entry.command.args, &typed) {
            Ok(arguments) => self.read_command(program, incoming, (group, entry), arguments),
            Err(error) => {
                Reading::Say(answers::wrong_arguments(&error, &help::usage(prefix, &entry.command)))
            }
        }
    }

    fn read_command<'p>(
        &self,
        program: &'p Program,
        incoming: &Incoming,
        (group, entry): (&'p Group<Runs>, &'p Entry<Runs>),
        arguments: Arguments,
    ) -> Reading<'p> {
        let action = match &entry.runs {
            Runs::BuiltIn(built_in) => {
                let (up, facts) = (self.started.elapsed(), self.facts.current());
                let text = built_in::run(*built_in, program, incoming, &arguments, &facts, up);
                return Reading::Say(Answer::succeeded(text));
            }
            Runs::Action(action) => action,
        };
        let (plugin, command) = (group.plugin.as_deref().unwrap_or_default(), entry.command.name.as_str());
        let context = Context { incoming, arguments: &arguments, bot: &program.bot };
        match action.says(&program.templates, &context) {
            Some(said) => Reading::Say(answers::of_action(plugin, command, said.map_err(Into::into))),
            None => Reading::Do(Task { plugin, command, action, arguments }),
        }
    }
}

/// Whether an unknown command is not answered: perhaps it is another bot's.
fn ignores(program: &Program, incoming: &Incoming) -> bool {
    program.unknown == UnknownCommand::Ignore && incoming.addressing == Addressing::Channel
}

/// How long ago it was typed, if that is too long.
fn too_old(incoming: &Incoming) -> Option<Duration> {
    let typed = (incoming.typed_at > 0).then(|| UNIX_EPOCH + Duration::from_millis(incoming.typed_at))?;
    SystemTime::now().duration_since(typed).ok().filter(|age| *age > TOO_OLD)
}
