//! Whether a change has reached the name servers, and whether it did harm. Pure.
//!
//! That a zone resolves right after the change may be the old configuration speaking: the kubelet brings a ConfigMap
//! within about a minute, CoreDNS's `reload` looks every 30 s, and the replicas do so one by one. So it is taken for done
//! early only where something became better, several times in a row; and for harmful only at the end of the time that
//! all of it may take, since a reload alone loses a query or two.

use std::time::Duration;

use super::canary::Answer;

/// How long a change may take to reach every replica.
pub const WINDOW: Duration = Duration::from_secs(120);

/// Answers in a row by which an early success is believed.
const STREAK: u32 = 3;

/// How names resolve at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// One answer a zone.
    pub zones: Vec<Answer>,
    /// A name of the cluster itself.
    pub cluster: Answer,
}

/// What is to be thought of the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It may still be on its way.
    Wait,
    Good,
    /// It has had its time, and the zones still fail as they did before.
    StillFailing,
    Worse,
}

impl Snapshot {
    pub fn answers(&self) -> bool {
        self.zones.iter().all(|zone| *zone > Answer::Fails)
    }

    fn is_worse_than(&self, before: &Self) -> bool {
        self.cluster < before.cluster
            || self.zones.iter().zip(&before.zones).any(|(now, before)| now < before)
    }

    fn is_better_than(&self, before: &Self) -> bool {
        !self.is_worse_than(before) && self.zones.iter().zip(&before.zones).any(|(now, before)| now > before)
    }
}

/// A change that is being watched.
#[derive(Clone, Debug)]
pub struct Watched {
    before: Snapshot,
    streak: u32,
}

impl Watched {
    /// `before` is how names resolved until the change.
    pub fn new(before: Snapshot) -> Self {
        Self { before, streak: 0 }
    }

    /// Judges by how names resolve `now`, so long after the change.
    pub fn judge(&mut self, now: &Snapshot, elapsed: Duration) -> Judgement {
        let better = now.answers() && now.is_better_than(&self.before);
        self.streak = if better { self.streak + 1 } else { 0 };
        match () {
            () if self.streak >= STREAK => Judgement::Good,
            () if elapsed < WINDOW => Judgement::Wait,
            () if now.is_worse_than(&self.before) => Judgement::Worse,
            () if now.answers() => Judgement::Good,
            () => Judgement::StillFailing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer::*, *};

    fn snapshot(zones: &[Answer], cluster: Answer) -> Snapshot {
        Snapshot { zones: zones.into(), cluster }
    }

    fn judged(before: &Snapshot, now: &Snapshot, seconds: &[u64]) -> Vec<Judgement> {
        let mut watched = Watched::new(before.clone());
        seconds.iter().map(|seconds| watched.judge(now, Duration::from_secs(*seconds))).collect()
    }

    #[test]
    fn a_zone_that_failed_and_resolves_now_is_believed_the_third_time() {
        let (before, now) = (snapshot(&[Fails, Fails], Resolves), snapshot(&[Resolves, Empty], Resolves));
        assert_eq!(judged(&before, &now, &[2, 4, 6]), [Judgement::Wait, Judgement::Wait, Judgement::Good]);
    }

    #[test]
    fn a_zone_that_resolved_all_along_proves_nothing_before_the_time_is_up() {
        let same = snapshot(&[Resolves], Resolves);
        assert_eq!(
            judged(&same, &same, &[2, 60, 119, 120]),
            [Judgement::Wait, Judgement::Wait, Judgement::Wait, Judgement::Good]
        );
    }

    #[test]
    fn what_became_worse_is_judged_when_the_time_is_up() {
        let before = snapshot(&[Resolves], Resolves);
        for now in [snapshot(&[Fails], Resolves), snapshot(&[Empty], Resolves), snapshot(&[Resolves], Fails)]
        {
            assert_eq!(judged(&before, &now, &[10, 120]), [Judgement::Wait, Judgement::Worse], "{now:?}");
        }
    }

    #[test]
    fn better_zones_do_not_make_up_for_a_lost_cluster() {
        let (before, now) = (snapshot(&[Fails], Resolves), snapshot(&[Resolves], Fails));
        assert_eq!(judged(&before, &now, &[2, 4, 6, 120]).last(), Some(&Judgement::Worse));
    }

    #[test]
    fn what_failed_before_and_after_is_told_apart_from_harm() {
        let same = snapshot(&[Fails], Resolves);
        assert_eq!(judged(&same, &same, &[2, 121]), [Judgement::Wait, Judgement::StillFailing]);
    }
}
