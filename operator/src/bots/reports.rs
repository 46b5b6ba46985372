//! The last report of each pod and how old it is.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
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

/// A ChatBot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BotName {
    pub namespace: String,
    pub name: String,
}

#[derive(Debug)]
struct Entry {
    bot: BotName,
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

impl Entry {
    fn is_fresh(&self) -> bool {
        self.since.elapsed() < FRESH_FOR
    }

    /// The Slack app whose messages the pod takes: ids of its workspace and of its user.
    fn app(&self) -> Option<(&str, &str)> {
        let (_, report) = self.last.as_ref().filter(|_| self.is_fresh())?;
        let workspace = report.slack.workspace.as_ref().filter(|_| report.slack.connections > 0)?;
        let app = (workspace.team_id.as_str(), workspace.bot_user_id.as_str());
        (!app.0.is_empty() && !app.1.is_empty()).then_some(app)
    }
}

impl Reports {
    /// The pod of `bot` runs: from now on an answer is expected.
    pub(super) fn expect(&self, uid: &str, bot: BotName) {
        self.lock().insert(uid.to_owned(), Entry { bot, since: Instant::now(), last: None });
    }

    /// Keeps the report. Says whether it tells anything new: another content, or an answer after silence.
    pub(super) fn record(&self, uid: &str, envelope: Envelope) -> bool {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(uid) else { return false };
        let was_fresh = entry.is_fresh();
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

    /// The pod is gone. Returns the ChatBots that shared a Slack app with its own.
    pub(super) fn forget(&self, uid: &str) -> BTreeSet<BotName> {
        let bot = self.lock().get(uid).map(|entry| entry.bot.clone());
        let shared = bot.map(|bot| self.sharing(&bot)).unwrap_or_default();
        self.lock().remove(uid);
        shared
    }

    /// What is known of the pod now.
    pub fn state(&self, uid: &str) -> ReportState {
        match self.lock().get(uid) {
            None => ReportState::Awaited,
            Some(entry) if !entry.is_fresh() => ReportState::Silent,
            Some(Entry { last: Some((_, report)), .. }) => ReportState::Fresh(report.clone()),
            Some(Entry { last: None, .. }) => ReportState::Awaited,
        }
    }

    /// The other ChatBots that take messages of the same Slack app as `bot`.
    pub fn sharing(&self, bot: &BotName) -> BTreeSet<BotName> {
        let entries = self.lock();
        let (own, others): (Vec<_>, Vec<_>) = entries.values().partition(|entry| entry.bot == *bot);
        let apps: HashSet<_> = own.into_iter().filter_map(Entry::app).collect();
        let sharing = others.into_iter().filter(|other| other.app().is_some_and(|app| apps.contains(&app)));
        sharing.map(|other| other.bot.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use chatops_crds::bot_report::{SlackReport, Workspace};

    use super::*;

    fn envelope(version: &str) -> Envelope {
        Envelope::new(BotReport { bot_version: version.into(), ..BotReport::default() })
    }

    fn ops() -> BotName {
        BotName { namespace: "prod".into(), name: "ops".into() }
    }

    /// A bot that is connected as the app with this user.
    fn connected(user: &str) -> Envelope {
        let workspace = Workspace { team_id: "T1".into(), bot_user_id: user.into(), ..Workspace::default() };
        let slack = SlackReport { connections: 1, workspace: Some(workspace), ..SlackReport::default() };
        Envelope::new(BotReport { slack, ..BotReport::default() })
    }

    #[tokio::test(start_paused = true)]
    async fn bots_share_an_app_while_both_take_its_messages() {
        let reports = Reports::default();
        let other = BotName { namespace: "dev".into(), ..ops() };
        for (uid, bot) in [("1", ops()), ("2", ops()), ("3", other.clone())] {
            reports.expect(uid, bot);
        }
        reports.record("1", connected("U1"));
        reports.record("2", connected("U1"));
        assert!(reports.sharing(&ops()).is_empty(), "two pods of one bot are no two bots");
        reports.record("3", connected("U2"));
        assert!(reports.sharing(&ops()).is_empty(), "another app of the workspace");
        reports.record("3", connected("U1"));
        assert_eq!(reports.sharing(&ops()), [other.clone()].into());
        assert_eq!(reports.sharing(&other), [ops()].into());
        tokio::time::advance(FRESH_FOR / 2).await;
        reports.record("1", connected("U1"));
        tokio::time::advance(FRESH_FOR / 2).await;
        assert!(reports.sharing(&ops()).is_empty(), "the other one is silent");
        reports.record("3", connected("U1"));
        assert_eq!(reports.sharing(&ops()).len(), 1);
        reports.record("3", envelope("1"));
        assert!(reports.sharing(&ops()).is_empty(), "it is connected no more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_counts_for_fifteen_seconds() {
        let reports = Reports::default();
        reports.expect("uid", ops());
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
        reports.expect("uid", ops());
        assert!(reports.record("uid", envelope("1")));
        assert!(!reports.record("uid", envelope("1")));
        assert!(reports.record("uid", envelope("2")));
        tokio::time::advance(FRESH_FOR).await;
        assert!(reports.record("uid", envelope("2")), "it answers again after silence");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_never_answered_is_silent_after_a_while_and_forgotten_when_gone() {
        let reports = Reports::default();
        reports.expect("uid", ops());
        tokio::time::advance(FRESH_FOR).await;
        assert_eq!(reports.state("uid"), ReportState::Silent);
        reports.forget("uid");
        assert_eq!(reports.state("uid"), ReportState::Awaited);
        assert!(!reports.record("uid", envelope("1")), "a late answer of a pod that is gone");
    }
}
