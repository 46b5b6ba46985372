//! How long a change is tried again while others are faster. Knows nothing of what is changed.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::StorageError;

/// How long it is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest pause after the first failures.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Attempts at one change.
#[derive(Debug)]
pub(super) struct Attempts {
    start: Instant,
    failed: u32,
}

impl Attempts {
    pub(super) fn start() -> Attempts {
        Attempts { start: Instant::now(), failed: 0 }
    }

    /// Returns when it is time for another one: at random, so that those who disturb each other do not meet again.
    ///
    /// # Errors
    /// [`StorageError::Contended`] when it has been tried for long enough.
    pub(super) async fn another(&mut self) -> Result<(), StorageError> {
        if self.start.elapsed() > PATIENCE {
            return Err(StorageError::Contended);
        }
        self.failed = self.failed.saturating_add(1);
        let most = Duration::from_millis(1).saturating_mul(self.failed).min(LONGEST_PAUSE);
        sleep(most.mul_f64(rand::random::<f64>())).await;
        Ok(())
    }
}
