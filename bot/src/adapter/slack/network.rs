//! Reaching a host: name look-up and TCP with deadlines, and the words in which the report tells why it failed.

use std::{error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use chatops_crds::bot_report::{Fault, FaultCode};
use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_tungstenite::tungstenite;

/// A host name that has no address, or not in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} cannot be resolved")]
pub(super) struct Unresolvable {
    host: String,
}

/// Why a host did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}: {detail}")]
pub(super) struct Unreachable {
    /// A word of [`FaultCode::SlackUnreachable`], or [`UNRESOLVABLE`].
    pub cause: &'static str,
    pub detail: String,
}

/// Cause of an [`Unreachable`] that is a matter of DNS.
const UNRESOLVABLE: &str = "dns";

impl Unreachable {
    pub(super) fn new(cause: &'static str, detail: impl Into<String>) -> Unreachable {
        Unreachable { cause, detail: detail.into() }
    }

    pub(super) fn timeout(what: &str) -> Unreachable {
        Unreachable::new("timeout", what)
    }

    /// Finds the cause among `error` and its sources. The detail is that of the innermost, which names no address or
    /// URL that could hold a secret.
    pub(super) fn from_error(error: &(dyn Error + 'static)) -> Unreachable {
        let chain = || std::iter::successors(Some(error), |error| source(*error));
        let cause = chain().find_map(cause).unwrap_or("other");
        let detail = chain().last().map(ToString::to_string).unwrap_or_default();
        Unreachable { cause, detail }
    }

    /// As told in the report; `host` is whom we meant to reach.
    pub(super) fn fault(&self, host: &str) -> Fault {
        if self.cause == UNRESOLVABLE {
            return Fault::new(FaultCode::DnsUnresolvable).with("host", host);
        }
        Fault::new(FaultCode::SlackUnreachable)
            .with("host", host)
            .with("cause", self.cause)
            .with("detail", &self.detail)
    }
}

/// The error within `error`. An `io::Error` that wraps another does not count it as its source.
fn source<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn cause(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if error.is::<Unresolvable>() {
        return Some(UNRESOLVABLE);
    }
    if error.is::<rustls::Error>() || error.is::<tungstenite::error::TlsError>() {
        return Some("tls");
    }
    if let Some(error) = error.downcast_ref::<tungstenite::Error>() {
        return match error {
            tungstenite::Error::Http(_) => Some("status"),
            tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => Some("closed"),
            _ => None,
        };
    }
    if let Some(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) = error.downcast_ref() {
        return Some("reset");
    }
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return error.is_timeout().then_some("timeout");
    }
    // One that wraps another error is told by what it wraps.
    let error = error.downcast_ref::<io::Error>().filter(|error| error.get_ref().is_none())?;
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some("refused"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Some("reset")
        }
        io::ErrorKind::TimedOut => Some("timeout"),
        io::ErrorKind::UnexpectedEof => Some("closed"),
        _ => None,
    }
}

/// Where a URL leads, as people read it: the host, and the port where it is not the usual one.
pub(super) fn authority(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    }
}

/// Opens a TCP connection to where `url` leads.
pub(super) async fn dial(url: &Url, resolve: Duration, connect: Duration) -> Result<TcpStream, Unreachable> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port_or_known_default().unwrap_or(if url.scheme() == "wss" { 443 } else { 80 });
    let addresses = look_up(host, port, resolve).await.map_err(|error| Unreachable::from_error(&error))?;
    match timeout(connect, TcpStream::connect(&addresses[..])).await {
        Ok(Ok(stream)) => {
            // Acknowledgements are small and urgent. Where that cannot be set they only take longer.
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(Unreachable::from_error(&error)),
        Err(_) => Err(Unreachable::timeout("no TCP connection")),
    }
}

async fn look_up(host: &str, port: u16, deadline: Duration) -> Result<Vec<SocketAddr>, Unresolvable> {
    match timeout(deadline, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(_)) | Err(_) => Err(Unresolvable { host: host.to_owned() }),
    }
}

/// Name look-up for the Web API's client that says in its error that it was the look-up that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver {
    pub deadline: Duration,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let deadline = self.deadline;
        Box::pin(async move {
            let addresses = look_up(name.as_str(), 0, deadline).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

impl Resolver {
    pub(super) fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}
