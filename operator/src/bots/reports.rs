//! The last report of each pod and how old it is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chatops_crds::bot_report::{BotReport, Envelope};
use tokio::time::Instant;

/// How long a report counts: the time the API promises until `StatusUnreachable`.
pub const FRESH_FOR: Duration = Duration::from_secs(15);

/// Shared by followers, which write, and controllers, which read. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Reports(Arc<Mutex<HashMap<String, Entry>>>);

#[derive(Debug)]
struct Entry {
    /// Since when an answer is expected, or when the last one came.
    since: Instant,
    last: Option<(String, Arc<BotReport>)>,
}

/// What is known of a pod at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ReportState {
    /// Nobody could have answered yet.
    #[default]
    Awaited,
    /// The pod said this lately.
    Fresh(Arc<BotReport>),
    /// The pod does not answer.
    Silent,
}

impl Reports {
    /// The pod runs: from now on an answer is expected.
    pub(super) fn expect(&self, uid: &str) {
        self.lock().insert(uid.to_owned(), Entry { since: Instant::now(), last: None });
    }

    /// Keeps the report. Says whether it tells anything new: another content, or an answer after silence.
    pub(super) fn record(&self, uid: &str, envelope: Envelope) -> bool {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(uid) else { return false };
        let was_fresh = entry.since.elapsed() < FRESH_FOR;
        entry.since = Instant::now();
        match &entry.last {
            Some((hash, _)) if *hash == envelope.hash => !was_fresh,
            _ => {
                entry.last = Some((envelope.hash, Arc::new(envelope.report)));
                true
            }
        }
    }

    /// When the pod counts as silent unless it answers before.
    pub(super) fn stale_at(&self, uid: &str) -> Instant {
        let since = self.lock().get(uid).map(|entry| entry.since);
        since.unwrap_or_else(Instant::now) + FRESH_FOR
    }

    /// The pod is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.lock().remove(uid);
    }

    /// What is known of the pod now.
    pub fn state(&self, uid: &str) -> ReportState {
        match self.lock().get(uid) {
            None => ReportState::Awaited,
            Some(entry) if entry.since.elapsed() >= FRESH_FOR => ReportState::Silent,
            Some(Entry { last: Some((_, report)), .. }) => ReportState::Fresh(report.clone()),
            Some(Entry { last: None, .. }) => ReportState::Awaited,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(version: &str) -> Envelope {
        Envelope::new(BotReport { bot_version: version.into(), ..BotReport::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_counts_for_fifteen_seconds() {
        let reports = Reports::default();
        reports.expect("uid");
        assert_eq!(reports.state("uid"), ReportState::Awaited);
        assert!(reports.record("uid", envelope("1")));
        tokio::time::advance(Duration::from_secs(14)).await;
        assert!(matches!(reports.state("uid"), ReportState::Fresh(_)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(reports.state("uid"), ReportState::Silent);
    }

    #[tokio::test(start_paused = true)]
    async fn only_something_new_is_told() {
        let reports = Reports::default();
        reports.expect("uid");
        assert!(reports.record("uid", envelope("1")));
        assert!(!reports.record("uid", envelope("1")));
        assert!(reports.record("uid", envelope("2")));
        tokio::time::advance(FRESH_FOR).await;
        assert!(reports.record("uid", envelope("2")), "it answers again after silence");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_never_answered_is_silent_after_a_while_and_forgotten_when_gone() {
        let reports = Reports::default();
        reports.expect("uid");
        tokio::time::advance(FRESH_FOR).await;
        assert_eq!(reports.state("uid"), ReportState::Silent);
        reports.forget("uid");
        assert_eq!(reports.state("uid"), ReportState::Awaited);
        assert!(!reports.record("uid", envelope("1")), "a late answer of a pod that is gone");
    }
}
