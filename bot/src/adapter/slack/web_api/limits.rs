//! Methods that Slack takes no calls of for a while. Its limits are those of a method in a workspace (docs: "Rate
//! limits"), whoever calls it, so that nobody asks again before the time that one of them was told. Posting is limited
//! by channel: that is paced where messages are sent.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Limited by channel.
const POSTING: [&str; 2] = ["chat.postMessage", "chat.postEphemeral"];

#[derive(Debug, Default)]
pub(super) struct Limits {
    until: Mutex<HashMap<&'static str, Instant>>,
}

impl Limits {
    /// How long `method` must not be called.
    pub(super) fn left(&self, method: &str) -> Option<Duration> {
        let until = *self.until().get(method)?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// `method` must not be called before `retry_after`.
    pub(super) fn met(&self, method: &'static str, retry_after: Duration) {
        if !POSTING.contains(&method) {
            self.until().insert(method, Instant::now() + retry_after);
        }
    }

    fn until(&self) -> MutexGuard<'_, HashMap<&'static str, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
