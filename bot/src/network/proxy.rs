//! A tunnel through an HTTP proxy (`CONNECT`). The proxy looks the host's name up; only its own is looked up here.

use std::{str::FromStr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use chatops_crds::bot_config::{ProxyConfig, SecretSource};
use http::Uri;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout_at},
};

use super::{InvalidProxy, Stream, Target, Trust, Unreachable, bypass, tcp};
use crate::secret::{self, Missing};

/// Far above what a proxy answers to `CONNECT`.
const MAX_HEAD_BYTES: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Proxy {
    pub target: Target,
    no_proxy: Vec<String>,
    username: Option<SecretSource>,
    password: Option<SecretSource>,
}

impl Proxy {
    pub(super) fn new(config: &ProxyConfig) -> Result<Proxy, InvalidProxy> {
        let uri = Uri::from_str(&config.url).ok();
        let uri = uri.filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")));
        let target = uri.and_then(|uri| Target::of(&uri));
        Ok(Proxy {
            target: target.ok_or_else(|| InvalidProxy { url: config.url.clone() })?,
            no_proxy: config.no_proxy.clone(),
            username: config.username.clone(),
            password: config.password.clone(),
        })
    }

    /// Whether it is on the way to `host`.
    pub(super) fn serves(&self, host: &str) -> bool {
        !bypass::names(&self.no_proxy, host)
    }

    /// A connection to `target` through the proxy.
    pub(super) async fn tunnel(
        &self,
        target: &Target,
        trust: &Trust,
        resolve: Duration,
        end: Instant,
    ) -> Result<Stream, Unreachable> {
        let authorization = self.authorization().await?;
        let mut stream = Stream::new(self.named(tcp::connect(&self.target, resolve, end).await)?);
        if self.target.secure {
            stream = self.named(trust.encrypt(stream, &self.target.host, end).await)?;
        }
        let address = target.address();
        let request = format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n{authorization}\r\n");
        let status = match timeout_at(end, ask(&mut stream, &request)).await {
            Ok(answered) => self.named(answered)?,
            Err(_) => return self.named(Err(Unreachable::timeout("no answer to CONNECT"))),
        };
        match status {
            200..=299 => Ok(stream),
            407 => Err(Unreachable::ProxyAuth { proxy: self.target.address(), status }),
            _ => self.named(Err(Unreachable::new("status", status.to_string()))),
        }
    }

    /// The header line with the credentials; empty if there are none.
    async fn authorization(&self) -> Result<String, Missing> {
        let (Some(username), Some(password)) = (&self.username, &self.password) else {
            return Ok(String::new());
        };
        let (username, password) = (secret::read_name(username).await?, secret::read(password).await?);
        let credentials = STANDARD.encode(format!("{}:{}", username, password.expose()));
        Ok(format!("Proxy-Authorization: Basic {credentials}\r\n"))
    }

    /// Makes clear that it was the proxy that was not reached.
    fn named<T>(&self, outcome: Result<T, Unreachable>) -> Result<T, Unreachable> {
        outcome.map_err(|error| match error {
            Unreachable::Host { cause, detail } => {
                Unreachable::Proxy { proxy: self.target.address(), cause, detail }
            }
            other => other,
        })
    }
}

/// The status with which the proxy answers `request`.
async fn ask(stream: &mut Stream, request: &str) -> Result<u16, Unreachable> {
    let failed = |error| Unreachable::from_error(&error);
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    stream.flush().await.map_err(failed)?;
    // What follows the head belongs to the tunnel.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD_BYTES {
            return Err(Unreachable::new("other", "the answer to CONNECT is too long"));
        }
        head.push(stream.read_u8().await.map_err(failed)?);
    }
    let line = String::from_utf8_lossy(&head);
    let status = line.strip_prefix("HTTP/1.").and_then(|line| line.split(' ').nth(1)?.trim().parse().ok());
    status.ok_or_else(|| Unreachable::new("other", "the answer to CONNECT is not HTTP"))
}
