//! Keeps one socket open: opens another before the old one ends, pauses after failures, and reports why none is open.

use std::{sync::Arc, time::Duration};

use chatops_crds::bot_report::{Fault, FaultCode};
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    backoff::Backoff,
    credentials::token_fault,
    decode::{Disconnect, Identity},
    link::{Link, Session},
    socket::{End, OpenError, Signals, Socket},
    tokens::Tokens,
    web_api::CallError,
};
use crate::{inbox::Inbox, network::Unreachable};

/// Error codes of `apps.connections.open` that mean that the app has Socket Mode switched off.
pub(super) const SOCKET_MODE_OFF: [&str; 2] = ["socket_mode_not_enabled", "link_disabled"];

/// Runs until `shutdown`, then closes what is open.
pub(super) async fn run(link: Arc<Link>, inbox: Inbox, shutdown: CancellationToken) {
    let mut connections = Connections {
        session: link.session.subscribe(),
        backoff: Backoff::new(link.timing.first_pause),
        sockets: JoinSet::new(),
        current: None,
        stop: CancellationToken::new(),
        link,
        inbox,
    };
    tokio::select! {
        () = connections.keep() => (),
        () = shutdown.cancelled() => (),
    }
    connections.close().await;
}

struct Connections {
    link: Arc<Link>,
    inbox: Inbox,
    session: watch::Receiver<Option<Session>>,
    backoff: Backoff,
    /// One task per open socket: the current one and those that it replaced.
    sockets: JoinSet<()>,
    current: Option<Current>,
    /// Ends all sockets.
    stop: CancellationToken,
}

/// The socket that is to stay.
struct Current {
    signals: Signals,
    end: oneshot::Receiver<End>,
}

/// Why another socket is wanted.
enum Wanted {
    /// Slack asks for it, and the current one still works.
    Refresh,
    /// The current one ended.
    Ended(End),
    /// Tokens changed, or are refused now.
    SessionChanged,
}

impl Connections {
    /// Never returns.
    async fn keep(&mut self) {
        loop {
            let (tokens, identity) = self.usable().await;
            let pause = match Socket::open(&self.link, &tokens, &identity, &self.inbox).await {
                Ok(socket) => {
                    self.adopt(socket);
                    let opened = Instant::now();
                    let wanted = self.wanted().await;
                    self.pause(&wanted, opened.elapsed() >= self.link.timing.stable)
                }
                Err(error) => self.pause_after(error),
            };
            tokio::select! {
                () = sleep(pause) => (),
                _ = self.session.changed() => (),
            }
            while self.sockets.try_join_next().is_some() {}
        }
    }

    /// What to open a socket with, once Slack accepts the bot token. Until then no socket stays open: a message taken
    /// from it could not be answered.
    async fn usable(&mut self) -> (Arc<Tokens>, Arc<Identity>) {
        loop {
            let session = self.session.borrow_and_update().clone();
            if let Some(Session { tokens, identity: Some(identity) }) = session {
                return (tokens, identity);
            }
            if let Some(current) = self.current.take() {
                current.signals.stop.cancel();
            }
            // It cannot fail: the sender lives in the link.
            let _ = self.session.changed().await;
        }
    }

    /// Makes `socket` the current one and retires the one before.
    fn adopt(&mut self, socket: Socket) {
        let signals = Signals::within(&self.stop);
        let (ended, end) = oneshot::channel();
        let open = Open::new(self.link.clone());
        let retire = signals.retire.clone();
        let serve = socket.serve(signals.clone());
        self.sockets.spawn(async move {
            let end = serve.await;
            // Slack may end a replaced socket before we do.
            let end = if retire.is_cancelled() { End::Retired } else { end };
            open.ended(&end);
            // Nobody listens once it is replaced.
            let _ = ended.send(end);
        });
        if let Some(old) = self.current.replace(Current { signals, end }) {
            old.signals.retire.cancel();
        }
    }

    /// Waits until another socket is wanted.
    async fn wanted(&mut self) -> Wanted {
        let Some(current) = &mut self.current else { return Wanted::SessionChanged };
        tokio::select! {
            biased;
            end = &mut current.end => {
                self.current = None;
                Wanted::Ended(end.unwrap_or(End::Retired))
            }
            () = current.signals.refresh.cancelled() => Wanted::Refresh,
            _ = self.session.changed() => Wanted::SessionChanged,
        }
    }

