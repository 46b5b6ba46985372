//! What a plugin does when somebody reacts to a message.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// A command that an emoji runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reaction {
    /// Name of the emoji, without colons, e.g. `ticket`.
    #[schemars(length(min = 1, max = 100))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9_+\\\\-]+$')").message("an emoji is named by lower-case letters, digits, _, + and -, without colons, e.g. white_check_mark")
    )]
    pub emoji: String,

    /// What whoever reacts runs by it, as they would type it behind the prefix, e.g. `ticket create`. The answer stands in
    /// the thread of the message.
    #[schemars(length(min = 1, max = 1000))]
    pub command: String,
}
