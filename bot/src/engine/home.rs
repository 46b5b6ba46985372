//! The bot's own page: what it can do, and what whoever looks at it typed last. Pure.

use super::{history, program::Program};
use crate::{
    chat::text::{markdown, value},
    command::help,
};

/// Longest list of commands, in characters: the page is one message, and history takes some of it.
const COMMANDS: usize = 2_000;

/// Lines of the history that are shown.
const LINES: usize = 10;

/// The page for whoever has this history.
pub(super) fn page(program: &Program, recalled: &[String]) -> String {
    let catalogue = &program.catalogue;
    let commands = fitting(&help::overview(catalogue), &catalogue.call);
    let recalled = &recalled[..recalled.len().min(LINES)];
    let lines = history::list(recalled, &catalogue.call, &catalogue.call_again());
    let last = format!("# What you typed last\n{}\n\n", value(&lines));
    let last = if recalled.is_empty() { "" } else { &last };
    markdown(&format!("{last}# What I can do\n{}", value(&commands)))
}

/// As many lines of `text` as there is room for.
fn fitting(text: &str, call: &str) -> String {
    if text.chars().count() <= COMMANDS {
        return text.to_owned();
    }
    let mut room = COMMANDS;
    let fits = text.lines().take_while(|line| {
        let length = line.chars().count() + 1;
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    });
    format!("{}\n… Type {call}help to see all of them.", fits.collect::<Vec<_>>().join("\n"))
}
