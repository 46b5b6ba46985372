//! `spec.commands`: how commands are typed and how long they may run.

use std::time::Duration;

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations;

/// How commands are typed and how long they may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Commands {
    /// What a command starts with in a channel, e.g. `!`. Mentions of the bot and direct messages need none.
    #[serde(default = "prefix")]
    #[schemars(length(min = 1, max = 10))]
    #[x_kube(
        validation = Rule::new("self.matches('^[^\\\\s/@#<>&`*_~][^\\\\s<>&`*_~]*$')").message("prefix must not contain spaces or Slack's mark-up (< > & ` * _ ~), nor start with /, @ or #, which Slack takes for itself")
    )]
    pub prefix: String,

    /// How long one command may run before it is stopped and says so.
    #[serde(default = "timeout")]
    #[schemars(schema_with = "durations::duration")]
    pub timeout: String,
}

/// Default of `timeout`, also for a value that predates the schema's pattern.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

fn prefix() -> String {
    "!".into()
}

fn timeout() -> String {
    "5m".into()
}

impl Default for Commands {
    fn default() -> Self {
        Self { prefix: prefix(), timeout: timeout() }
    }
}

impl Commands {
    /// `timeout` as a duration; five minutes if it is not one.
    pub fn timeout(&self) -> Duration {
        durations::parse(&self.timeout).unwrap_or(DEFAULT_TIMEOUT)
    }
}
