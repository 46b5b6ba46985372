//! What the simulator counted: calls a method, connections, deliveries with their attempts, how fast they were
//! acknowledged. Bounded for long runs; it decides nothing.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Deliveries, latencies and payloads given up that are kept; older ones are only counted.
const KEPT: usize = 10_000;

/// Calls of one Web API method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// All calls, refused ones too.
    pub total: u64,
    /// Calls answered with `ok: true`.
    pub succeeded: u64,
    /// Failed calls by error code; HTTP failures that were injected as `http_<status>`.
    pub errors: BTreeMap<String, u64>,
}

/// What became of one attempt to deliver a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// Sent, not yet acknowledged.
    Waiting,
    /// Acknowledged in time.
    Acknowledged {
        /// From the sending to the acknowledgement, in microseconds.
        after_micros: u64,
    },
    /// Not acknowledged within the deadline (3 s at Slack).
    TimedOut,
    /// No socket was open.
    NoSocket,
}

/// One attempt to deliver a payload by Socket Mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Counts up by one.
    pub number: u64,
    /// `event_id` of an event; the same in every attempt.
    pub event_id: Option<String>,
    /// The envelope's id; a new one for every attempt.
    pub envelope_id: String,
    /// `events_api`, `slash_commands` or `interactive`.
    pub kind: String,
    /// Type of the event, `message` or `app_mention`; the envelope's kind for the others.
    pub event: String,
    /// `retry_attempt`, 0 first.
    pub attempt: u32,
    /// The socket that it went to.
    pub socket: Option<u64>,
    /// Since the simulator started, in milliseconds.
    pub at_millis: u64,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A snapshot of the counters.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Stats {
    /// By method; unknown methods count as `unknown_method`.
    pub calls: BTreeMap<String, Calls>,
    /// Sockets that were ever opened.
    pub connections_opened: u64,
    /// Sockets that are open, ghosts included: Slack's `num_connections`.
    pub sockets: usize,
    /// Half-open sockets among them.
    pub ghosts: usize,
    /// Attempts to deliver.
    pub deliveries: u64,
    /// Acknowledgements that arrived in time.
    pub acknowledged: u64,
    /// Acknowledgements for nothing that waited: too late, repeated, or of an unknown envelope.
    pub stray_acknowledgements: u64,
    /// Payloads that are neither acknowledged nor given up yet.
    pub under_way: u64,
    /// Payloads given up after the last attempt.
    pub lost: u64,
    /// Median time to the acknowledgement, of the last 10,000, in microseconds.
    pub ack_p50_micros: u64,
    /// 99th percentile of the same.
    pub ack_p99_micros: u64,
}

/// The counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: BTreeMap<String, Calls>,
    pub(crate) connections_opened: u64,
    pub(crate) stray_acknowledgements: u64,
    pub(crate) under_way: u64,
    lost: u64,
    given_up: VecDeque<Value>,
    acknowledged: u64,
    sent: u64,
    deliveries: VecDeque<Delivery>,
}

impl Counters {
    pub(crate) fn call(&mut self, method: &str, error: Option<&str>) {
        let calls = match self.calls.get_mut(method) {
            Some(calls) => calls,
            None => self.calls.entry(method.to_owned()).or_default(),
        };
        calls.total += 1;
        match error {
            None => calls.succeeded += 1,
            Some(error) => *calls.errors.entry(error.to_owned()).or_default() += 1,
        }
    }

    pub(crate) fn calls(&self, method: &str) -> u64 {
        self.calls.get(method).map_or(0, |calls| calls.total)
    }

    /// Notes an attempt and returns its number.
    pub(crate) fn sent(&mut self, delivery: Delivery) -> u64 {
        self.sent += 1;
        self.deliveries.push_back(Delivery { number: self.sent, ..delivery });
        if self.deliveries.len() > KEPT {
            self.deliveries.pop_front();
        }
        self.sent
    }

    pub(crate) fn settle(&mut self, number: u64, outcome: Outcome) {
        if matches!(outcome, Outcome::Acknowledged { .. }) {
            self.acknowledged += 1;
        }
        let index = self.deliveries.partition_point(|delivery| delivery.number < number);
        if let Some(delivery) = self.deliveries.get_mut(index).filter(|delivery| delivery.number == number) {
            delivery.outcome = outcome;
        }
    }

    pub(crate) fn give_up(&mut self, body: Value) {
        self.lost += 1;
        self.given_up.push_back(body);
        if self.given_up.len() > KEPT {
            self.given_up.pop_front();
        }
    }

    pub(crate) fn given_up(&self) -> impl Iterator<Item = &Value> {
        self.given_up.iter()
    }

    pub(crate) fn deliveries(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter()
    }

    pub(crate) fn snapshot(&self, sockets: usize, ghosts: usize) -> Stats {
        let mut latencies: Vec<u64> = self.deliveries.iter().filter_map(Delivery::latency).collect();
        latencies.sort_unstable();
        let percentile =
            |percent: usize| latencies.get(latencies.len().saturating_sub(1) * percent / 100).copied();
        Stats {
            calls: self.calls.clone(),
            connections_opened: self.connections_opened,
            sockets,
            ghosts,
            deliveries: self.sent,
            acknowledged: self.acknowledged,
            stray_acknowledgements: self.stray_acknowledgements,
            under_way: self.under_way,
            lost: self.lost,
            ack_p50_micros: percentile(50).unwrap_or_default(),
            ack_p99_micros: percentile(99).unwrap_or_default(),
        }
    }
}

impl Delivery {
    fn latency(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Acknowledged { after_micros } => Some(after_micros),
            _ => None,
        }
    }
}

/// Microseconds, saturating.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