    /// How long to wait before a socket takes the place of one that was `stable` or not.
    fn pause(&mut self, wanted: &Wanted, stable: bool) -> Duration {
        let timing = self.link.timing;
        if stable {
            self.backoff.reset();
        }
        match wanted {
            Wanted::SessionChanged => Duration::ZERO,
            // What is typed while no socket is open comes a minute later: there is nothing to wait for.
            Wanted::Refresh | Wanted::Ended(End::Lost { .. }) if stable => Duration::ZERO,
            Wanted::Ended(End::Lost { .. }) if !self.backoff.is_failing() => {
                // Not again before a socket was stable.
                self.backoff.next(timing.storm_pause);
                Duration::ZERO
            }
            Wanted::Ended(End::Disconnected(Disconnect::LinkDisabled)) => {
                self.backoff.next(timing.credentials_pause)
            }
            Wanted::Refresh | Wanted::Ended(_) => self.backoff.next(timing.storm_pause),
        }
    }

    /// Reports why no socket could be opened, and says when to try again.
    fn pause_after(&mut self, error: OpenError) -> Duration {
        let (timing, link) = (self.link.timing, &self.link);
        let host = || link.web.authority();
        tracing::warn!(%error, "no Slack socket could be opened");
        let (fault, pause) = match error {
            OpenError::Refused(CallError::RateLimited { retry_after }) => {
                return retry_after.max(self.backoff.next(timing.connection_pause));
            }
            OpenError::Refused(CallError::Refused(code)) if SOCKET_MODE_OFF.contains(&code.as_str()) => {
                (Fault::new(FaultCode::SocketModeDisabled).with("error", code), timing.credentials_pause)
            }
            OpenError::Refused(CallError::Refused(code)) => {
                let fault = token_fault(&code, "app", FaultCode::InvalidAppToken);
                link.health.update(|findings| findings.app_token = Some(fault));
                return self.backoff.next(timing.credentials_pause);
            }
            OpenError::Refused(CallError::Unreachable(error)) => {
                (error.fault(&host()), timing.pause_after(&error))
            }
            OpenError::Unreachable { host, error } => (error.fault(&host), timing.pause_after(&error)),
            OpenError::Disconnected(reason) => match reason {
                Disconnect::LinkDisabled => (disconnected(reason, &host()), timing.credentials_pause),
                Disconnect::TooMany | Disconnect::Refresh => {
                    (disconnected(reason, &host()), timing.storm_pause)
                }
            },
        };
        link.health.update(|findings| findings.socket = Some(fault));
        self.backoff.next(pause)
    }

    /// Ends all sockets, in a moment.
    async fn close(mut self) {
        self.stop.cancel();
        let all = async { while self.sockets.join_next().await.is_some() {} };
        // What is still open then breaks off.
        let _ = timeout(2 * self.link.timing.close, all).await;
    }
}

/// What it means that Slack ended a socket; `host` is Slack's.
fn disconnected(reason: Disconnect, host: &str) -> Fault {
    match reason {
        Disconnect::LinkDisabled => Fault::new(FaultCode::SocketModeDisabled).with("error", "link_disabled"),
        Disconnect::TooMany => Fault::new(FaultCode::TooManyConnections),
        Disconnect::Refresh => Unreachable::new("closed", "refresh requested").fault(host),
    }
}

/// Counts a socket among the open ones for as long as it lives.
struct Open {
    link: Arc<Link>,
}

impl Open {
    fn new(link: Arc<Link>) -> Open {
        link.health.update(|findings| {
            findings.connections += 1;
            findings.socket = None;
            findings.app_token = None;
        });
        Open { link }
    }

    /// Reports how it ended, before it stops counting.
    fn ended(self, end: &End) {
        let (reason, fault) = match end {
            End::Retired => ("retired", None),
            End::Disconnected(reason) => {
                let word = if *reason == Disconnect::TooMany { "too_many" } else { "disabled" };
                (word, Some(disconnected(*reason, &self.link.web.authority())))
            }
            End::Lost { host, error } => ("lost", Some(error.fault(host))),
        };
        tracing::info!(?end, "a Slack socket ended");
        self.link.metrics.slack_reconnect(reason);
        if matches!(end, End::Lost { .. }) {
            self.link.web.forget_connections();
        }
        if fault.is_some() {
            self.link.health.update(|findings| findings.socket = fault);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.link.health.update(|findings| findings.connections -= 1);
    }
}
