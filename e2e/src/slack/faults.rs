//! The faults that can be injected, one vocabulary for the library and for the control API. Each is something Slack, or
//! the network on the way to it, has been seen to do.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// How a Web API call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApiFailure {
    /// HTTP 200 with `ok: false` and this error code; the call has no effect.
    Error(String),
    /// This HTTP status with a page that is no JSON; the call has no effect.
    Status(u16),
    /// HTTP 429 with this many seconds in `Retry-After`; the call has no effect.
    RateLimited(u64),
    /// HTTP 200 with a body that is no JSON; the call has no effect.
    Garbage,
    /// The connection stays open and nothing comes; the call has no effect.
    Hang,
    /// The call takes effect, and its answer is lost.
    LostAnswer,
}

/// Something to go wrong, now or for the next `times`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Every Web API answer takes this much longer, until cleared.
    ApiLatency {
        /// Milliseconds.
        millis: u64,
    },
    /// The next calls of a method fail.
    Api {
        /// Method name, or `*` for any.
        method: String,
        /// Number of calls.
        times: u32,
        /// How they fail.
        failure: ApiFailure,
    },
    /// Connections are accepted and requests are read, and nothing is ever answered: Web API and handshakes. Sockets
    /// that are open go on.
    BlackHole {
        /// Milliseconds, or until cleared.
        millis: Option<u64>,
    },
    /// The server is down: every connection is cut, new ones are refused.
    RefuseConnections {
        /// Milliseconds, or until cleared. Over the control API always give a time: it is down as well.
        millis: Option<u64>,
    },
    /// The next WebSocket handshakes are never answered.
    HandshakeHang {
        /// Number of handshakes.
        times: u32,
    },
    /// Every open socket is cut without a word.
    DropSockets,
    /// Every open socket turns silent and deaf while its TCP connection stays up: a ghost, counted and delivered to.
    HalfOpen,
    /// One frame with this text to every open socket.
    Garbage {
        /// Sent as it stands.
        frame: String,
    },
    /// The next events are delivered twice at once: a second envelope with the same `event_id`.
    DuplicateEvents {
        /// Number of events.
        times: u32,
    },
    /// The next payloads are delivered once more with the *same* `envelope_id`, as seen after 11 to 15 s.
    RepeatEnvelopes {
        /// Number of payloads.
        times: u32,
        /// Milliseconds until the repetition.
        after_millis: u64,
    },
    /// The next acknowledgements are lost on the way: Slack takes the payload as not delivered.
    LoseAcknowledgements {
        /// Number of acknowledgements.
        times: u32,
    },
    /// Every redelivery is this much later, until cleared.
    DelayRedelivery {
        /// Milliseconds.
        millis: u64,
    },
    /// `disconnect` with a reason (`link_disabled`, `refresh_requested`, `too_many_websockets`) to every socket, which
    /// is closed a moment later.
    Disconnect {
        /// The reason.
        reason: String,
    },
    /// Slack refreshes every socket: `warning`, and ten seconds (by the time factor) later `refresh_requested`.
    Refresh {
        /// Milliseconds until the warning.
        after_millis: u64,
    },
    /// After the WebSocket's closing handshake the TCP connection stays open, until cleared.
    LingerAfterClose,
}

/// Faults that are armed.
#[derive(Debug, Default)]
pub(crate) struct Armed {
    pub(crate) api_latency: Duration,
    pub(crate) redelivery_delay: Duration,
    pub(crate) linger_after_close: bool,
    black_hole: Option<BlackHole>,
    api: Vec<(String, u32, ApiFailure)>,
    handshake_hangs: u32,
    duplicate_events: u32,
    repeat_envelopes: (u32, Duration),
    lost_acknowledgements: u32,
}

#[derive(Debug)]
enum BlackHole {
    UntilCleared,
    Until(Instant),
}

impl Armed {
    /// Arms what waits for its occasion; what acts at once is the caller's.
    pub(crate) fn arm(&mut self, fault: Fault) {
        match fault {
            Fault::ApiLatency { millis } => self.api_latency = Duration::from_millis(millis),
            Fault::Api { method, times, failure } => self.api.push((method, times, failure)),
            Fault::BlackHole { millis: None } => self.black_hole = Some(BlackHole::UntilCleared),
            Fault::BlackHole { millis: Some(millis) } => {
                self.black_hole = Some(BlackHole::Until(Instant::now() + Duration::from_millis(millis)));
            }
            Fault::HandshakeHang { times } => self.handshake_hangs = times,
            Fault::DuplicateEvents { times } => self.duplicate_events = times,
            Fault::RepeatEnvelopes { times, after_millis } => {
                self.repeat_envelopes = (times, Duration::from_millis(after_millis));
            }
            Fault::LoseAcknowledgements { times } => self.lost_acknowledgements = times,
            Fault::DelayRedelivery { millis } => self.redelivery_delay = Duration::from_millis(millis),
            Fault::LingerAfterClose => self.linger_after_close = true,
            Fault::RefuseConnections { .. }
            | Fault::DropSockets
            | Fault::HalfOpen
            | Fault::Garbage { .. }
            | Fault::Disconnect { .. }
            | Fault::Refresh { .. } => {}
        }
    }

    /// The failure of this call of a method, if one is armed for it.
    pub(crate) fn take_api_failure(&mut self, method: &str) -> Option<ApiFailure> {
        let index = self.api.iter().position(|(name, _, _)| name == method || name == "*")?;
        let (_, times, failure) = self.api.get_mut(index)?;
        let failure = failure.clone();
        *times = times.saturating_sub(1);
        if *times == 0 {
            self.api.remove(index);
        }
        Some(failure)
    }

    pub(crate) fn is_black_hole(&self) -> bool {
        match self.black_hole {
            None => false,
            Some(BlackHole::UntilCleared) => true,
            Some(BlackHole::Until(end)) => Instant::now() < end,
        }
    }

    pub(crate) fn take_handshake_hang(&mut self) -> bool {
        take(&mut self.handshake_hangs)
    }

    pub(crate) fn take_duplicate_event(&mut self) -> bool {
        take(&mut self.duplicate_events)
    }

    pub(crate) fn take_repeated_envelope(&mut self) -> Option<Duration> {
        take(&mut self.repeat_envelopes.0).then_some(self.repeat_envelopes.1)
    }

    pub(crate) fn take_lost_acknowledgement(&mut self) -> bool {
        take(&mut self.lost_acknowledgements)
    }
}

fn take(times: &mut u32) -> bool {
    let armed = *times > 0;
    *times = times.saturating_sub(1);
    armed
}
