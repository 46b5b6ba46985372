//! What is on its way to one channel: a task that sends one message after the other and ends when it has none.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use super::{FindError, Job, Mark, SendError, Shared, Undeliverable, pace::Pace};
use crate::chat::Reply;

/// Longest pause between two attempts, before jitter.
const LONGEST_RETRY: Duration = Duration::from_secs(8);

/// Between two looks whether an answer may be sent.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// So many answers may wait in a channel that met its limit or is slow; more are merged.
const WAITING_SINGLY: usize = 5;

/// In place of an answer that may have arrived, where the bot can't look.
const INTERRUPTED: &str =
    "I was interrupted while answering. If you do not see my answer above, type the command again.";

pub(super) struct Lane {
    shared: Arc<Shared>,
    channel: String,
    jobs: mpsc::UnboundedReceiver<Job>,
    waiting: VecDeque<Part>,
    pace: Pace,
}

/// One message to be sent.
struct Part {
    text: String,
    mark: Mark,
    /// It may have been sent.
    doubtful: bool,
    /// What it is a part of: kept by the last part.
    job: Option<Job>,
    reply: Reply,
    right: super::Right,
    /// When it was delivered to the outbox.
    since: Instant,
    pauses: ExponentialBackoff,
}

impl Part {
    /// The parts of an answer, `texts` by their number.
    fn of(job: Job, texts: Vec<(usize, String)>, first_retry: Duration) -> impl Iterator<Item = Part> {
        let (count, delivery, since, mut job) = (texts.len(), job.delivery.clone(), job.delivered, Some(job));
        texts.into_iter().enumerate().map(move |(n, (part, text))| {
            let is_last = n + 1 == count;
            Part {
                text,
                mark: Mark { run: delivery.run.clone(), part },
                doubtful: delivery.doubtful,
                job: job.take_if(|_| is_last),
                reply: Reply {
                    lacking: delivery.reply.lacking.clone().filter(|_| is_last),
                    ..Reply::new(delivery.reply.target.clone(), "")
                },
                right: delivery.right.clone(),
                since,
                pauses: pauses(first_retry),
            }
        })
    }

    fn is_file(&self) -> bool {
        self.mark.part == Mark::FILE
    }
}

impl Lane {
    /// Starts a lane for `channel` with its first job; more come through what is returned.
    pub(super) fn start(shared: Arc<Shared>, channel: String, first: Job) -> mpsc::UnboundedSender<Job> {
        let (queue, jobs) = mpsc::unbounded_channel();
        let pace = Pace::new(shared.policy.interval, shared.policy.paced_for);
        let lane = Lane { shared, channel, jobs, waiting: VecDeque::new(), pace };
        tokio::spawn(lane.run(first));
        queue
    }

