//! Speaks with the ledger for everybody in this process: what is asked at the same time goes there together, under one
//! session, which it keeps alive and replaces when it was lost. Hands out lanes, as many as are wanted here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    Said, Work,
    ledger::{Batch, Claim, Ledger, Operation, Outcome, Taken},
};

/// Between two renewals of the lease.
const BEAT: Duration = Duration::from_secs(1);

/// Between two attempts to reach a ledger that did not answer.
const RETRY: Duration = Duration::from_millis(200);

/// How long an operation that nobody waits for is kept back, to go to the ledger with another one.
const COMPANY: Duration = Duration::from_millis(100);

/// Operations that go to the ledger together at most.
const TOGETHER: usize = 64;

/// Commands that run at once here; the others wait in the ledger, where other replicas see them.
const RUNNING: usize = 512;

/// The same in one channel, so that slow commands in one leave room for the others.
const RUNNING_IN_CHANNEL: usize = RUNNING / 4;

/// An operation that somebody asks for.
#[derive(Debug)]
pub(super) struct Request {
    pub operation: Operation,
    /// The answer, where it is accepted with one.
    pub said: Option<Said>,
    /// The channel of the command.
    pub channel: String,
    /// The session that has the command; none for a new one.
    pub session: Option<Arc<str>>,
    pub outcome: oneshot::Sender<Outcome>,
}

impl Request {
    /// The answer has arrived, so that nobody is kept waiting.
    fn can_wait(&self) -> bool {
        matches!(self.operation, Operation::Finish { .. })
    }
}

/// The session as everybody sees it.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub session: Arc<str>,
    /// Until when nobody else can have taken its lanes. None: for as long as the process runs.
    pub until: Option<Instant>,
}

pub(super) struct Clerk {
    wiring: Wiring,
    hands: Hands,
    /// Number of the last batch of the session.
    number: u64,
    /// When the lease is to be renewed.
    beat: Instant,
}

/// What a clerk works with.
pub(super) struct Wiring {
    pub ledger: Arc<dyn Ledger>,
    pub lease: Duration,
    pub requests: mpsc::Receiver<Request>,
    pub work: mpsc::UnboundedSender<Work>,
    pub standing: watch::Sender<Standing>,
    /// True once nothing new is to be run.
    pub closing: watch::Receiver<bool>,
    /// How much is in hand here.
    pub busy: watch::Sender<usize>,
}

/// How much runs here.
#[derive(Debug, Default)]
struct Hands {
    total: usize,
    channels: HashMap<String, usize>,
    /// There may be lanes that nobody has, and room for them.
    more: bool,
    /// There may be lanes that nobody has for want of room.
    left_behind: bool,
}

impl Hands {
    fn take(&mut self, channel: &str) {
        self.total += 1;
        *self.channels.entry(channel.to_owned()).or_default() += 1;
    }

    fn free(&mut self, channel: &str) {
        self.total = self.total.saturating_sub(1);
        self.more |= self.left_behind;
        if let Some(count) = self.channels.get_mut(channel) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.channels.remove(channel);
            }
        }
    }

    fn has_room(&self, channel: &str) -> bool {
        self.total < RUNNING && self.channels.get(channel).is_none_or(|count| *count < RUNNING_IN_CHANNEL)
    }

    fn full_channels(&self) -> Vec<String> {
        let full = self.channels.iter().filter(|(_, count)| **count >= RUNNING_IN_CHANNEL);
        full.map(|(channel, _)| channel.clone()).collect()
    }
}

impl Clerk {
    pub(super) fn new(wiring: Wiring) -> Clerk {
        Clerk { wiring, hands: Hands::default(), number: 0, beat: Instant::now() }
    }

    /// Returns when nobody can ask for anything any more; the session has ended then.
    pub(super) async fn run(mut self) {
        while let Some(requests) = self.next().await {
            self.work_on(requests).await;
        }
        let goodbye = self.batch(vec![Operation::Leave]);
        // Nothing is this process's from now on.
        self.wiring.standing.send_replace(Standing::new());
        // Whoever is left takes what it had over a little later if that does not arrive.
        let _ = self.wiring.ledger.apply(&goodbye).await;
    }

