//! What the bot says when a command does not simply succeed.

use std::time::Duration;

use chatops_crds::shared::durations::spoken;

use crate::{
    action::{ActionError, TemplateError},
    chat::Sign,
    command::{Suggestion, WrongArguments, help},
    storage::{MAX_LISTED, StorageError},
};

/// In place of a blank answer.
const NOTHING_TO_SAY: &str = "Done.";

/// Outcome of a command that did what it is for.
const SUCCEEDED: &str = "succeeded";

/// A text, and how the command ended, for metrics.
#[derive(Debug)]
pub(super) struct Answer {
    pub text: String,
    pub outcome: &'static str,
}

impl Answer {
    /// The sign for how the command ended.
    pub(super) fn sign(&self) -> Sign {
        if self.outcome == SUCCEEDED { Sign::Succeeded } else { Sign::Failed }
    }

    pub(super) fn succeeded(text: String) -> Answer {
        Answer { text, outcome: SUCCEEDED }
    }

    pub(super) fn failed(text: impl Into<String>) -> Answer {
        Answer { text: text.into(), outcome: "failed" }
    }

    /// The same below another line.
    pub(super) fn below(self, line: &str) -> Answer {
        let Answer { text, outcome } = self.or_done();
        Answer { text: format!("{line}\n{text}"), outcome }
    }

    /// Silence would leave people wondering.
    pub(super) fn or_done(self) -> Answer {
        if self.text.trim().is_empty() { Answer { text: NOTHING_TO_SAY.to_owned(), ..self } } else { self }
    }
}

/// What a plugin's command came to.
pub(super) fn of_action(plugin: &str, command: &str, came_to: Result<String, ActionError>) -> Answer {
    match came_to {
        Ok(text) => Answer::succeeded(text),
        Err(ActionError::Key(error)) => Answer::failed(error.to_string()),
        Err(ActionError::Template(error)) => {
            tracing::warn!(plugin, command, %error, "a template failed");
            template_failed(plugin, command, &error)
        }
        Err(ActionError::Storage(error)) => {
            tracing::warn!(plugin, command, %error, "storage failed");
            storage_failed(&error)
        }
    }
}

pub(super) fn no_command(prefix: &str) -> Answer {
    Answer { text: format!("Yes? Type {prefix}help to see what I can do."), outcome: "unknown" }
}

pub(super) fn unknown(prefix: &str, suggestion: &Suggestion) -> Answer {
    Answer { text: help::unknown_command(prefix, suggestion), outcome: "unknown" }
}

pub(super) fn wrong_arguments(error: &WrongArguments, usage: &str) -> Answer {
    Answer { text: format!("{error}\nUsage: {usage}"), outcome: "wrong_arguments" }
}

pub(super) fn timed_out(command: &str, after: Duration) -> Answer {
    let text = format!(
        "I stopped \"{command}\" after {}, as it had not finished. What it did until then stays done.",
        spoken(after)
    );
    Answer { text, outcome: "timed_out" }
}

fn template_failed(plugin: &str, command: &str, error: &TemplateError) -> Answer {
    Answer::failed(format!(
        "\"{command}\" has no answer to that: its template fails ({error}). Whoever maintains plugin {plugin} can \
         mend it."
    ))
}

fn storage_failed(error: &StorageError) -> Answer {
    Answer::failed(match error {
        StorageError::Unreachable => {
            "My storage cannot be reached at the moment, so nothing was read or written. Please try again later."
                .to_owned()
        }
        StorageError::NoAnswer(_) => {
            "My storage did not answer. If you changed something, look whether the change is there before you try \
             again."
                .to_owned()
        }
        StorageError::Refused(code) => {
            format!("My storage refused that ({code}), so nothing was changed. Please tell whoever runs me.")
        }
        StorageError::InUse(_) => {
            "My storage belongs to another bot, so nothing was read or written. Please tell whoever runs me."
                .to_owned()
        }
        StorageError::Contended => {
            "Others keep changing that, so nothing was changed. Please try again.".to_owned()
        }
        StorageError::Fenced => return lost(),
        StorageError::Limit(exceeded) => format!("I cannot store that: {exceeded}."),
        StorageError::TooMany => {
            format!("That is too much: more than {MAX_LISTED} values are stored here.")
        }
    })
}

/// In place of an answer that will not be sent: whoever has the command answers.
pub(super) fn lost() -> Answer {
    Answer { text: "Another replica of me runs this command.".to_owned(), outcome: "lost" }
}

/// For a command that a replica had begun when it ended, and that may not be run twice.
pub(super) fn interrupted() -> Answer {
    let text = "I was restarted while I ran this command, so its outcome is unknown. Look whether it was done before \
                you type it again.";
    Answer { text: text.to_owned(), outcome: "interrupted" }
}

pub(super) fn too_old(age: Duration) -> Answer {
    let text = format!(
        "You typed that {} ago, and I could not run it then, so I did not. Type it again if you still want it.",
        spoken(age)
    );
    Answer { text, outcome: "too_old" }
}

pub(super) fn busy() -> Answer {
    let text = "Too many commands are waiting, so I did not take this one. Please type it again in a minute.";
    Answer { text: text.to_owned(), outcome: "busy" }
}

pub(super) fn internal_error(correlation_id: &str) -> Answer {
    Answer {
        text: format!("Sorry, something went wrong in me. My log has it as {correlation_id}."),
        outcome: "panicked",
    }
}
