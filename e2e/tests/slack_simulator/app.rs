//! A bare client: calls methods, opens sockets, acknowledges when it is told to.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use chatops_e2e::slack::Simulator;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message as Frame};

/// Generous: what is waited for comes at once unless the machine is busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) struct App {
    pub(crate) http: reqwest::Client,
    url: String,
    bot_token: String,
    app_token: String,
}

impl App {
    pub(crate) fn of(slack: &Simulator) -> anyhow::Result<Self> {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            http: reqwest::Client::builder().timeout(DEADLINE).build()?,
            url: slack.api_url(),
            bot_token: slack.bot_token(),
            app_token: slack.app_token(),
        })
    }

    /// Calls a method with the bot token and JSON.
    pub(crate) async fn call(&self, method: &str, arguments: Value) -> anyhow::Result<Value> {
        Ok(self.request(method, &self.bot_token, arguments).send().await?.json().await?)
    }

    /// The error code of a call that has to fail.
    pub(crate) async fn refused(&self, method: &str, arguments: Value) -> anyhow::Result<String> {
        let answer = self.call(method, arguments).await?;
        ensure!(answer["ok"] == false, "{method} was not refused: {answer}");
        Ok(answer["error"].as_str().context("no error code")?.to_owned())
    }

    pub(crate) fn request(&self, method: &str, token: &str, arguments: Value) -> reqwest::RequestBuilder {
        self.http.post(format!("{}/{method}", self.url)).bearer_auth(token).json(&arguments)
    }

    /// A one-time URL.
    pub(crate) async fn socket_url(&self) -> anyhow::Result<String> {
        let request = self.request("apps.connections.open", &self.app_token, json!({}));
        let answer: Value = request.send().await?.json().await?;
        Ok(answer["url"].as_str().with_context(|| format!("no URL: {answer}"))?.to_owned())
    }

    /// Opens a socket and returns it with the first message on it, `hello` if all is well.
    pub(crate) async fn connect(&self) -> anyhow::Result<(Socket, Value)> {
        let url = self.socket_url().await?;
        let (stream, _) = timeout(DEADLINE, tokio_tungstenite::connect_async(url)).await??;
        let mut socket = Socket(stream);
        let hello = socket.next().await?;
        Ok((socket, hello))
    }
}

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// The next message.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Value> {
        self.next_or_end().await?.context("the socket was closed")
    }

    /// The next message, or nothing once the socket is closed or cut.
    pub(crate) async fn next_or_end(&mut self) -> anyhow::Result<Option<Value>> {
        loop {
            match timeout(DEADLINE, self.0.next()).await.context("nothing came")? {
                Some(Ok(Frame::Text(text))) => return Ok(Some(serde_json::from_str(&text)?)),
                Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => {}
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return Ok(None),
                Some(Ok(other)) => bail!("unexpected frame {other:?}"),
            }
        }
    }

    pub(crate) async fn acknowledge(&mut self, envelope: &Value) -> anyhow::Result<()> {
        self.send(&json!({ "envelope_id": envelope["envelope_id"] })).await
    }

    pub(crate) async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        let frame = frame.to_string();
        Ok(self.0.send(Frame::Text(frame.into())).await?)
    }

    /// The next message, acknowledged.
    pub(crate) async fn take(&mut self) -> anyhow::Result<Value> {
        let envelope = self.next().await?;
        self.acknowledge(&envelope).await?;
        Ok(envelope)
    }
}
