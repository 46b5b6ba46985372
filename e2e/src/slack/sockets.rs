//! The app's Socket Mode connections as Slack counts them: one-time tickets, open sockets with their ghosts, and the
//! envelopes that wait for an acknowledgement. Bytes are moved elsewhere (`socket_mode`).

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::ids;

/// Sockets an app may have open (docs: Using Socket Mode).
pub(crate) const MOST_SOCKETS: usize = 10;
/// How long a URL of `apps.connections.open` may wait for its one use.
const TICKET_LIFETIME: Duration = Duration::from_secs(60);

/// What a socket's task is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send a text frame.
    Send(String),
    /// Send a `disconnect` message with this reason; with `close`, close the socket a moment later.
    Disconnect { reason: String, close: bool },
    /// Neither read nor write any more, and keep the connection.
    TurnGhost,
    /// Cut the connection.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// Still connected and counted, gets no new payloads.
    Closing,
    /// Half-open: counted, and payloads are sent into it.
    Ghost,
}

#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    pub(crate) state: State,
}

#[derive(Debug, Default)]
pub(crate) struct Sockets {
    pub(crate) open: BTreeMap<u64, Socket>,
    /// By `envelope_id`: where the acknowledgement's payload goes.
    pub(crate) waiting: HashMap<String, oneshot::Sender<Value>>,
    tickets: HashMap<String, Instant>,
    last: u64,
    turn: usize,
}

impl Sockets {
    /// A ticket for one handshake.
    pub(crate) fn issue_ticket(&mut self) -> String {
        self.tickets.retain(|_, issued| issued.elapsed() < TICKET_LIFETIME);
        let ticket = ids::uuid();
        self.tickets.insert(ticket.clone(), Instant::now());
        ticket
    }

    /// Uses a ticket up; false if it was none, is too old or was used.
    pub(crate) fn redeem_ticket(&mut self, ticket: &str) -> bool {
        self.tickets.remove(ticket).is_some_and(|issued| issued.elapsed() < TICKET_LIFETIME)
    }

    /// Registers a socket. `None` if the app has as many as it may.
    pub(crate) fn add(&mut self, orders: mpsc::UnboundedSender<Order>) -> Option<u64> {
        if self.open.len() >= MOST_SOCKETS {
            return None;
        }
        self.last += 1;
        self.open.insert(self.last, Socket { orders, state: State::Open });
        Some(self.last)
    }

    pub(crate) fn remove(&mut self, id: u64) {
        self.open.remove(&id);
    }

    pub(crate) fn ghosts(&self) -> usize {
        self.open.values().filter(|socket| socket.state == State::Ghost).count()
    }

    /// The socket for the next payload: any one of them, taken in turn. Ghosts count, as at Slack.
    pub(crate) fn pick(&mut self) -> Option<(u64, &Socket)> {
        let candidates = self.open.values().filter(|socket| socket.state != State::Closing).count();
        self.turn = self.turn.wrapping_add(1);
        let index = self.turn.checked_rem(candidates)?;
        let mut usable = self.open.iter().filter(|(_, socket)| socket.state != State::Closing);
        usable.nth(index).map(|(id, socket)| (*id, socket))
    }

    /// Tells every socket that is neither ghost nor closing. Returns how many there were.
    pub(crate) fn tell_all(&mut self, order: impl Fn() -> Order, becomes: State) -> usize {
        let mut told = 0;
        for socket in self.open.values_mut().filter(|socket| socket.state == State::Open) {
            // A socket whose task has just ended is about to be removed.
            let _ = socket.orders.send(order());
            socket.state = becomes;
            told += 1;
        }
        told
    }

    /// Cuts every connection, ghosts too.
    pub(crate) fn drop_all(&mut self) {
        for socket in self.open.values() {
            let _ = socket.orders.send(Order::Drop);
        }
        self.open.clear();
    }
}
