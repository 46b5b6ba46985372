//! One socket of Socket Mode, from `apps.connections.open` to its end. It hands what people type to the inbox and
//! acknowledges it once that has it; it never waits for a command. What follows from its end is not decided here.

use std::{fmt, future::ready, sync::Arc};

use futures::{FutureExt, SinkExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use http::Uri;
use serde::Deserialize;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    acknowledgement::{Acknowledgement, Asker, Said},
    arrival::{self, Taken},
    decode::{Content, Disconnect, Frame, Identity, decode},
    interaction,
    link::Link,
    tokens::Tokens,
    web_api::{CallError, authority},
};
use crate::{
    inbox::Inbox,
    network::{Stream, Target, Unreachable},
};

/// Enough for many frames at once, and small while idle.
const BUFFER_BYTES: usize = 16 * 1024;

/// Far above what an envelope of Slack's holds; what is larger ends the socket rather than the process.
const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

type WebSocket = WebSocketStream<Stream>;
type WebSocketError = tokio_tungstenite::tungstenite::Error;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// `apps.connections.open` failed.
    #[error("apps.connections.open: {0}")]
    Refused(CallError),
    /// The socket's host did not answer as it should.
    #[error("{host}: {error}")]
    Unreachable { host: String, error: Unreachable },
    /// Slack ended it instead of saying hello.
    #[error("Slack ended the socket at once: {0:?}")]
    Disconnected(Disconnect),
}

/// How a socket ended.
#[derive(Debug)]
pub(super) enum End {
    /// We ended it.
    Retired,
    /// Slack ended it and said why.
    Disconnected(Disconnect),
    /// It broke.
    Lost { host: String, error: Unreachable },
}

/// A socket whose `hello` was seen.
pub(super) struct Socket {
    stream: WebSocket,
    host: String,
    link: Arc<Link>,
    identity: Arc<Identity>,
    inbox: Inbox,
    /// Envelopes that are with the inbox.
    pending: FuturesUnordered<BoxFuture<'static, Option<Taken>>>,
}

/// How a socket and its owner talk.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    /// From the socket: Slack wants another one in its place.
    pub refresh: CancellationToken,
    /// To the socket: another one has taken its place.
    pub retire: CancellationToken,
    /// To the socket: end now.
    pub stop: CancellationToken,
}

impl Signals {
    /// Signals of a socket that ends with `stop` at the latest.
    pub(super) fn within(stop: &CancellationToken) -> Signals {
        Signals {
            refresh: CancellationToken::new(),
            retire: CancellationToken::new(),
            stop: stop.child_token(),
        }
    }
}

/// Slack's answer to `apps.connections.open`.
#[derive(Deserialize)]
pub(super) struct Opened {
    /// Holds a ticket: must not be logged.
    pub url: String,
}

impl Socket {
    /// Opens a socket and waits for its `hello`.
    pub(super) async fn open(
        link: &Arc<Link>,
        tokens: &Tokens,
        identity: &Arc<Identity>,
        inbox: &Inbox,
    ) -> Result<Socket, OpenError> {
        let timing = link.timing;
        let request = serde_json::json!({});
        let call = link.web.call::<Opened>("apps.connections.open", &tokens.app, &request, timing.call);
        let url = call.await.map_err(OpenError::Refused)?.body.url;
        let target = url.parse().ok().and_then(|uri: Uri| Target::of(&uri));
        let target = target.ok_or_else(|| {
            let error =
                Unreachable::new("other", "apps.connections.open answers with no address of a socket");
            OpenError::Unreachable { host: link.web.authority(), error }
        })?;
        link.socket_host.send_replace(Some(target.host.clone()));
        let host = authority(&target);
        let unreachable = |error| OpenError::Unreachable { host: host.clone(), error };
        let stream = link.network.connect(&target, timing.limits()).await.map_err(unreachable)?;
        let handshake = client_async_with_config(url.as_str(), stream, Some(config()));
        let stream = match timeout(timing.handshake, handshake).await {
            Ok(Ok((stream, _))) => stream,
            Ok(Err(error)) => return Err(unreachable(Unreachable::from_error(&error))),
            Err(_) => return Err(unreachable(Unreachable::timeout("no websocket handshake"))),
        };
        let (link, identity, inbox) = (link.clone(), identity.clone(), inbox.clone());
        let pending = FuturesUnordered::new();
        let mut socket = Socket { stream, host: host.clone(), link, identity, inbox, pending };
        match timeout(timing.hello, socket.hello()).await {
            Ok(Ok(())) => Ok(socket),
            Ok(Err(End::Disconnected(reason))) => Err(OpenError::Disconnected(reason)),
            Ok(Err(End::Lost { error, .. })) => Err(unreachable(error)),
            Ok(Err(End::Retired)) | Err(_) => Err(unreachable(Unreachable::timeout("no hello"))),
        }
    }

