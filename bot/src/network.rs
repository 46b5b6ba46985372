//! The way out to a host: name, TCP, the proxy between, TLS, each step with a deadline and with words for why it failed.
//! HTTP calls and web sockets take this one way. Knows nothing of what is said on a connection.

mod bypass;
mod proxy;
mod stream;
mod tcp;
mod trust;
mod unreachable;

use std::{sync::Arc, time::Duration};

use chatops_crds::bot_config::NetworkConfig;
use http::Uri;
use tokio::time::Instant;

use proxy::Proxy;
pub use stream::Stream;
use trust::Trust;
pub use trust::handshake;
pub use unreachable::Unreachable;

/// The network's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{url:?} is no address of a proxy: it must look like http://proxy:3128")]
pub struct InvalidProxy {
    url: String,
}

/// Where a connection shall lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address, without brackets.
    pub host: String,
    pub port: u16,
    /// With TLS.
    pub secure: bool,
}

/// How long a connection may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Looking a name up.
    pub resolve: Duration,
    /// Everything until the connection can be used.
    pub connect: Duration,
}

/// The way out as it is configured. Secrets and certificates are read again for every connection, so that a change
/// needs no restart.
#[derive(Debug)]
pub struct Network {
    proxy: Option<Proxy>,
    trust: Trust,
}

impl Target {
    /// Where `uri` leads; none unless it is absolute. `https` and `wss` are encrypted.
    pub fn of(uri: &Uri) -> Option<Target> {
        let secure = matches!(uri.scheme_str()?, "https" | "wss");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let host = uri.host()?.trim_matches(['[', ']']).to_owned();
        Some(Target { host, port, secure })
    }

    /// Host and port, as an address is written.
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Network {
    /// The way out that `config` describes.
    ///
    /// # Errors
    /// [`InvalidProxy`].
    pub fn new(config: &NetworkConfig) -> Result<Network, InvalidProxy> {
        Ok(Network {
            proxy: config.proxy.as_ref().map(Proxy::new).transpose()?,
            trust: Trust::new(config.trusted_ca_file.clone()),
        })
    }

    /// The proxy on the way to `host`, if there is one.
    pub fn proxy_for(&self, host: &str) -> Option<&Target> {
        self.proxy.as_ref().filter(|proxy| proxy.serves(host)).map(|proxy| &proxy.target)
    }

    /// Opens a connection that can be used.
    ///
    /// # Errors
    /// [`Unreachable`] tells which step failed.
    pub async fn connect(&self, target: &Target, limits: Limits) -> Result<Stream, Unreachable> {
        let end = Instant::now() + limits.connect;
        let stream = self.open(target, limits.resolve, end).await?;
        if target.secure { self.trust.encrypt(stream, &target.host, end).await } else { Ok(stream) }
    }

    /// The same without TLS at its end, for who wants to look at that.
    ///
    /// # Errors
    /// As for [`Network::connect`].
    pub async fn connect_plain(&self, target: &Target, limits: Limits) -> Result<Stream, Unreachable> {
        self.open(target, limits.resolve, Instant::now() + limits.connect).await
    }

    /// Whom a TLS client trusts.
    ///
    /// # Errors
    /// [`Unreachable::Trust`] when the file for it holds no certificates.
    pub async fn client_config(&self) -> Result<Arc<rustls::ClientConfig>, Unreachable> {
        self.trust.client_config().await
    }

    async fn open(&self, target: &Target, resolve: Duration, end: Instant) -> Result<Stream, Unreachable> {
        match self.proxy.as_ref().filter(|proxy| proxy.serves(&target.host)) {
            None => tcp::connect(target, resolve, end).await.map(Stream::new),
            Some(proxy) => proxy.tunnel(target, &self.trust, resolve, end).await,
        }
    }
}
