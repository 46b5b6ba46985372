//! How fast one channel takes messages: at once until the platform says that they are too many, then at its limit for
//! a while. A quiet channel never waits, and a server without limits is used fully.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

#[derive(Debug)]
pub(super) struct Pace {
    /// Pause between messages while paced.
    interval: Duration,
    /// How long a rate limit is remembered.
    paced_for: Duration,
    /// Paced until then.
    until: Option<Instant>,
    /// No message before.
    next: Option<Instant>,
    /// When a message went through.
    last: Option<Instant>,
}

impl Pace {
    pub(super) fn new(interval: Duration, paced_for: Duration) -> Pace {
        Pace { interval, paced_for, until: None, next: None, last: None }
    }

    /// Waits until a message may be sent.
    pub(super) async fn turn(&self) {
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
    }

    /// No message before.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// A message went through.
    pub(super) fn sent(&mut self, now: Instant) {
        self.last = Some(now);
        let paced = self.until.is_some_and(|until| now < until);
        self.next = paced.then(|| now + self.interval);
    }

    /// The platform takes no message before `retry_after`.
    pub(super) fn limited(&mut self, now: Instant, retry_after: Duration) {
        let next = now + retry_after;
        self.next = Some(next);
        self.until = Some(next + self.paced_for);
    }

    /// Whether a limit was met lately.
    pub(super) fn is_slow(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Whether nothing went through for so long that what follows cannot meet a limit of its own.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        !self.is_slow(now) && self.last.is_none_or(|last| now > last + self.interval)
    }

    /// How long this pace must be remembered.
    pub(super) fn remaining(&self, now: Instant) -> Duration {
        let ends = [self.until, self.last.map(|last| last + self.interval)];
        ends.into_iter().flatten().max().map_or(Duration::ZERO, |end| end.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_channel_that_met_no_limit_never_waits() {
        let mut pace = Pace::new(SECOND, 30 * SECOND);
        let now = Instant::now();
        pace.sent(now);
        assert_eq!(pace.next, None);
        assert_eq!(pace.remaining(now + SECOND), Duration::ZERO);
    }

    #[test]
    fn a_channel_is_quiet_again_after_a_pause() {
        let (mut pace, now) = (Pace::new(SECOND, 30 * SECOND), Instant::now());
        assert!(pace.is_quiet(now));
        pace.sent(now);
        assert!(!pace.is_quiet(now + SECOND));
        assert_eq!(pace.remaining(now), SECOND, "until then it is not forgotten");
        assert!(pace.is_quiet(now + 2 * SECOND));
        pace.limited(now + 2 * SECOND, SECOND);
        assert!(!pace.is_quiet(now + 5 * SECOND));
    }

    #[test]
    fn a_channel_that_met_its_limit_keeps_to_it_for_a_while() {
        let (mut pace, now) = (Pace::new(SECOND, 30 * SECOND), Instant::now());
        pace.limited(now, 3 * SECOND);
        assert_eq!(pace.next, Some(now + 3 * SECOND));
        pace.sent(now + 3 * SECOND);
        assert_eq!(pace.next, Some(now + 4 * SECOND));
        pace.sent(now + 33 * SECOND);
        assert_eq!(pace.next, None);
    }
}
