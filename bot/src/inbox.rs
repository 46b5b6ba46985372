//! Between an adapter and the engine: takes each typed message once and holds it until the engine asks for it. An
//! adapter acknowledges a message to its platform only after the inbox has taken it. Knows neither platforms nor
//! commands.

mod seen;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::sync::Notify;

use crate::chat::Incoming;
use seen::Seen;

/// A bounded queue of typed messages, each at most once. Clones are handles to the same queue.
#[derive(Clone, Debug)]
pub struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the consumer when a message arrived or the inbox was closed.
    arrived: Notify,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Incoming>,
    seen: Seen,
    closed: bool,
}

/// What became of a message that the inbox answers for from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    New,
    /// It was taken before and will not be handed out again.
    Duplicate,
}

/// The message was not taken: too many wait, or the bot is shutting down. The platform should deliver it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox takes no more messages")]
pub struct Full;

impl Inbox {
    /// An inbox in which up to `capacity` messages wait.
    pub fn new(capacity: usize) -> Inbox {
        let shared = Shared { state: Mutex::default(), arrived: Notify::new(), capacity };
        Inbox { shared: Arc::new(shared) }
    }

    /// Takes `incoming`, unless it was taken before.
    ///
    /// # Errors
    /// [`Full`]: nothing was taken and the same message may be offered again.
    pub fn accept(&self, incoming: Incoming) -> Result<Accepted, Full> {
        let mut state = self.state();
        let now = Instant::now();
        if state.seen.contains(&incoming.key, now) {
            return Ok(Accepted::Duplicate);
        }
        if state.closed || state.waiting.len() >= self.shared.capacity {
            return Err(Full);
        }
        state.seen.remember(&incoming.key, now);
        state.waiting.push_back(incoming);
        drop(state);
        self.shared.arrived.notify_one();
        Ok(Accepted::New)
    }

    /// The next message in order of arrival; `None` once the inbox is closed and empty.
    pub async fn next(&self) -> Option<Incoming> {
        loop {
            let arrived = self.shared.arrived.notified();
            {
                let mut state = self.state();
                if let Some(incoming) = state.waiting.pop_front() {
                    return Some(incoming);
                }
                if state.closed {
                    return None;
                }
            }
            arrived.await;
        }
    }

    /// Takes no message from now on; what waits is still handed out.
    pub fn close(&self) {
        self.state().closed = true;
        self.shared.arrived.notify_waiters();
        self.shared.arrived.notify_one();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Addressing, Channel, MessageKey, User};

    fn message(key: &str) -> Incoming {
        Incoming {
            key: MessageKey(key.into()),
            user: User { id: "U1".into(), name: None },
            channel: Channel { id: "C1".into(), is_direct: false },
            thread: None,
            addressing: Addressing::Channel,
            text: "!ping".into(),
        }
    }

    #[tokio::test]
    async fn a_message_delivered_twice_is_handed_out_once() {
        let inbox = Inbox::new(10);
        assert_eq!(inbox.accept(message("a")), Ok(Accepted::New));
        assert_eq!(inbox.accept(message("a")), Ok(Accepted::Duplicate));
        inbox.close();
        assert_eq!(inbox.next().await, Some(message("a")));
        assert_eq!(inbox.next().await, None);
    }

    #[tokio::test]
    async fn a_message_refused_by_a_full_inbox_is_taken_when_it_is_delivered_again() {
        let inbox = Inbox::new(1);
        assert_eq!(inbox.accept(message("a")), Ok(Accepted::New));
        assert_eq!(inbox.accept(message("b")), Err(Full));
        assert_eq!(inbox.next().await, Some(message("a")));
        assert_eq!(inbox.accept(message("b")), Ok(Accepted::New));
    }

    #[tokio::test]
    async fn a_closed_inbox_takes_nothing_and_wakes_whoever_waits() {
        let inbox = Inbox::new(1);
        let waiting = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.next().await }
        });
        tokio::task::yield_now().await;
        inbox.close();
        assert_eq!(waiting.await.unwrap(), None);
        assert_eq!(inbox.accept(message("a")), Err(Full));
    }
}