    /// What is asked for together, nothing when the clerk itself has something to ask. None: nobody can ask any more.
    async fn next(&mut self) -> Option<Vec<Request>> {
        let mut requests = Vec::new();
        let wants_more = self.hands.more && self.takes_more() && self.hands.total < RUNNING;
        let mut wake = if wants_more { Instant::now() } else { self.beat };
        loop {
            let room = TOGETHER - requests.len();
            let asked = tokio::select! {
                biased;
                asked = self.wiring.requests.recv_many(&mut requests, room) => asked,
                () = sleep_until(wake) => return Some(requests),
            };
            if asked == 0 {
                return (!requests.is_empty()).then_some(requests);
            }
            if requests.len() == TOGETHER || !requests.iter().all(Request::can_wait) {
                return Some(requests);
            }
            wake = wake.min(Instant::now() + COMPANY);
        }
    }

    /// What would be lost with this process is run to its end.
    fn takes_more(&self) -> bool {
        !*self.wiring.closing.borrow() || !self.wiring.ledger.outlasts()
    }

    async fn work_on(&mut self, requests: Vec<Request>) {
        let mut left = requests;
        loop {
            left = self.refused(left);
            let mut operations = self.own();
            let own = operations.len();
            operations.extend(self.asked(&left));
            if operations.is_empty() {
                return;
            }
            let began = Instant::now();
            let outcomes = self.apply(operations).await;
            if outcomes.first() != Some(&Outcome::Gone) {
                self.settle_all(left, own, outcomes, began);
                return;
            }
            self.rejoin();
        }
    }

    /// Tells those who ask for a command of a session that has ended, and returns the others.
    fn refused(&self, requests: Vec<Request>) -> Vec<Request> {
        let session = self.wiring.standing.borrow().session.clone();
        let is_other = |request: &Request| request.session.as_ref().is_some_and(|other| *other != session);
        let (lost, left): (Vec<_>, Vec<_>) = requests.into_iter().partition(is_other);
        for request in lost {
            // Who does not wait any more does not want to know.
            let _ = request.outcome.send(Outcome::Fenced);
        }
        left
    }

    fn asked(&self, requests: &[Request]) -> Vec<Operation> {
        let mut running = self.hands.total;
        let operation = |request: &Request| {
            let mut operation = request.operation.clone();
            if let Operation::Accept { run, answer, .. } = &mut operation {
                let has_room = running < RUNNING && self.hands.has_room(&request.channel);
                *run &= self.takes_more() && (answer.is_some() || has_room);
                running += usize::from(*run && answer.is_none());
            }
            operation
        };
        requests.iter().map(operation).collect()
    }

    fn settle_all(&mut self, requests: Vec<Request>, own: usize, outcomes: Vec<Outcome>, began: Instant) {
        let mut outcomes = outcomes.into_iter();
        for outcome in outcomes.by_ref().take(own) {
            match outcome {
                Outcome::Claimed(claims) => self.hand_out(claims),
                _ => self.renewed(began),
            }
        }
        let settled: Vec<_> = requests.into_iter().zip(outcomes).collect();
        for (request, outcome) in &settled {
            self.count(request, outcome);
        }
        // Before anybody who is told something could close the inbox.
        let waits = usize::from(self.hands.more && self.takes_more());
        self.wiring.busy.send_replace(self.hands.total + waits);
        for (request, outcome) in settled {
            self.tell(request, outcome);
        }
    }

