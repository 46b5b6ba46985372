//! `spec.replies`: how the bot answers.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use crate::shared::visibility::Visibility;

/// How the bot answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replies {
    /// Who sees answers, and where, unless a command says otherwise.
    #[serde(default)]
    pub visibility: Visibility,
}
