//! Why a value cannot be carried over, in words for the person who decides what to do about it.

use std::fmt;

use crate::errbot::node::Unreadable;

/// A value that cannot be carried over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where in the value the reason is, e.g. `tasks[2].owner`; empty for the whole value.
    pub at: String,
    pub reason: Reason,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { self.reason.fmt(f) } else { write!(f, "{}: {}", self.at, self.reason) }
    }
}

/// What is more than data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("it is not text in UTF-8")]
    NotText,
    #[error("it is a Redis {0}, and Errbot stores strings only")]
    NotAString(String),
    #[error("only calling {0} would restore it, and nothing is ever called")]
    Call(String),
    #[error("it is the class {0}")]
    Class(String),
    #[error("it is the function {0}")]
    Function(String),
    #[error("it is the module {0}")]
    Module(String),
    #[error("it is Python source (py/repr), which is never evaluated")]
    Source,
    #[error("it was written without its content, as {0} is by some versions of jsonpickle")]
    Empty(String),
    #[error("it refers to an object that it is itself a part of")]
    Cycle,
    #[error("it refers to object {0}, which is not in the value")]
    Dangling(usize),
    #[error("it refers to a part of the value that is not data")]
    Left,
    #[error("a key is no text: {0}")]
    Key(String),
    #[error("its {0} has a form that jsonpickle does not write")]
    Malformed(String),
    #[error("it is nested too deeply")]
    TooDeep,
    #[error("it has too many pieces once shared objects are written out")]
    TooLarge,
}