    /// What the clerk itself asks for.
    fn own(&mut self) -> Vec<Operation> {
        let mut operations = Vec::new();
        if self.number == 0 {
            operations.push(Operation::Join);
        }
        let is_due = Instant::now() >= self.beat;
        if is_due {
            self.beat = Instant::now() + BEAT;
            operations.push(Operation::Beat);
        }
        let lanes = RUNNING.saturating_sub(self.hands.total);
        if (is_due || self.hands.more) && self.takes_more() && lanes > 0 {
            operations.push(Operation::Claim { lanes, except: self.hands.full_channels() });
        }
        operations
    }

    /// Does not return before the ledger has answered.
    async fn apply(&mut self, operations: Vec<Operation>) -> Vec<Outcome> {
        let batch = self.batch(operations);
        loop {
            match self.wiring.ledger.apply(&batch).await {
                Ok(outcomes) => return outcomes,
                Err(error) => tracing::debug!(%error, "the inbox cannot be reached"),
            }
            sleep(RETRY).await;
        }
    }

    fn batch(&mut self, operations: Vec<Operation>) -> Batch {
        self.number += 1;
        let session = self.wiring.standing.borrow().session.to_string();
        Batch { session, number: self.number, operations }
    }

    fn renewed(&self, since: Instant) {
        if self.wiring.ledger.outlasts() {
            let until = Some(since + self.wiring.lease);
            self.wiring.standing.send_modify(|standing| standing.until = standing.until.max(until));
        }
    }

    /// Another session takes the place of the one that was lost, with everything that it had in hand.
    fn rejoin(&mut self) {
        tracing::warn!("the inbox gave this replica's commands to others, as it was not heard of in time");
        self.wiring.standing.send_replace(Standing::new());
        self.number = 0;
        self.beat = Instant::now();
        self.hands = Hands { more: true, ..Hands::default() };
    }

    fn hand_out(&mut self, claims: Vec<Claim>) {
        self.hands.more = !claims.is_empty();
        self.hands.left_behind &= self.hands.more || !self.hands.full_channels().is_empty();
        for claim in claims {
            let channel = claim.run.as_ref().map(|taken| taken.incoming.channel.id.clone());
            channel.iter().for_each(|channel| self.hands.take(channel));
            self.give(|session| Work::Lane { claim, session });
        }
    }

    fn give(&self, work: impl FnOnce(Arc<str>) -> Work) {
        let session = self.wiring.standing.borrow().session.clone();
        // Nobody takes it at the very end; it is others' then.
        let _ = self.wiring.work.send(work(session));
    }

    fn count(&mut self, Request { operation, channel, .. }: &Request, outcome: &Outcome) {
        match (operation, outcome) {
            (Operation::Accept { answer: None, .. }, Outcome::Run { .. }) => self.hands.take(channel),
            (Operation::Accept { .. }, Outcome::Queued) => {
                self.hands.left_behind |= !self.hands.has_room(channel);
            }
            (Operation::Answer { .. }, Outcome::Next(Some(_))) => {}
            (Operation::Answer { .. }, _) => self.hands.free(channel),
            (Operation::Finish { .. }, Outcome::Next(Some(_))) => self.hands.take(channel),
            _ => {}
        }
    }

    fn tell(&self, request: Request, outcome: Outcome) {
        match (request.operation, &outcome) {
            (Operation::Accept { incoming, .. }, Outcome::Run { recalled }) => match request.said {
                Some(said) => self.give(|session| Work::Said { incoming: *incoming, said, session }),
                None => {
                    let recalled = recalled.clone();
                    let run = Some(Taken { incoming: *incoming, started: false, recalled });
                    let claim = Claim { answered: Vec::new(), run };
                    self.give(|session| Work::Lane { claim, session });
                }
            },
            (Operation::Accept { incoming, .. }, Outcome::Busy) => {
                // Nobody listens at the very end.
                let _ = self.wiring.work.send(Work::Busy(*incoming));
            }
            _ => {}
        }
        // Who does not wait any more does not want to know.
        let _ = request.outcome.send(outcome);
    }
}

impl Standing {
    pub(super) fn new() -> Standing {
        Standing { session: format!("{:016x}", rand::random::<u64>()).into(), until: None }
    }
}
