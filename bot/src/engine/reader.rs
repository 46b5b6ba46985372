//! What a message means, found out without doing anything: so that what only answers has its answer before anybody
//! waits for storage.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use chatops_crds::{
    bot_plugin::{Argument, Command},
    chat_bot::commands::UnknownCommand,
    shared::{durations, visibility::Visibility},
};
use tokio::sync::watch;

use super::{
    admin,
    answers::{self, Answer},
    built_in, forms,
    history::{self, Line},
    home,
    program::{Program, Runs},
};
use crate::{
    action::{Action, Context, TemplateError, overheard},
    chat::{Addressing, Audience, Incoming, Reply, Target},
    command::{Arguments, BuiltIn, Group, Routed, help, parse_arguments, route},
    inbox::{History, Meaning, Said},
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

/// What a message means.
pub(super) struct Read<'p> {
    pub reading: Reading<'p>,
    /// The line of the history that it repeats.
    pub repeats: Option<String>,
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
    /// How long it may run.
    pub timeout: Duration,
}

impl Reader {
    /// What `incoming` means by the program in force.
    pub fn meaning(&self, incoming: &Incoming) -> Meaning {
        let (program, started) = (self.program.borrow().clone(), Instant::now());
        let history = history(&program, incoming);
        if matches!(history, Some(History::Repeat(_) | History::List)) {
            return Meaning::Command(history);
        }
        match catch_unwind(AssertUnwindSafe(|| self.read(&program, incoming, &[]).reading)) {
            Ok(Reading::NotForUs) => Meaning::NotForUs,
            Ok(Reading::Say(answer)) if answer.text.len() <= SHORT => {
                let Answer { text, outcome } = answer.or_done();
                Meaning::Says(Said { text, outcome, took: started.elapsed() }, history)
            }
            // Whoever runs it panics too, and apologises.
            Ok(_) | Err(_) => Meaning::Command(history),
        }
    }

    /// The answer `text` to `incoming`. `recalled` is none for one that was kept: what it repeats is not known any more, and
    /// so it is for whoever asked only.
    pub(super) fn reply(&self, incoming: &Incoming, recalled: Option<&[String]>, text: String) -> Reply {
        let program = self.program.borrow();
        let target = target(&program, incoming, recalled);
        let is_seen_by_all = target.only.is_none() && target.channel == incoming.channel.id;
        let max_lines = program.max_lines.filter(|_| is_seen_by_all);
        Reply { target, text, lacking: forms::lacking(&program, incoming), max_lines }
    }

    /// `recalled`: what [`History`] says of a message that is about others.
    pub(super) fn read<'p>(
        &self,
        program: &'p Program,
        incoming: &Incoming,
        recalled: &[String],
    ) -> Read<'p> {
        if incoming.is_home {
            let text = home::page(program, recalled);
            return Read { reading: Reading::Say(Answer::succeeded(text)), repeats: None };
        }
        let routed = program.routed(incoming);
        let Routed::Repeat(place) = routed else {
            return Read { reading: self.understand(program, incoming, routed, recalled), repeats: None };
        };
        let Some(line) = recalled.first().and_then(|kept| Line::read(kept)) else {
            let nothing = history::nothing_at(place, &program.catalogue.call);
            return Read { reading: Reading::Say(nothing), repeats: None };
        };
        if line.text.is_empty() {
            let not_kept = history::not_kept(&program.catalogue.call);
            return Read { reading: Reading::Say(not_kept), repeats: None };
        }
        let repeats = Some(line.text.clone());
        let again = line.typed_again(&program.catalogue.prefix, incoming);
        let routed = route(&program.catalogue, again.addressing, &again.text);
        Read { reading: self.understand(program, &again, routed, &[]), repeats }
    }

    fn understand<'p>(
        &self,
        program: &'p Program,
        incoming: &Incoming,
        routed: Routed<'p, '_, Runs>,
        recalled: &[String],
    ) -> Reading<'p> {
        let prefix = program.catalogue.call.as_str();
        if is_talk(program, incoming, &routed)
            && let Some(answer) = overhear(program, incoming)
        {
            return Reading::Say(answer);
        }
        let (group, entry, typed) = match routed {
            Routed::NotForUs => return Reading::NotForUs,
            Routed::NoCommand => return Reading::Say(answers::no_command(prefix)),
            Routed::Unknown(_) if ignores(program, incoming) => return Reading::NotForUs,
            Routed::Unknown(suggestion) => return Reading::Say(answers::unknown(prefix, &suggestion)),
            // A line that is kept repeats no other one.
            Routed::Repeat(place) => return Reading::Say(history::nothing_at(place, prefix)),
            Routed::Command { group, entry, arguments, .. } => (group, entry, arguments),
        };
        if let Some(age) = too_old(incoming) {
            return Reading::Say(answers::too_old(age));
        }
        if asks_for_help(&entry.command, &typed) {
            return Reading::Say(Answer::succeeded(help::about(&program.catalogue, &entry.command.name)));
        }
        let arguments = match parse_arguments(&entry.command.args, &typed, &incoming.references) {
            Ok(arguments) => arguments,
            Err(error) => {
                let usage = help::usage(prefix, &entry.command);
                return Reading::Say(answers::wrong_arguments(&error, &usage));
            }
        };
        match &entry.runs {
            Runs::BuiltIn(built_in) => {
                let (up, facts) = (self.started.elapsed(), self.facts.current());
                let text = built_in::run(*built_in, program, incoming, &arguments, recalled, &facts, up);
                Reading::Say(Answer::succeeded(text))
            }
            Runs::Admin(admin) => {
                let text = admin::run(*admin, program, incoming, &arguments, &self.facts.current());
                Reading::Say(Answer::succeeded(text))
            }
            Runs::Action(action) => plan(program, incoming, (group, &entry.command), action, arguments),
        }
    }
}

