//! What is on its way to one channel: a task that sends one message after the other and ends when it has none.

use std::{sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::{Job, SendError, Shared, Undeliverable, pace::Pace};
use crate::chat::Reply;

/// Longest pause between two attempts, before jitter.
const LONGEST_RETRY: Duration = Duration::from_secs(8);

pub(super) struct Lane {
    shared: Arc<Shared>,
    channel: String,
    jobs: mpsc::UnboundedReceiver<Job>,
    pace: Pace,
}

impl Lane {
    /// Starts a lane for `channel` with its first job; more come through what is returned.
    pub(super) fn start(shared: Arc<Shared>, channel: String, first: Job) -> mpsc::UnboundedSender<Job> {
        let (queue, jobs) = mpsc::unbounded_channel();
        let pace = Pace::new(shared.policy.interval, shared.policy.paced_for);
        let lane = Lane { shared, channel, jobs, pace };
        tokio::spawn(lane.run(first));
        queue
    }

    async fn run(mut self, first: Job) {
        let mut next = Some(first);
        while let Some(Job { reply, done, _room }) = next {
            let outcome = self.deliver(reply).await;
            if let Err(error) = &outcome {
                tracing::warn!(channel = self.channel, %error, "an answer was not delivered");
            }
            // Nobody listens when the engine has given the command up meanwhile.
            let _ = done.send(outcome);
            drop(_room);
            next = self.next().await;
        }
    }

    /// The next job. Without one the lane leaves, but not before its pace may be forgotten.
    async fn next(&mut self) -> Option<Job> {
        loop {
            if let Ok(job) = timeout(self.pace.remaining(Instant::now()), self.jobs.recv()).await {
                return job;
            }
            let mut lanes = self.shared.lanes();
            if self.jobs.is_empty() {
                lanes.remove(&self.channel);
                return None;
            }
        }
    }

    async fn deliver(&mut self, reply: Reply) -> Result<(), Undeliverable> {
        for text in self.shared.sender.split(&reply.text) {
            self.send(&Reply { target: reply.target.clone(), text }).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: &Reply) -> Result<(), Undeliverable> {
        let policy = self.shared.policy;
        let give_up = Instant::now() + policy.patience;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(policy.first_retry)
            .with_max_delay(LONGEST_RETRY)
            .without_max_times()
            .with_jitter()
            .build();
        loop {
            self.pace.turn().await;
            let (pause, error) = match self.shared.sender.send(part).await {
                Ok(()) => {
                    self.pace.sent(Instant::now());
                    return Ok(());
                }
                Err(error @ SendError::RateLimited { retry_after }) => {
                    self.pace.limited(Instant::now(), retry_after);
                    (retry_after, error)
                }
                Err(error @ SendError::Retry(_)) => (pauses.next().unwrap_or(LONGEST_RETRY), error),
                Err(SendError::Rejected(code)) => return Err(Undeliverable::Rejected(code)),
            };
            if Instant::now() + pause > give_up {
                return Err(Undeliverable::GaveUp(error.to_string()));
            }
            tracing::debug!(channel = self.channel, ?pause, %error, "trying again");
            sleep(pause).await;
        }
    }
}
