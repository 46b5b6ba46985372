//! Memory of the messages that were taken: bounded in time and size, and small, since it is full on a busy day.

use std::{
    collections::{HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use crate::chat::MessageKey;

/// How long a message is remembered. Slack redelivers at once, after one and after five minutes (docs: Events API,
/// "Retries"); the rest is reserve for a delivery that was held up on the way.
const AGE: Duration = Duration::from_secs(3600);

/// How many messages are remembered: an hour at 28 a second, about 3 MB.
const CAPACITY: usize = 100_000;

/// Keys seen within [`AGE`], as hashes of 64 bits: among [`CAPACITY`] of them the chance that a new message looks
/// like an old one is 5 in 10^15.
#[derive(Debug, Default)]
pub(super) struct Seen {
    hashes: HashSet<u64>,
    /// In order of arrival.
    arrivals: VecDeque<(Instant, u64)>,
    hasher: RandomState,
}

impl Seen {
    pub(super) fn contains(&mut self, key: &MessageKey, now: Instant) -> bool {
        self.forget(now);
        self.hashes.contains(&self.hasher.hash_one(key))
    }

    pub(super) fn remember(&mut self, key: &MessageKey, now: Instant) {
        let hash = self.hasher.hash_one(key);
        if self.hashes.insert(hash) {
            self.arrivals.push_back((now, hash));
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Instant) {
        while let Some(&(arrival, hash)) = self.arrivals.front() {
            if self.arrivals.len() <= CAPACITY && now.duration_since(arrival) < AGE {
                break;
            }
            self.arrivals.pop_front();
            self.hashes.remove(&hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_remembered_for_an_hour_and_then_forgotten() {
        let (mut seen, start) = (Seen::default(), Instant::now());
        let key = MessageKey("C1:1.2".into());
        seen.remember(&key, start);
        assert!(seen.contains(&key, start + AGE - Duration::from_secs(1)));
        assert!(!seen.contains(&key, start + AGE));
    }

    #[test]
    fn the_memory_never_outgrows_its_capacity() {
        let (mut seen, start) = (Seen::default(), Instant::now());
        for n in 0..CAPACITY + 10 {
            seen.remember(&MessageKey(n.to_string()), start);
        }
        assert_eq!((seen.hashes.len(), seen.arrivals.len()), (CAPACITY, CAPACITY));
        assert!(!seen.contains(&MessageKey("0".into()), start));
        assert!(seen.contains(&MessageKey("10".into()), start));
    }
}
