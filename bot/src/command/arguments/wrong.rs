//! What is wrong with typed arguments, in words.

use std::fmt;

use crate::command::{enumeration::enumerate, value::WrongValue};

/// What is wrong with typed arguments. Its text is for whoever typed them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongArguments {
    #[error("{} {} missing.", quoted(.names), if .names.len() == 1 { "is" } else { "are" })]
    Missing { names: Vec<String> },
    #[error("\"{text}\" is one argument too many.")]
    TooMany { text: String },
    #[error("{option} needs a value.")]
    NoValue { option: String },
    #[error("{option} is given twice.")]
    Twice { option: String },
    #[error("There is no {option}.{}", Hint(.suggestion.as_deref()))]
    Unknown { option: String, suggestion: Option<String> },
    #[error("\"{name}\" must be {wrong}, and not \"{typed}\".{}", Meant(.suggestion.as_deref()))]
    Value { name: String, typed: String, wrong: WrongValue, suggestion: Option<String> },
}

/// `"a"`, `"a" and "b"`, `"a", "b" and "c"`.
fn quoted(names: &[String]) -> String {
    enumerate(names.iter().map(|name| format!("\"{name}\"")), "and")
}

/// What to do about an unknown option.
struct Hint<'a>(Option<&'a str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(suggestion) => write!(f, " Did you mean {suggestion}?"),
            None => f.write_str(" If it is a value, put it in quotes."),
        }
    }
}

/// What somebody probably meant.
struct Meant<'a>(Option<&'a str>);

impl fmt::Display for Meant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |value| write!(f, " Did you mean \"{value}\"?"))
    }
}
