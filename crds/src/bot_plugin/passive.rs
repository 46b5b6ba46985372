//! What a plugin says by itself when people write certain things to each other.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// An answer to messages that are no command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Match {
    /// What is looked for anywhere in a message, as a regular expression (RE2 syntax), e.g. `INC-(?P<id>[0-9]+)`.
    /// No pattern takes more time than in proportion to the length of the message for each thing that it finds. `(?i)` in front makes upper and lower case the same.
    #[schemars(length(min = 1, max = 500))]
    pub pattern: String,

    /// What it is there for, for `!help`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 300))]
    pub summary: String,

    /// Template of the answer: Markdown with Jinja syntax. Known in it: `match.text`, what was found, its groups by name and by
    /// number, as in `match.id` and `match[1]`; `user`, `channel` and `bot`. One that comes out blank is not sent.
    #[schemars(length(min = 1, max = 10000))]
    pub reply: String,
}
