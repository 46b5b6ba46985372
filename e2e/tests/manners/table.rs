//! The table: `table.yaml`.

use std::{fmt, fs};

use anyhow::Context as _;
use serde::Deserialize;

use crate::{class::Class, folder};

/// What somebody types, and how each bot answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    #[serde(rename = "type")]
    typed: String,
    /// So many letters are typed behind it.
    #[serde(default)]
    letters: usize,
    #[serde(rename = "in", default)]
    pub place: Place,
    /// alice is an admin.
    #[serde(rename = "as", default = "alice")]
    pub person: String,
    /// The command that a suggestion has to name.
    pub means: Option<String>,
    pub errbot: Class,
    pub ours: Class,
    /// Why ours differs.
    because: Option<String>,
}

/// Where something is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    #[default]
    Direct,
    /// `#general`, where the bot is, too.
    Channel,
}

fn alice() -> String {
    "alice".into()
}

impl Line {
    /// All that is typed.
    pub fn text(&self) -> String {
        self.typed.clone() + &"x".repeat(self.letters)
    }

    /// What is wrong with it whatever the bots answer.
    pub fn wrong(&self) -> Option<String> {
        let is_reason = self.because.as_deref().is_some_and(|because| !because.trim().is_empty());
        let is_suggestion = [self.errbot, self.ours].contains(&Class::Suggestion);
        if self.errbot != self.ours && !is_reason {
            Some(format!("{self}: the two differ, so say why (because)"))
        } else if self.errbot == self.ours && self.because.is_some() {
            Some(format!("{self}: the two do not differ, so there is no reason to give (because)"))
        } else if is_suggestion != self.means.is_some() {
            Some(format!("{self}: a suggestion, and nothing else, has a command that is meant (means)"))
        } else {
            None
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.place == Place::Channel { " in a channel" } else { "" };
        write!(f, "{:?}{place} by {}", self.typed, self.person)
    }
}

pub fn read() -> anyhow::Result<Vec<Line>> {
    let text = fs::read_to_string(folder().join("table.yaml"))?;
    serde_yaml::from_str(&text).context("table.yaml")
}
