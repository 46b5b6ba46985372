//! Who sees an answer, and where.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who sees an answer, and where. A question in a direct message is answered there in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Visibility {
    /// Everybody in the channel; in the thread, if it was asked in one.
    #[default]
    Channel,
    /// Everybody in the channel, in a thread below the question.
    Thread,
    /// Only who asked, in the channel, until they load it anew.
    Ephemeral,
    /// Only who asked, in a direct message.
    DirectMessage,
}
