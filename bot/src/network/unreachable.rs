//! Why a host was not reached, found in the errors of every layer, and how the report tells it.

use std::{error::Error, io};

use chatops_crds::bot_report::{Fault, FaultCode};
use tokio_tungstenite::tungstenite;

use crate::secret::Missing;

/// Why a host was not reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// It did not answer as it should. `cause` is a word of [`FaultCode::SlackUnreachable`].
    #[error("{cause}: {detail}")]
    Host { cause: &'static str, detail: String },
    /// A name, the host's or the proxy's, has no address, or not in time.
    #[error("{host} cannot be resolved")]
    Name { host: String },
    /// The proxy on the way did not let the connection through.
    #[error("proxy {proxy}: {cause}: {detail}")]
    Proxy { proxy: String, cause: &'static str, detail: String },
    /// The proxy refuses the credentials, or asks for some.
    #[error("proxy {proxy}: status {status}")]
    ProxyAuth { proxy: String, status: u16 },
    /// There are no credentials for the proxy.
    #[error("credentials of the proxy: {0}")]
    ProxySecret(#[from] Missing),
    /// The file of certificates to trust holds none.
    #[error("{file} holds no certificates")]
    Trust { file: String },
}

impl Unreachable {
    pub fn new(cause: &'static str, detail: impl Into<String>) -> Unreachable {
        Unreachable::Host { cause, detail: detail.into() }
    }

    pub fn timeout(what: &str) -> Unreachable {
        Unreachable::new("timeout", what)
    }

    /// Finds the cause among `error` and its sources. The detail is that of the innermost, which names no address or
    /// URL that could hold a secret.
    pub fn from_error(error: &(dyn Error + 'static)) -> Unreachable {
        let chain = || std::iter::successors(Some(error), |error| source(*error));
        if let Some(known) = chain().find_map(|error| error.downcast_ref::<Unreachable>()) {
            return known.clone();
        }
        let cause = chain().find_map(cause).unwrap_or("other");
        let detail = chain().last().map(ToString::to_string).unwrap_or_default();
        Unreachable::Host { cause, detail }
    }

    /// Nothing was sent to the host, for sure.
    pub fn is_before_sending(&self) -> bool {
        !matches!(self, Unreachable::Host { cause, .. } if *cause != "refused")
    }

    /// It is for want of an address.
    pub fn is_about_names(&self) -> bool {
        matches!(self, Unreachable::Name { .. })
    }

    /// As told in the report; `host` is whom we meant to reach.
    pub fn fault(&self, host: &str) -> Fault {
        match self {
            Unreachable::Host { cause, detail } => Fault::new(FaultCode::SlackUnreachable)
                .with("host", host)
                .with("cause", cause)
                .with("detail", detail),
            Unreachable::Name { host } => Fault::new(FaultCode::DnsUnresolvable).with("host", host),
            Unreachable::Proxy { proxy, cause, detail } => Fault::new(FaultCode::ProxyUnreachable)
                .with("proxy", proxy)
                .with("host", host)
                .with("cause", cause)
                .with("detail", detail),
            Unreachable::ProxyAuth { proxy, status } => {
                Fault::new(FaultCode::ProxyAuthFailed).with("proxy", proxy).with("status", status.to_string())
            }
            Unreachable::ProxySecret(missing) => {
                Fault::new(FaultCode::ProxySecretNotFound).with("key", missing.key())
            }
            Unreachable::Trust { file } => Fault::new(FaultCode::TrustedCaNotFound).with("file", file),
        }
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
    if error.is::<rustls::Error>() {
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
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return error.is_incomplete_message().then_some("closed");
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
