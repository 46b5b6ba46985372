//! The facts in force, and the readiness that follows from them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use chatops_crds::bot_report::{BotReport, CONTRACT_VERSION, Envelope, Lookup};
use tokio::sync::watch;

/// Everything the bot knows about itself. Clones are handles to the same facts.
#[derive(Clone, Debug)]
pub struct Facts {
    current: Arc<watch::Sender<Arc<Envelope>>>,
    shutting_down: Arc<AtomicBool>,
}

impl Facts {
    /// Nothing is known but the version of this program.
    pub fn new() -> Facts {
        let report = BotReport {
            version: CONTRACT_VERSION,
            bot_version: env!("CARGO_PKG_VERSION").into(),
            ..BotReport::default()
        };
        Facts {
            current: Arc::new(watch::Sender::new(Arc::new(Envelope::new(report)))),
            shutting_down: Arc::default(),
        }
    }

    /// Applies `change`, then settles readiness: it latches once a connection is open and storage answers, since an
    /// outage of Slack or Redis must not unready every pod, stall a node drain or restart anything. Whoever waits for
    /// news is woken only if something differs.
    pub fn update(&self, change: impl FnOnce(&mut BotReport)) {
        self.current.send_if_modified(|envelope| {
            let mut report = envelope.report.clone();
            change(&mut report);
            let answering = report.slack.connections > 0 && report.storage.ready;
            let shutting_down = self.shutting_down.load(Ordering::Acquire);
            report.ready = !shutting_down && (envelope.report.ready || answering);
            let changed = report != envelope.report;
            if changed {
                let lookups = envelope.lookups.clone();
                *envelope = Arc::new(Envelope { lookups, ..Envelope::new(report) });
            }
            changed
        });
    }

    /// Puts the last look-ups of names beside the facts. They wake nobody.
    pub fn note_lookups(&self, lookups: Vec<Lookup>) {
        self.current.send_if_modified(|envelope| {
            *envelope = Arc::new(Envelope { lookups, ..Envelope::clone(envelope) });
            false
        });
    }

    /// The pod is not ready from now on, whatever happens.
    pub fn shut_down(&self) {
        self.shutting_down.store(true, Ordering::Release);
        self.update(|_| ());
    }

    /// The facts in force.
    pub fn current(&self) -> BotReport {
        self.current.borrow().report.clone()
    }

    /// Follows the facts.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Envelope>> {
        self.current.subscribe()
    }
}

impl Default for Facts {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answering(facts: &Facts, connections: i32, storage: bool) {
        facts.update(|report| {
            report.slack.connections = connections;
            report.storage.ready = storage;
        });
    }

    #[test]
    fn the_pod_is_ready_once_it_is_connected_and_storage_answers_and_stays_so_in_an_outage() {
        let facts = Facts::new();
        answering(&facts, 1, false);
        assert!(!facts.current().ready);
        answering(&facts, 1, true);
        assert!(facts.current().ready);
        answering(&facts, 0, false);
        assert!(facts.current().ready);
    }

    #[test]
    fn the_pod_is_not_ready_any_more_once_it_shuts_down() {
        let facts = Facts::new();
        answering(&facts, 1, true);
        facts.shut_down();
        assert!(!facts.current().ready);
        answering(&facts, 1, true);
        assert!(!facts.current().ready);
    }

    #[test]
    fn look_ups_are_shown_and_wake_nobody() {
        let facts = Facts::new();
        let follower = facts.subscribe();
        let hash = follower.borrow().hash.clone();
        facts.note_lookups(vec![Lookup { host: "slack.com".into(), ..Lookup::default() }]);
        assert!(!follower.has_changed().unwrap());
        facts.update(|report| report.storage.ready = true);
        assert_eq!(follower.borrow().lookups[0].host, "slack.com");
        assert_ne!(follower.borrow().hash, hash);
    }

    #[test]
    fn an_update_that_changes_nothing_wakes_nobody() {
        let facts = Facts::new();
        let follower = facts.subscribe();
        facts.update(|report| report.slack.connections = 0);
        assert!(!follower.has_changed().unwrap());
    }
}
