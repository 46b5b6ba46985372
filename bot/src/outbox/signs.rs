//! Signs on what was typed. They tell nothing that the answer does not: what cannot be shown is let go.

use tokio::time::sleep;

use super::{Outbox, sender::SendError};
use crate::chat::{Message, Sign};

/// How often one is tried.
const ATTEMPTS: usize = 3;

impl Outbox {
    /// Puts `sign` on `message`, or takes it off.
    pub async fn sign(&self, message: &Message, sign: Sign, shown: bool) {
        for _ in 0..ATTEMPTS {
            let pause = match self.shared.sender.sign(message, sign, shown).await {
                Ok(()) => return,
                Err(SendError::RateLimited { retry_after }) => retry_after,
                Err(SendError::Retry(_) | SendError::Doubtful(_)) => self.shared.policy.first_retry,
                Err(SendError::Rejected(error)) => {
                    tracing::debug!(error, ?sign, shown, "a sign was refused");
                    return;
                }
            };
            sleep(pause).await;
        }
    }
}