    async fn hello(&mut self) -> Result<(), End> {
        loop {
            let message = self.stream.next().await;
            match self.decode(message)?.map(|frame| frame.content) {
                Some(Content::Hello { connections }) => {
                    tracing::info!(connections, "a Slack socket is open");
                    return Ok(());
                }
                Some(Content::Disconnect(reason)) => return Err(End::Disconnected(reason)),
                // Not acknowledged, so that Slack sends it again.
                Some(_) | None => (),
            }
        }
    }

    /// Serves the socket until it ends.
    pub(super) async fn serve(mut self, signals: Signals) -> End {
        let timing = self.link.timing;
        let mut pings = interval(timing.ping);
        let mut heard = Instant::now();
        let lingered = async {
            signals.retire.cancelled().await;
            sleep(timing.linger).await;
        };
        tokio::pin!(lingered);
        loop {
            let step = tokio::select! {
                message = self.stream.next() => {
                    heard = Instant::now();
                    self.take(message, &signals).await
                }
                Some(taken) = self.pending.next() => self.acknowledge(taken).await,
                _ = pings.tick() => {
                    if heard.elapsed() >= timing.silence {
                        return self.lost(Unreachable::timeout("no answer to pings"));
                    }
                    self.write(Message::Ping(Default::default())).await
                }
                () = &mut lingered => return self.close().await,
                () = signals.stop.cancelled() => return self.close().await,
            };
            if let Err(end) = step {
                self.acknowledge_the_rest().await;
                return end;
            }
        }
    }

    /// Acts upon `message` and upon all that arrived with it, and acknowledges what the inbox has at once.
    async fn take(
        &mut self,
        message: Option<Result<Message, WebSocketError>>,
        signals: &Signals,
    ) -> Result<(), End> {
        let mut next = Some(message);
        while let Some(message) = next {
            if let Some(frame) = self.decode(message)? {
                self.act(frame, signals)?;
            }
            next = self.stream.next().now_or_never();
        }
        match self.pending.next().now_or_never().flatten() {
            Some(taken) => self.acknowledge(taken).await,
            None => Ok(()),
        }
    }

    fn decode(&self, message: Option<Result<Message, WebSocketError>>) -> Result<Option<Frame>, End> {
        match message {
            Some(Ok(Message::Text(text))) => Ok(Some(decode(&text, &self.identity))),
            // After the close handshake Slack may keep the TCP connection open for long.
            None | Some(Ok(Message::Close(_))) => Err(self.lost(Unreachable::new("closed", "by Slack"))),
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(self.lost(Unreachable::from_error(&error))),
        }
    }