/// Nobody meant a command: people talk to each other, or to the bot.
fn is_talk(program: &Program, incoming: &Incoming, routed: &Routed<'_, '_, Runs>) -> bool {
    match routed {
        _ if incoming.reaction.is_some() => false,
        Routed::NotForUs => true,
        Routed::Unknown(_) | Routed::NoCommand => {
            incoming.addressing == Addressing::Direct
                && !incoming.text.trim_start().starts_with(&program.catalogue.prefix)
        }
        Routed::Command { .. } | Routed::Repeat(_) => false,
    }
}

/// What plugins say by themselves to what people say.
fn overhear(program: &Program, incoming: &Incoming) -> Option<Answer> {
    if program.passives.is_empty() || too_old(incoming).is_some() {
        return None;
    }
    let failed = |plugin: &str, error: &TemplateError| tracing::warn!(plugin, %error, "a template failed");
    let text = overheard(&program.passives, &program.templates, incoming, &program.bot, failed)?;
    Some(Answer { text, outcome: "matched" })
}

/// What a plugin's command comes to: an answer, if it does nothing else.
fn plan<'p>(
    program: &'p Program,
    incoming: &Incoming,
    (group, command): (&'p Group<Runs>, &'p Command),
    action: &'p Action,
    arguments: Arguments,
) -> Reading<'p> {
    let plugin = group.plugin.as_deref().unwrap_or_default();
    let context = Context { incoming, arguments: &arguments, bot: &program.bot };
    match action.says(&program.templates, &context) {
        Some(said) => Reading::Say(answers::of_action(plugin, &command.name, said.map_err(Into::into))),
        None => {
            let own = command.timeout.as_deref().and_then(durations::parse);
            let timeout = own.map_or(program.timeout, |own| own.min(program.timeout));
            Reading::Do(Task { plugin, command: &command.name, action, arguments, timeout })
        }
    }
}

/// What `incoming` has to do with the history of whoever typed it.
fn history(program: &Program, incoming: &Incoming) -> Option<History> {
    if incoming.is_home {
        return Some(History::List);
    }
    if incoming.reaction.is_some() {
        return None;
    }
    match program.routed(incoming) {
        Routed::Repeat(place) => Some(History::Repeat(place)),
        Routed::Command { entry, line, .. } => match entry.runs {
            Runs::BuiltIn(BuiltIn::History) => Some(History::List),
            _ => {
                let visibility = entry.command.visibility.unwrap_or(program.visibility);
                let is_private = matches!(visibility, Visibility::Ephemeral | Visibility::DirectMessage);
                Line::remember(line, is_private || incoming.channel.is_direct, incoming)
            }
        },
        _ => None,
    }
}

/// Whether `typed` is what programs in a terminal explain themselves for.
fn asks_for_help(command: &Command, typed: &str) -> bool {
    let is_own = |argument: &Argument| argument.name == "help" || argument.short.as_deref() == Some("h");
    matches!(typed.trim(), "--help" | "-h" | "—help") && !command.args.iter().any(is_own)
}

/// Where what `incoming` is answered goes. `recalled` as in [`Reader::reply`].
fn target(program: &Program, incoming: &Incoming, recalled: Option<&[String]>) -> Target {
    let (catalogue, default) = (&program.catalogue, program.visibility);
    let own = |routed: Routed<'_, '_, Runs>| match routed {
        Routed::Command { entry, .. } => Some(entry.command.visibility.unwrap_or(default)),
        _ => None,
    };
    let routed = program.routed(incoming);
    let is_repeat = matches!(routed, Routed::Repeat(_));
    let line = recalled.and_then(<[String]>::first).filter(|_| is_repeat);
    let visibility = match line.and_then(|kept| Line::read(kept)) {
        Some(Line { is_private: true, .. }) => Some(Visibility::Ephemeral),
        Some(line) => {
            let again = line.typed_again(&catalogue.prefix, incoming);
            own(route(catalogue, again.addressing, &again.text))
        }
        None => own(routed),
    };
    let unknown = if is_repeat && recalled.is_none() { Visibility::Ephemeral } else { default };
    incoming.reply_target(match visibility.unwrap_or(unknown) {
        Visibility::Channel => Audience::Channel,
        Visibility::Thread => Audience::Thread,
        Visibility::Ephemeral => Audience::Asker,
        Visibility::DirectMessage => Audience::Direct,
    })
}

/// Whether an unknown command is not answered: perhaps it is another bot's.
fn ignores(program: &Program, incoming: &Incoming) -> bool {
    program.unknown == UnknownCommand::Ignore && incoming.addressing == Addressing::Channel
}

/// How long ago it was typed, if that is too long.
pub(super) fn too_old(incoming: &Incoming) -> Option<Duration> {
    let typed = (incoming.typed_at > 0).then(|| UNIX_EPOCH + Duration::from_millis(incoming.typed_at))?;
    SystemTime::now().duration_since(typed).ok().filter(|age| *age > TOO_OLD)
}
