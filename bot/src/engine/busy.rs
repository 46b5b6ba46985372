//! Where people were told lately that too many commands wait: in a flood, one such answer a place is enough, and more
//! would crowd out the answers to what is run. Pure.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::chat::Target;

/// How long nobody needs to be told again.
const QUIET: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(super) struct Told(HashMap<Target, Instant>);

impl Told {
    /// Whether `target` was not told lately; then it counts as told at `now`.
    pub(super) fn is_news(&mut self, target: &Target, now: Instant) -> bool {
        // Each slash command has an address of its own.
        let place = Target { reply_url: None, ..target.clone() };
        self.0.retain(|_, told| now.duration_since(*told) < QUIET);
        if self.0.contains_key(&place) {
            return false;
        }
        self.0.insert(place, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ReplyUrl;

    #[test]
    fn a_place_is_told_once_in_a_while() {
        let place = |channel: &str| Target { channel: channel.into(), ..Target::default() };
        let (mut told, now) = (Told::default(), Instant::now());
        assert!(told.is_news(&place("C1"), now));
        assert!(!told.is_news(&place("C1"), now + Duration::from_secs(9)));
        assert!(told.is_news(&place("C2"), now + Duration::from_secs(9)));
        let slash = Target { reply_url: Some(ReplyUrl("https://slack.example/1".into())), ..place("C1") };
        assert!(!told.is_news(&slash, now + Duration::from_secs(9)));
        assert!(told.is_news(&place("C1"), now + QUIET));
        assert_eq!(told.0.len(), 2, "{told:?}");
        assert!(told.is_news(&place("C3"), now + 3 * QUIET));
        assert_eq!(told.0.len(), 1, "what is long past is forgotten");
    }
}
