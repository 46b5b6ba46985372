//! Forms in neutral terms: what a command needs to be told, for platforms that can ask.

use std::fmt::Debug;

use super::Reference;

/// What a command needs to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Name of the command.
    pub command: String,
    pub fields: Vec<Field>,
}

/// One thing that it needs to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    /// What it is for; may be empty.
    pub hint: String,
    pub is_required: bool,
    /// It can have several values.
    pub takes_many: bool,
    pub takes: Takes,
    /// What is known already.
    pub values: Vec<String>,
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Takes {
    Text {
        /// It may have several lines.
        is_long: bool,
        max_chars: Option<u32>,
    },
    /// A number; `is_whole`: without a fraction.
    Number {
        is_whole: bool,
        min: Option<i64>,
        max: Option<i64>,
    },
    /// Yes, or nothing.
    Switch,
    OneOf(Vec<String>),
    /// A day such as `2026-01-31`.
    Day,
    /// Id of a user.
    User,
    /// Id of a channel.
    Channel,
}

/// What was filled in: names of fields, and their values as they could be typed.
pub type Filled = Vec<(String, Vec<String>)>;

/// What is wrong with fields, by their names.
pub type Wrong = Vec<(String, String)>;

/// Knows which forms there are.
pub trait Forms: Debug + Send + Sync {
    /// The form of the command that `line` calls, filled with what it says; none if there is no such command.
    /// `references`: who and what is named in it.
    fn form(&self, line: &str, references: &[Reference]) -> Option<Form>;

    /// The line that says what is filled into the form of `command`. `references`: who and what is named there.
    ///
    /// # Errors
    /// What is wrong with fields.
    fn line(&self, command: &str, filled: &Filled, references: &[Reference]) -> Result<String, Wrong>;
}
