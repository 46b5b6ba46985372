//! How fast all channels together take messages. The platform refuses a message without saying whose limit it met: that
//! of its channel, or that of the whole workspace. A channel that was quiet has met none of its own, and two of them at
//! the same time are no chance. Then every channel waits, in line, instead of trying for itself.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Mutex as Line,
    time::{Instant, sleep_until},
};

use super::pace::Pace;

#[derive(Debug)]
pub(super) struct Workspace {
    state: Mutex<State>,
    /// Held by whoever is next.
    line: Line<()>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// A quiet channel that met a limit, and until when.
    suspect: Option<(String, Instant)>,
}

impl Workspace {
    pub(super) fn new(interval: Duration, paced_for: Duration) -> Workspace {
        let state = State { pace: Pace::new(interval, paced_for), suspect: None };
        Workspace { state: Mutex::new(state), line: Line::default() }
    }

    /// Waits until a message may be sent.
    pub(super) async fn turn(&self) {
        if !self.state().pace.is_slow(Instant::now()) {
            return;
        }
        let _line = self.line.lock().await;
        while let Some(next) = self.wait() {
            sleep_until(next).await;
        }
        self.state().pace.sent(Instant::now());
    }

    /// `channel`, which was quiet, takes no message before `retry_after`.
    pub(super) fn limited(&self, channel: &str, now: Instant, retry_after: Duration) {
        let mut state = self.state();
        let is_met = |(other, until): &(String, Instant)| other != channel && now < *until;
        if state.suspect.as_ref().is_some_and(is_met) {
            state.pace.limited(now, retry_after);
        }
        state.suspect = Some((channel.to_owned(), now + retry_after));
    }

    /// Until when the first in line has to wait.
    fn wait(&self) -> Option<Instant> {
        self.state().pace.next().filter(|next| *next > Instant::now())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn workspace() -> Workspace {
        Workspace::new(SECOND / 5, 30 * SECOND)
    }

    #[tokio::test(start_paused = true)]
    async fn one_channel_that_meets_limits_holds_up_no_other() {
        let (workspace, start) = (workspace(), Instant::now());
        workspace.limited("C1", start, SECOND);
        workspace.limited("C1", start, SECOND);
        workspace.turn().await;
        assert_eq!(Instant::now(), start);
    }

    #[tokio::test(start_paused = true)]
    async fn limits_that_were_met_one_after_the_other_are_those_of_channels() {
        let (workspace, start) = (workspace(), Instant::now());
        workspace.limited("C1", start, SECOND);
        workspace.limited("C2", start + 2 * SECOND, SECOND);
        workspace.turn().await;
        assert_eq!(Instant::now(), start);
    }

    #[tokio::test(start_paused = true)]
    async fn where_quiet_channels_meet_limits_together_all_wait_and_then_go_in_line() {
        let (workspace, start) = (workspace(), Instant::now());
        workspace.limited("C1", start, SECOND);
        workspace.limited("C2", start, 3 * SECOND);
        let turns = (0..3).map(async |_| {
            workspace.turn().await;
            start.elapsed().as_millis()
        });
        assert_eq!(join_all(turns).await, [3_000, 3_200, 3_400]);
    }
}
