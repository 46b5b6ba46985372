//! What tells Slack that an envelope arrived, and whoever waits behind it that it was not taken.

use serde::Serialize;

use super::{
    encode::{self, Response},
    form::Errors,
};

/// Told to whoever typed a slash command, or filled a form in, that the inbox does not take.
pub(super) const NOT_TAKEN: &str =
    "I cannot take commands at the moment, and did not take this one. Type it again in a moment.";

/// The same where the inbox may still take it.
pub(super) const NOT_KEPT: &str = "My storage does not answer, so this command may be lost. If no answer follows within a minute, type it again.";

/// What tells Slack that an envelope arrived.
#[derive(Debug, Serialize)]
pub(super) struct Acknowledgement<'a> {
    pub envelope_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Said>,
}

/// What the acknowledgement of an envelope says.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Said {
    /// To whoever typed a slash command.
    Privately(Response),
    /// In the modal.
    InForm(Errors),
}

/// Where somebody waits who can be told at once that something was not taken.
#[derive(Clone, Debug)]
pub(super) enum Asker {
    /// Nowhere: what was typed is delivered again.
    Nobody,
    /// At a slash command.
    Command,
    /// At a form, of which this is a field.
    Form(String),
}

impl Asker {
    /// Tells `text`; none where it is not told.
    pub(super) fn told(&self, text: &'static str) -> Option<Said> {
        match self {
            Asker::Nobody => None,
            Asker::Command => Some(Said::Privately(encode::private_response(text))),
            Asker::Form(field) => Some(Said::InForm(Errors::new(vec![(field.clone(), text.to_owned())]))),
        }
    }
}