    async fn run(mut self, first: Job) {
        let mut next = Some(first);
        while let Some(job) = next {
            self.take(job);
            while let Some(part) = self.waiting.pop_front() {
                self.bring(part).await;
                while let Ok(job) = self.jobs.try_recv() {
                    self.take(job);
                }
            }
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

    fn take(&mut self, job: Job) {
        let reply = &job.delivery.reply;
        let texts = self.shared.sender.split(&reply.text);
        if texts.is_empty() {
            return settle(job, Ok(()));
        }
        let is_long = |most| texts.len() > 1 || reply.text.lines().count() > most;
        let parts = if reply.max_lines.is_some_and(is_long) {
            vec![(Mark::FILE, reply.text.clone())]
        } else {
            texts.into_iter().enumerate().collect()
        };
        self.waiting.extend(Part::of(job, parts, self.shared.policy.first_retry));
    }

    /// Lines up the messages that a file would have been.
    fn unfold(&mut self, parts: Vec<Part>) {
        for job in parts.into_iter().filter_map(|part| part.job) {
            let texts = self.shared.sender.split(&job.delivery.reply.text).into_iter().enumerate().collect();
            let parts: Vec<_> = Part::of(job, texts, self.shared.policy.first_retry).collect();
            parts.into_iter().rev().for_each(|part| self.waiting.push_front(part));
        }
    }

    /// Sends a part, and perhaps others with it, until it is there or given up.
    async fn bring(&mut self, part: Part) {
        let mut parts = vec![part];
        loop {
            let outcome = match self.attempt(&mut parts).await {
                Ok(()) => Ok(()),
                Err(Failure::Pause(pause, error)) => {
                    let until = Instant::now() + pause;
                    let patience = self.shared.policy.patience;
                    if parts.iter().all(|part| until <= part.since + patience) {
                        tracing::debug!(channel = self.channel, ?pause, error, "trying again");
                        sleep(pause).await;
                        continue;
                    }
                    Err(Undeliverable::GaveUp(error))
                }
                Err(Failure::NoFile(error)) => {
                    tracing::debug!(
                        channel = self.channel,
                        error,
                        "an answer goes as messages, not as a file"
                    );
                    return self.unfold(parts);
                }
                Err(Failure::End(end)) => Err(end),
            };
            if let Err(error) = &outcome {
                tracing::warn!(channel = self.channel, %error, "an answer was not delivered");
            }
            for part in parts {
                self.settle(part, outcome.clone());
            }
            return;
        }
    }

    /// A job with a part that failed has failed; its other parts are not sent.
    fn settle(&mut self, part: Part, outcome: Result<(), Undeliverable>) {
        let mut job = part.job;
        if outcome.is_err() {
            let run = &part.mark.run;
            self.waiting.retain_mut(|other| {
                let is_of_it = other.mark.run == *run;
                if is_of_it && other.job.is_some() {
                    job = other.job.take();
                }
                !is_of_it
            });
        }
        if let Some(job) = job {
            settle(job, outcome);
        }
    }

    async fn attempt(&mut self, parts: &mut Vec<Part>) -> Result<(), Failure> {
        loop {
            let rights: Vec<_> = parts.iter().map(|part| (part.right)()).collect();
            if rights.contains(&Some(false)) {
                return Err(Failure::End(Undeliverable::NotOurs));
            }
            if !rights.contains(&None) {
                break;
            }
            sleep(ASK_AGAIN).await;
        }
        if parts.iter().any(|part| part.doubtful) {
            self.look(parts).await?;
        }
        if parts.iter().all(|part| part.text.is_empty()) {
            return Ok(());
        }
        self.pace.turn().await;
        self.shared.workspace.turn().await;
        self.merge(parts);
        let Some(first) = parts.first() else { return Ok(()) };
        let told: Vec<_> = parts.iter().filter(|part| !part.text.is_empty()).collect();
        let texts: Vec<_> = told.iter().map(|part| part.text.as_str()).collect();
        // Of several answers in one message nobody would know which one asks.
        let lacking = if let [only] = told.as_slice() { only.reply.lacking.clone() } else { None };
        let reply = Reply { lacking, ..Reply::new(first.reply.target.clone(), texts.join("\n")) };
        let marks: Vec<_> = told.iter().map(|part| part.mark.clone()).collect();
        self.send(parts, &reply, &marks).await
    }

    async fn send(&mut self, parts: &mut [Part], reply: &Reply, marks: &[Mark]) -> Result<(), Failure> {
        let is_file = parts.iter().any(Part::is_file);
        let sent = match marks {
            [mark] if is_file => self.shared.sender.send_file(reply, &mark.run).await,
            marks => self.shared.sender.send(reply, marks).await,
        };
        match sent {
            Ok(()) => {
                self.pace.sent(Instant::now());
                Ok(())
            }
            Err(error @ SendError::RateLimited { retry_after }) => {
                let now = Instant::now();
                if self.pace.is_quiet(now) {
                    self.shared.workspace.limited(&self.channel, now, retry_after);
                }
                self.pace.limited(now, retry_after);
                Err(Failure::Pause(retry_after, error.to_string()))
            }
            Err(SendError::Retry(error)) => Err(Failure::Pause(longest_pause(parts), error)),
            Err(SendError::Doubtful(error)) => {
                parts.iter_mut().for_each(|part| part.doubtful = true);
                Err(Failure::Pause(longest_pause(parts), error))
            }
            Err(SendError::Rejected(code)) if is_file => Err(Failure::NoFile(code)),
            Err(SendError::Rejected(code)) => Err(Failure::End(Undeliverable::Rejected(code))),
        }
    }

    /// Looks for what may have been sent: what is there has no text any more. What waits for the same place is looked
    /// for at the same time.
    async fn look(&mut self, parts: &mut [Part]) -> Result<(), Failure> {
        let Some(target) = parts.first().map(|part| part.reply.target.clone()) else { return Ok(()) };
        let is_meant = |part: &&mut Part| part.doubtful && part.reply.target == target;
        let meant: Vec<_> = parts.iter_mut().chain(&mut self.waiting).filter(is_meant).collect();
        let runs: Vec<_> = meant.iter().map(|part| part.mark.run.clone()).collect();
        match self.shared.sender.find(&target, &runs).await {
            Ok(marks) => {
                for part in meant {
                    let found = marks.iter().filter(|mark| mark.run == part.mark.run);
                    let found: Vec<_> = found.map(|mark| mark.part).collect();
                    if found.contains(&part.mark.part) || found.contains(&Mark::FILE) {
                        part.text.clear();
                    }
                    // What was begun as messages goes on as messages.
                    part.doubtful = part.is_file() && !part.text.is_empty() && !found.is_empty();
                }
                match parts.iter().find(|part| part.doubtful) {
                    Some(_) => Err(Failure::NoFile("a part of it is there".into())),
                    None => Ok(()),
                }
            }
            Err(FindError::Retry { error, after }) => {
                Err(Failure::Pause(after.unwrap_or_else(|| longest_pause(parts)), error))
            }
            Err(FindError::Hidden) => {
                for part in parts.iter_mut().filter(|part| part.doubtful) {
                    part.doubtful = false;
                    if part.is_file() {
                        part.mark.part = 0;
                    }
                    INTERRUPTED.clone_into(&mut part.text);
                }
                Ok(())
            }
        }
    }

    /// Where a burst waits, what goes to the same place goes together.
    fn merge(&mut self, parts: &mut Vec<Part>) {
        let now = Instant::now();
        let is_late = |part: &Part| now.duration_since(part.since) >= self.shared.policy.interval;
        let is_slow = self.pace.is_slow(now) || parts.iter().any(is_late);
        if !is_slow || self.waiting.len() < WAITING_SINGLY || parts.iter().any(Part::is_file) {
            return;
        }
        let mut text: String = parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join("\n");
        while let Some(other) = self.waiting.front() {
            let together = format!("{text}\n{}", other.text);
            let is_alike = parts.iter().all(|part| part.reply.target == other.reply.target);
            if !is_alike
                || other.doubtful
                || other.is_file()
                || other.reply.target.is_home
                || (other.right)() != Some(true)
                || !self.shared.sender.fits(&together)
            {
                break;
            }
            text = together;
            parts.extend(self.waiting.pop_front());
        }
    }
}

/// Why an attempt did not succeed.
enum Failure {
    /// It may succeed after a pause.
    Pause(Duration, String),
    /// It may succeed as messages.
    NoFile(String),
    End(Undeliverable),
}

fn settle(job: Job, outcome: Result<(), Undeliverable>) {
    let Job { done, _room, .. } = job;
    // Nobody listens when the engine has given the command up meanwhile.
    let _ = done.send(outcome);
    drop(_room);
}

fn pauses(first: Duration) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(first)
        .with_max_delay(LONGEST_RETRY)
        .without_max_times()
        .with_jitter()
        .build()
}

fn longest_pause(parts: &mut [Part]) -> Duration {
    parts.iter_mut().filter_map(|part| part.pauses.next()).max().unwrap_or(LONGEST_RETRY)
}
