//! One socket of Socket Mode, from `apps.connections.open` to its end. It hands what people type to the inbox and
//! acknowledges it at once; it never waits for a command. What follows from its end is not decided here.

use std::sync::Arc;

use futures::{FutureExt, SinkExt, StreamExt};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpStream,
    time::{Instant, interval, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use tokio_util::sync::CancellationToken;

use super::{
    decode::{Content, Disconnect, Frame, Identity, decode},
    link::Link,
    network::{Unreachable, authority, dial},
    tokens::Tokens,
    web_api::CallError,
};
use crate::inbox::{Accepted, Inbox};

/// Enough for many frames at once, and small while idle.
const BUFFER_BYTES: usize = 16 * 1024;

/// Far above what an envelope of Slack's holds; what is larger ends the socket rather than the process.
const MAX_FRAME_BYTES: usize = 4 * 1024 * 1024;

type WebSocket = WebSocketStream<MaybeTlsStream<TcpStream>>;
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
#[derive(Debug)]
pub(super) struct Socket {
    stream: WebSocket,
    host: String,
    link: Arc<Link>,
    identity: Arc<Identity>,
    inbox: Inbox,
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
struct Opened {
    /// Holds a ticket: must not be logged.
    url: Url,
}

/// What tells Slack that the bot answers for an envelope.
#[derive(Debug, Serialize)]
struct Acknowledgement<'a> {
    envelope_id: &'a str,
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
        let host = authority(&url);
        let unreachable = |error| OpenError::Unreachable { host: host.clone(), error };
        let tcp = dial(&url, timing.resolve, timing.connect).await.map_err(unreachable)?;
        let handshake = client_async_tls_with_config(url.as_str(), tcp, Some(config()), None);
        let stream = match timeout(timing.handshake, handshake).await {
            Ok(Ok((stream, _))) => stream,
            Ok(Err(error)) => return Err(unreachable(Unreachable::from_error(&error))),
            Err(_) => return Err(unreachable(Unreachable::timeout("no websocket handshake"))),
        };
        let (link, identity, inbox) = (link.clone(), identity.clone(), inbox.clone());
        let mut socket = Socket { stream, host: host.clone(), link, identity, inbox };
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
                Some(Content::Message(_) | Content::Ignored(_)) | None => (),
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
                // What is still queued, if it can be sent at all: acknowledgements, the answer to Slack's goodbye.
                let _ = timeout(timing.close, self.stream.flush()).await;
                return end;
            }
        }
    }

    /// Acts upon `message` and upon all that arrived with it, then sends the acknowledgements together.
    async fn take(
        &mut self,
        message: Option<Result<Message, WebSocketError>>,
        signals: &Signals,
    ) -> Result<(), End> {
        let arrival = Instant::now();
        let mut acknowledged = 0;
        let mut next = Some(message);
        while let Some(message) = next {
            if let Some(frame) = self.decode(message)?
                && let Some(envelope_id) = self.act(frame, signals)?
            {
                self.acknowledge(&envelope_id).await?;
                acknowledged += 1;
            }
            next = self.stream.next().now_or_never();
        }
        if acknowledged > 0 {
            self.flush().await?;
            for _ in 0..acknowledged {
                self.link.metrics.acknowledged(arrival.elapsed());
            }
        }
        Ok(())
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

    /// The id to acknowledge, if the frame wants it and the bot answers for it from now on.
    fn act(&self, frame: Frame, signals: &Signals) -> Result<Option<String>, End> {
        let outcome = match frame.content {
            Content::Message(incoming) => match self.inbox.accept(incoming) {
                Ok(Accepted::New) => "accepted",
                Ok(Accepted::Duplicate) => "duplicate",
                Err(_) => {
                    self.link.metrics.incoming("refused");
                    return Ok(None);
                }
            },
            Content::Ignored(reason) => {
                tracing::debug!(?reason, "a frame was ignored");
                "ignored"
            }
            Content::Hello { .. } => return Ok(None),
            Content::Disconnect(Disconnect::Refresh) => {
                signals.refresh.cancel();
                return Ok(None);
            }
            Content::Disconnect(reason) => return Err(End::Disconnected(reason)),
        };
        self.link.metrics.incoming(outcome);
        Ok(frame.envelope_id)
    }

    async fn acknowledge(&mut self, envelope_id: &str) -> Result<(), End> {
        let json = serde_json::to_string(&Acknowledgement { envelope_id }).unwrap_or_default();
        let outcome = timeout(self.link.timing.write, self.stream.feed(Message::text(json))).await;
        self.written(outcome)
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
    /// to another socket.
    async fn close(mut self) -> End {
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

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES))
}
