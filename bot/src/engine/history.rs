//! What people typed before, so that they can see and repeat it: lines as the inbox keeps them, and what is told about
//! them. Pure.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::answers::Answer;
use crate::{
    chat::{Addressing, Incoming, Reference},
    command::shortened,
    inbox::History,
    mask,
};

/// Longest line that is remembered, in bytes.
const LONGEST: usize = 1_000;

/// How much of a line the list shows, in characters.
const SHOWN: usize = 80;

/// A command as it was typed, without what the bot is called by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Empty: it was too long, or holds a secret, and so cannot be repeated.
    pub text: String,
    /// Only who typed it saw it, or its answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_private: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference>,
}

impl Line {
    /// The line `text` that `incoming` holds.
    pub(super) fn remember(text: &str, is_private: bool, incoming: &Incoming) -> Option<History> {
        let line = if text.len() > LONGEST || mask::current().apply(text) != text {
            Line { text: String::new(), is_private: false, references: Vec::new() }
        } else {
            Line { text: text.to_owned(), is_private, references: incoming.references.clone() }
        };
        serde_json::to_string(&line).ok().map(History::Remember)
    }

    pub(super) fn read(kept: &str) -> Option<Line> {
        serde_json::from_str(kept).ok()
    }

    /// The message that whoever typed `incoming` could have typed in its place.
    pub(super) fn typed_again(&self, prefix: &str, incoming: &Incoming) -> Incoming {
        let (text, references) = (format!("{prefix}{}", self.text), self.references.clone());
        Incoming { text, references, addressing: Addressing::Mention, ..incoming.clone() }
    }
}

/// Lists what is remembered, the latest line last, with what repeats it, which `again` stands before.
pub(super) fn list(kept: &[String], call: &str, again: &str) -> String {
    if kept.is_empty() {
        return "I remember no command of yours.".into();
    }
    kept.iter().enumerate().rev().filter_map(|(index, kept)| Some((index + 1, Line::read(kept)?))).fold(
        format!("Type {again}! to repeat the last one, or its number, as in {again}3."),
        |mut list, (place, Line { text, .. })| {
            // Writing to a string cannot fail.
            let _ = match text.as_str() {
                "" => write!(list, "\n{place}: not kept, as it is long or holds a secret"),
                text => write!(list, "\n{place}: {call}{}", beginning(text)),
            };
            list
        },
    )
}

/// Says that there is nothing at this place.
pub(super) fn nothing_at(place: usize, call: &str) -> Answer {
    Answer::failed(match place {
        1 => "I remember no command of yours that I could repeat.".to_owned(),
        _ => format!("I remember less than {place} commands of yours. Type {call}history to see them."),
    })
}

/// Says that the line is not kept.
pub(super) fn not_kept(call: &str) -> Answer {
    let text = "I did not keep that command, as it is long or holds a secret. Type it again";
    Answer::failed(format!("{text}, or {call}history to see the others."))
}

/// The first line, cut where it is long.
fn beginning(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let cut = shortened(first, SHOWN);
    if cut == first && first.len() < text.len() { format!("{first}…") } else { cut }
}
