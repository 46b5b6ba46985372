//! Which kind of answer some messages are, told by short marks that each bot's answers of that kind have.

use std::fmt;

use serde::Deserialize;

/// A kind of answer; `table.yaml` says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Done,
    NotFound,
    Suggestion,
    Usage,
    Denied,
    Error,
    Silence,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::Done => "done",
            Class::NotFound => "not_found",
            Class::Suggestion => "suggestion",
            Class::Usage => "usage",
            Class::Denied => "denied",
            Class::Error => "error",
            Class::Silence => "silence",
        })
    }
}

/// What answers of a class contain; the first that fits counts.
type Marks = &'static [(Class, &'static [&'static str])];

const ERRBOT: Marks = &[
    (Class::Error, &["Computer says", "Error installing"]),
    (Class::Denied, &["requires bot-admin", "not allowed to access", "only be issued through"]),
    (
        Class::Usage,
        &[
            "couldn't parse",
            "apropos search_term",
            "Please ",
            "You need to specify",
            "You should have",
            "Syntax error",
        ],
    ),
    (
        Class::NotFound,
        &[
            "\" not found.",
            "is not defined",
            "isn't a valid plugin",
            "Unknown plugin",
            "Flow not found",
            "doesn't exist",
            "not installed",
        ],
    ),
];

const OURS: Marks = &[
    (Class::Error, &["something went wrong in me", "its template fails"]),
    (Class::Usage, &["\nUsage: "]),
    (
        Class::NotFound,
        &[
            "\" not found.",
            "There is no ",
            "Nothing is about",
            "Yes? Type ",
            "I remember less",
            "that I could repeat",
        ],
    ),
];

/// What stands before the commands that were probably meant, with both bots.
const DID_YOU_MEAN: &str = "Did you mean";

/// `means`: the command that a suggestion has to name.
pub fn of_errbot(answers: &[String], means: Option<&str>) -> Class {
    classify(answers, means, ERRBOT)
}

/// As [`of_errbot`].
pub fn of_ours(answers: &[String], means: Option<&str>) -> Class {
    classify(answers, means, OURS)
}

fn classify(answers: &[String], means: Option<&str>, marks: Marks) -> Class {
    if answers.is_empty() {
        return Class::Silence;
    }
    let text = answers.join("\n");
    let is_marked = |(_, marks): &&(Class, &[&str])| marks.iter().any(|mark| text.contains(mark));
    let class = marks.iter().find(is_marked).map_or(Class::Done, |(class, _)| *class);
    let is_named = |means: &str| text.contains(DID_YOU_MEAN) && text.contains(&format!("\"!{means}\""));
    if class == Class::NotFound && means.is_some_and(is_named) { Class::Suggestion } else { class }
}