    fn act(&self, frame: Frame, signals: &Signals) -> Result<(), End> {
        match frame.content {
            Content::Message(incoming) => {
                self.pending.push(arrival::offer(
                    &self.link,
                    &self.inbox,
                    incoming,
                    frame.envelope_id,
                    Asker::Nobody,
                ));
            }
            Content::Reaction { incoming, .. } if !self.inbox.is_meant(&incoming) => {
                self.link.metrics.incoming("ignored");
                self.done(frame.envelope_id, None);
            }
            Content::Reaction { incoming, on } => {
                self.pending.push(arrival::react(&self.link, &self.inbox, (incoming, on), frame.envelope_id));
            }
            Content::Slash(incoming) => {
                self.pending.push(arrival::offer(
                    &self.link,
                    &self.inbox,
                    incoming,
                    frame.envelope_id,
                    Asker::Command,
                ));
            }
            Content::Submission(submission) => match interaction::read(&self.link, &submission) {
                Ok((incoming, asker)) => self.pending.push(arrival::offer(
                    &self.link,
                    &self.inbox,
                    incoming,
                    frame.envelope_id,
                    asker,
                )),
                Err(said) => self.done(frame.envelope_id, Some(said)),
            },
            Content::Click(click) => {
                self.done(frame.envelope_id, None);
                let link = self.link.clone();
                self.pending.push(Box::pin(async move {
                    interaction::open(&link, click).await;
                    None
                }));
            }
            Content::Ignored(reason) => {
                tracing::debug!(?reason, "a frame was ignored");
                self.link.metrics.incoming("ignored");
                self.done(frame.envelope_id, None);
            }
            Content::Hello { .. } => (),
            Content::Disconnect(Disconnect::Refresh) => signals.refresh.cancel(),
            Content::Disconnect(reason) => return Err(End::Disconnected(reason)),
        }
        Ok(())
    }

    /// Nothing is left to do about an envelope.
    fn done(&self, envelope_id: Option<String>, said: Option<Said>) {
        let taken = Taken { envelope_id, arrival: Instant::now(), said };
        self.pending.push(Box::pin(ready(Some(taken))));
    }

    /// Acknowledges an envelope, and with it the others that need not come again.
    async fn acknowledge(&mut self, taken: Option<Taken>) -> Result<(), End> {
        let mut arrivals = Vec::new();
        let mut next = Some(taken);
        while let Some(taken) = next {
            if let Some(Taken { envelope_id: Some(envelope_id), arrival, said: payload }) = taken {
                let acknowledgement = Acknowledgement { envelope_id: &envelope_id, payload };
                let json = serde_json::to_string(&acknowledgement).unwrap_or_default();
                let fed = timeout(self.link.timing.write, self.stream.feed(Message::text(json))).await;
                self.written(fed)?;
                arrivals.push(arrival);
            }
            next = self.pending.next().now_or_never().flatten();
        }
        if arrivals.is_empty() {
            return Ok(());
        }
        self.flush().await?;
        arrivals.iter().for_each(|arrival| self.link.metrics.acknowledged(arrival.elapsed()));
        Ok(())
    }

    /// What is with the inbox or still queued, if it can be sent at all.
    async fn acknowledge_the_rest(&mut self) {
        let patience = self.link.timing.close;
        let rest = async {
            while let Some(taken) = self.pending.next().await {
                if self.acknowledge(taken).await.is_err() {
                    break;
                }
            }
            self.stream.flush().await
        };
        // Otherwise Slack delivers it again, or says that the slash command failed.
        let _ = timeout(patience, rest).await;
    }

    async fn flush(&mut self) -> Result<(), End> {
        let outcome = timeout(self.link.timing.write, self.stream.flush()).await;
        self.written(outcome)
    }

    async fn write(&mut self, message: Message) -> Result<(), End> {
        let outcome = timeout(self.link.timing.write, self.stream.send(message)).await;
        self.written(outcome)
    }

    fn written<E>(&self, outcome: Result<Result<(), WebSocketError>, E>) -> Result<(), End> {
        match outcome {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.lost(Unreachable::from_error(&error))),
            Err(_) => Err(self.lost(Unreachable::timeout("cannot write"))),
        }
    }

    fn lost(&self, error: Unreachable) -> End {
        End::Lost { host: self.host.clone(), error }
    }

    /// Says goodbye and waits a moment for the answer. What arrives meanwhile is not acknowledged: Slack delivers it
    /// to another socket, or says that the slash command failed.
    async fn close(mut self) -> End {
        self.acknowledge_the_rest().await;
        let goodbye = async {
            self.stream.close(None).await?;
            while let Some(message) = self.stream.next().await {
                if message?.is_close() {
                    break;
                }
            }
            Ok::<(), WebSocketError>(())
        };
        // The socket is given up either way.
        let _ = timeout(self.link.timing.close, goodbye).await;
        End::Retired
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("host", &self.host).finish_non_exhaustive()
    }
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES))
}
