//! `spec.replies`: how the bot answers.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::visibility::Visibility;

/// How the bot answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replies {
    /// Who sees answers, and where, unless a command says otherwise.
    #[serde(default)]
    pub visibility: Visibility,
    /// What happens to long answers; left out, they take as many messages as they need. Answers that one person alone
    /// sees are always messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_output: Option<LongOutput>,
}

/// What happens to long answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LongOutput {
    /// Lines of the longest answer that is not long; one that does not fit into a message is long in any case.
    #[serde(default = "forty")]
    #[x_kube(
        validation = Rule::new("self >= 1 && self <= 1000").message("replies.longOutput.maxLines must be from 1 to 1000")
    )]
    pub max_lines: i32,
    /// What becomes of it.
    #[serde(default)]
    pub then: Then,
}

fn forty() -> i32 {
    40
}

/// What becomes of a long answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Then {
    /// A file that opens where it is posted. Slack wants scope `files:write` for it; where the bot may not post one,
    /// the answer takes several messages.
    #[default]
    Snippet,
}
