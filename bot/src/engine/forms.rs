//! Which command a form belongs to, and which line lacks what a form can ask for.

use chatops_crds::bot_plugin::Argument;

use super::{
    Reader,
    program::{Program, Runs},
    reader::too_old,
};
use crate::{
    chat::{
        Addressing, Incoming, Reference,
        form::{Filled, Form, Forms, Wrong},
    },
    command::{Entry, Routed, WrongArguments, filled_line, form, parse_arguments, route},
    mask,
};

impl Forms for Reader {
    fn form(&self, line: &str, references: &[Reference]) -> Option<Form> {
        let program = self.program.borrow().clone();
        match route(&program.catalogue, Addressing::Mention, line) {
            Routed::Command { entry, arguments, .. } => Some(form(&entry.command, &arguments, references)),
            _ => None,
        }
    }

    fn line(&self, command: &str, filled: &Filled, references: &[Reference]) -> Result<String, Wrong> {
        let program = self.program.borrow().clone();
        let gone = || {
            let first = filled.first().map(|(name, _)| name.clone()).unwrap_or_default();
            vec![(first, format!("I do not have the command \"{command}\" any more."))]
        };
        let (_, entry, _) = program.catalogue.find(command).ok_or_else(gone)?;
        let line = filled_line(&entry.command, filled, references)?;
        // Free text may be the rest of another command's name.
        let means = |(_, meant, _): (&_, &Entry<Runs>, &str)| meant.command.name == entry.command.name;
        if program.catalogue.find(&line).is_some_and(means) {
            return Ok(line);
        }
        let last = entry.command.args.last().map(|last| last.name.clone()).unwrap_or_default();
        Err(vec![(last, "With this text it would be another command. Start with another word.".into())])
    }
}

/// The line that `incoming` is, if all that is wrong with it is that arguments are missing.
pub(super) fn lacking(program: &Program, incoming: &Incoming) -> Option<String> {
    let Routed::Command { entry, line, arguments, .. } = program.routed(incoming) else { return None };
    let args = &entry.command.args;
    let is_required = |argument: &Argument| argument.required;
    if !args.iter().any(is_required) || too_old(incoming).is_some() {
        return None;
    }
    let wrong = parse_arguments(args, &arguments, &incoming.references).err();
    let is_lacking = matches!(wrong, Some(WrongArguments::Missing { .. }));
    // What a slash command holds is shown to nobody else; a form may be opened by everybody who sees the answer.
    let is_shown = incoming.opens_thread.is_some() || incoming.channel.is_direct;
    let line = if is_shown { line } else { &entry.command.name };
    // A secret is no more for others to see.
    (is_lacking && mask::current().apply(line) == line).then(|| line.to_owned())
}
