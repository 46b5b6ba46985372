//! Slack's rate limits: a tier a method and workspace, one message a second a channel, as token buckets. It only counts;
//! what a refusal looks like on the wire is the Web API's matter.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Requests a minute that a method takes (docs: Rate limits). Short bursts are tolerated: a full minute's worth at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// 20 and more a minute.
    Two,
    /// 50 and more a minute.
    Three,
    /// 100 and more a minute.
    Four,
    /// `chat.postMessage`: one a second and channel, and several hundred a minute and workspace.
    Posting,
    /// `auth.test` and others with "hundreds of requests a minute".
    Hundreds,
}

/// Messages that a channel takes at once before one a second applies ("short bursts >1 allowed").
const CHANNEL_BURST: f64 = 3.0;
const CHANNEL_PER_SECOND: f64 = 1.0;
/// "Several hundred messages a minute" for a workspace.
const HUNDREDS_A_MINUTE: f64 = 600.0;

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    refilled: Instant,
}

/// All buckets of one app in one workspace.
#[derive(Debug)]
pub(crate) struct RateLimits {
    pub(crate) enabled: bool,
    buckets: HashMap<String, Bucket>,
}

impl RateLimits {
    pub(crate) fn new(enabled: bool) -> Self {
        Self { enabled, buckets: HashMap::new() }
    }

    /// Takes one call from the method's allowance, and from the channel's where messages are posted. The error is how
    /// long to wait, in whole seconds as `Retry-After` tells it.
    pub(crate) fn take(&mut self, method: &str, tier: Tier, channel: Option<&str>) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        let a_minute = match tier {
            Tier::Two => 20.0,
            Tier::Three => 50.0,
            Tier::Four => 100.0,
            Tier::Posting | Tier::Hundreds => HUNDREDS_A_MINUTE,
        };
        if let (Tier::Posting, Some(channel)) = (tier, channel) {
            self.take_from(format!("{method} {channel}"), CHANNEL_BURST, CHANNEL_PER_SECOND)?;
        }
        self.take_from(method.to_owned(), a_minute, a_minute / 60.0)
    }

    fn take_from(&mut self, key: String, capacity: f64, per_second: f64) -> Result<(), Duration> {
        let now = Instant::now();
        let bucket = self.buckets.entry(key).or_insert(Bucket { tokens: capacity, refilled: now });
        let gained = now.duration_since(bucket.refilled).as_secs_f64() * per_second;
        bucket.tokens = (bucket.tokens + gained).min(capacity);
        bucket.refilled = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        let seconds = ((1.0 - bucket.tokens) / per_second).ceil().max(1.0);
        Err(Duration::from_secs_f64(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_burst_passes_and_then_one_message_a_second_and_channel() {
        let mut limits = RateLimits::new(true);
        let mut post = |channel| limits.take("chat.postMessage", Tier::Posting, Some(channel));
        assert!((0..3).all(|_| post("C1").is_ok()));
        assert_eq!(post("C1"), Err(Duration::from_secs(1)));
        assert_eq!(post("C2"), Ok(()), "another channel has its own allowance");
    }

    #[test]
    fn a_tier_is_exhausted_after_its_requests_a_minute_and_never_when_limits_are_off() {
        let mut limits = RateLimits::new(true);
        assert!((0..20).all(|_| limits.take("users.list", Tier::Two, None).is_ok()));
        assert_eq!(limits.take("users.list", Tier::Two, None), Err(Duration::from_secs(3)));
        limits.enabled = false;
        assert_eq!(limits.take("users.list", Tier::Two, None), Ok(()));
    }
}
