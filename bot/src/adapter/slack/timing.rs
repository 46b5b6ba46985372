//! How long the Slack adapter waits for what. Tests wait less.

use std::time::Duration;

use crate::network::{Limits, Unreachable};

/// Deadlines, intervals and pauses.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Looking a host name up.
    pub resolve: Duration,
    /// Opening a connection: look-up, TCP, the proxy's answer, TLS.
    pub connect: Duration,
    /// A call of the Web API from start to end.
    pub call: Duration,
    /// The same for `chat.postMessage`, which is given more time because asking again may post twice.
    pub post: Duration,
    /// Keeping what was typed, before its acknowledgement. Slack waits 3 s for that (docs: Events API, "Acknowledge").
    pub accept: Duration,
    /// Websocket handshake of a socket.
    pub handshake: Duration,
    /// Slack's `hello` on a new socket.
    pub hello: Duration,
    /// Getting an acknowledgement or a ping out.
    pub write: Duration,
    /// Between our pings.
    pub ping: Duration,
    /// A socket that was silent for so long, pongs included, is dead. With `ping` at most 15 s until that is noticed.
    pub silence: Duration,
    /// How long a replaced socket is still served. Slack closes it about 10 s after its warning.
    pub linger: Duration,
    /// The close handshake of a socket that we end.
    pub close: Duration,
    /// A socket that lived for so long was a good one: pauses start anew after it.
    pub stable: Duration,
    /// First pause after a failure; pauses double from there, with jitter of up to the same again.
    pub first_pause: Duration,
    /// Longest pause, before jitter, while tokens are refused. Recovery is promised within 10 s after the fix.
    pub credentials_pause: Duration,
    /// The same while a name cannot be resolved. Shorter: no host is burdened by it, and a new address is to be taken
    /// up within 5 s after names resolve again.
    pub names_pause: Duration,
    /// The same while Slack cannot be reached.
    pub connection_pause: Duration,
    /// The same while Slack takes connections and ends them at once.
    pub storm_pause: Duration,
    /// Between checks of the tokens while all is well.
    pub recheck: Duration,
    /// The same while an optional scope is missing. Recovery is promised within 10 s after the fix.
    pub recheck_scopes: Duration,
    /// Shortest time between two checks that failed calls ask for.
    pub doubt: Duration,
    /// Between looks at the token files.
    pub tokens: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
        Timing {
            resolve: seconds(3),
            connect: seconds(4),
            call: seconds(5),
            post: seconds(10),
            accept: millis(2_500),
            handshake: seconds(5),
            hello: seconds(5),
            write: seconds(5),
            ping: seconds(4),
            silence: seconds(10),
            linger: seconds(15),
            close: seconds(1),
            stable: seconds(10),
            first_pause: millis(250),
            credentials_pause: millis(2_500),
            names_pause: millis(500),
            connection_pause: seconds(3),
            storm_pause: seconds(15),
            recheck: seconds(30),
            recheck_scopes: seconds(5),
            doubt: seconds(1),
            tokens: crate::secret::POLL_INTERVAL,
        }
    }
}

impl Timing {
    pub(super) fn limits(&self) -> Limits {
        Limits { resolve: self.resolve, connect: self.connect }
    }

    /// Longest pause after `error`.
    pub(super) fn pause_after(&self, error: &Unreachable) -> Duration {
        if error.is_about_names() { self.names_pause } else { self.connection_pause }
    }
}
