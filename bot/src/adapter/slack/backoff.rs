//! Pauses between attempts: doubling, with jitter, up to a limit that depends on what failed. Knows nothing of Slack.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// Pauses that grow while the same limit applies.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    pauses: Option<(Duration, ExponentialBackoff)>,
}

impl Backoff {
    pub(super) fn new(first: Duration) -> Backoff {
        Backoff { first, pauses: None }
    }

    /// How long to wait after one more failure: at most twice `limit`. Another limit than last time is another kind
    /// of failure and starts anew.
    pub(super) fn next(&mut self, limit: Duration) -> Duration {
        if self.pauses.as_ref().is_none_or(|(current, _)| *current != limit) {
            let pauses = ExponentialBuilder::new()
                .with_min_delay(self.first.min(limit))
                .with_max_delay(limit)
                .without_max_times()
                .with_jitter()
                .build();
            self.pauses = Some((limit, pauses));
        }
        self.pauses.as_mut().and_then(|(_, pauses)| pauses.next()).unwrap_or(limit)
    }

    /// The last attempt failed.
    pub(super) fn is_failing(&self) -> bool {
        self.pauses.is_some()
    }

    /// All is well: the next failure is a first one.
    pub(super) fn reset(&mut self) {
        self.pauses = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LIMIT: Duration = Duration::from_secs(2);

    #[test]
    fn pauses_grow_up_to_the_limit_and_its_jitter() {
        let mut backoff = Backoff::new(FIRST);
        let pauses: Vec<_> = (0..50).map(|_| backoff.next(LIMIT)).collect();
        assert!((FIRST..2 * FIRST).contains(&pauses[0]), "{pauses:?}");
        assert!(pauses[5..].iter().all(|pause| (LIMIT..=2 * LIMIT).contains(pause)), "{pauses:?}");
    }

    #[test]
    fn pauses_start_anew_after_success_and_for_another_kind_of_failure() {
        let mut backoff = Backoff::new(FIRST);
        for _ in 0..10 {
            backoff.next(LIMIT);
        }
        assert!(backoff.next(2 * LIMIT) < 2 * FIRST);
        backoff.next(2 * LIMIT);
        backoff.reset();
        assert!(backoff.next(2 * LIMIT) < 2 * FIRST);
    }
}
