//! The life of a payload: an envelope to one of the app's sockets, three seconds for the acknowledgement, and for events
//! a redelivery at once, after one minute and after five, each in a new envelope. Commands and clicks are tried once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;
use serde_json::Value;
use tokio::{sync::oneshot, time};

use super::{
    commands, ids,
    shared::Shared,
    sockets::Order,
    stats::{Delivery, Outcome, micros},
    world::World,
};

/// Slack's waits before the second, third and fourth delivery of an event (docs: Events API, retries).
const REDELIVERIES: [Duration; 3] = [Duration::ZERO, Duration::from_secs(60), Duration::from_secs(300)];

/// What an envelope carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Event,
    SlashCommand,
    Interactive,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Event => "events_api",
            Self::SlashCommand => "slash_commands",
            Self::Interactive => "interactive",
        }
    }
}

/// Something to deliver.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) kind: Kind,
    /// Name for the record: the event's type, or the command.
    pub(crate) event: String,
    pub(crate) event_id: Option<String>,
    pub(crate) body: Value,
}

#[derive(Serialize)]
struct Envelope<'a> {
    envelope_id: &'a str,
    payload: &'a Value,
    r#type: &'static str,
    accepts_response_payload: bool,
    #[serde(flatten)]
    retry: Option<Retry>,
}

#[derive(Serialize)]
struct Retry {
    retry_attempt: u32,
    retry_reason: &'static str,
}

/// An attempt that found a socket.
#[derive(Debug)]
struct Attempt {
    envelope_id: String,
    frame: String,
    number: u64,
    sent: Instant,
    acknowledged: oneshot::Receiver<Value>,
}

/// Sends the payload for the first time, in order with everything before it, and leaves the rest to a task.
pub(crate) fn start(shared: &Arc<Shared>, world: &mut World, payload: Payload) {
    let is_event = payload.kind == Kind::Event;
    if is_event && world.faults.take_duplicate_event() {
        world.counters.under_way += 1;
        let attempt = attempt(shared, world, &payload, 0);
        shared.runtime.spawn(see_through(Arc::clone(shared), payload.clone(), attempt));
    }
    let attempt = attempt(shared, world, &payload, 0);
    if let Some(attempt) = &attempt
        && let Some(after) = world.faults.take_repeated_envelope()
    {
        shared.runtime.spawn(repeat(Arc::clone(shared), attempt.frame.clone(), after));
    }
    world.counters.under_way += 1;
    shared.runtime.spawn(see_through(Arc::clone(shared), payload, attempt));
}

/// Takes an acknowledgement from a socket.
pub(crate) fn acknowledge(world: &mut World, envelope_id: &str, payload: Value) {
    if world.faults.take_lost_acknowledgement() {
        return;
    }
    let waiting = world.sockets.waiting.remove(envelope_id);
    // The receiver may have given up this very moment; then the acknowledgement is too late.
    if waiting.is_none_or(|waiting| waiting.send(payload).is_err()) {
        world.counters.stray_acknowledgements += 1;
    }
}

fn attempt(shared: &Shared, world: &mut World, payload: &Payload, attempt: u32) -> Option<Attempt> {
    let envelope_id = ids::uuid();
    let envelope = Envelope {
        envelope_id: &envelope_id,
        payload: &payload.body,
        r#type: payload.kind.name(),
        accepts_response_payload: payload.kind != Kind::Event,
        retry: (payload.kind == Kind::Event).then_some(Retry {
            retry_attempt: attempt,
            retry_reason: if attempt == 0 { "" } else { "timeout" },
        }),
    };
    let frame = serde_json::to_string(&envelope).unwrap_or_default();
    let sent = Instant::now();
    let socket =
        world.sockets.pick().map(|(id, socket)| (id, socket.orders.send(Order::Send(frame.clone())).is_ok()));
    let is_sent = socket.is_some_and(|(_, is_sent)| is_sent);
    let number = world.counters.sent(Delivery {
        number: 0,
        event_id: payload.event_id.clone(),
        envelope_id: envelope_id.clone(),
        kind: payload.kind.name().to_owned(),
        event: payload.event.clone(),
        attempt,
        socket: socket.map(|(id, _)| id),
        at_millis: u64::try_from(shared.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        outcome: if is_sent { Outcome::Waiting } else { Outcome::NoSocket },
    });
    let (acknowledged, receiver) = oneshot::channel();
    is_sent.then(|| {
        world.sockets.waiting.insert(envelope_id.clone(), acknowledged);
        Attempt { envelope_id, frame, number, sent, acknowledged: receiver }
    })
}

/// Waits for the acknowledgement, and delivers again as often as Slack does.
async fn see_through(shared: Arc<Shared>, payload: Payload, first: Option<Attempt>) {
    let mut found_socket = first.is_some();
    let mut answer = settled(&shared, first).await;
    let mut redeliveries = REDELIVERIES.iter().zip(1..);
    while answer.is_none() && payload.kind == Kind::Event {
        let Some((wait, number)) = redeliveries.next() else { break };
        let extra = shared.lock().faults.redelivery_delay;
        time::sleep(wait.div_f64(shared.settings.time_factor) + extra).await;
        let next = shared.change(|world| attempt(&shared, world, &payload, number));
        found_socket = next.is_some();
        answer = settled(&shared, next).await;
    }
    shared.change(|world| {
        world.counters.under_way -= 1;
        match (answer, payload.kind) {
            (Some(_), Kind::Event) => {}
            (Some(answer), _) => commands::answered(world, &payload.body, &answer),
            (None, kind) => {
                if kind != Kind::Event {
                    let error = if found_socket { "operation_timeout" } else { "dispatch_failed" };
                    commands::failed(world, &payload.body, error);
                }
                world.counters.give_up(payload.body);
            }
        }
    });
}

async fn settled(shared: &Arc<Shared>, attempt: Option<Attempt>) -> Option<Value> {
    let attempt = attempt?;
    let result = time::timeout(shared.settings.ack_deadline, attempt.acknowledged).await;
    let answer = result.ok().and_then(Result::ok);
    let outcome = match &answer {
        Some(_) => Outcome::Acknowledged { after_micros: micros(attempt.sent.elapsed()) },
        None => Outcome::TimedOut,
    };
    shared.change(|world| {
        world.sockets.waiting.remove(&attempt.envelope_id);
        world.counters.settle(attempt.number, outcome);
    });
    answer
}

/// Sends the very same envelope once more.
async fn repeat(shared: Arc<Shared>, frame: String, after: Duration) {
    time::sleep(after).await;
    shared.change(|world| {
        if let Some((_, socket)) = world.sockets.pick() {
            let _ = socket.orders.send(Order::Send(frame));
        }
    });
}
