//! What went wrong with Redis, in the words of the report. Details name no secret: they are error codes of the server,
//! of the system or of TLS.

use std::io;

use ::redis::{ErrorKind, RedisError};
use chatops_crds::bot_report::{Fault, FaultCode};

/// The server's error code, where it was the server that refused. For a transaction, that of the command that was.
pub(super) fn server_code(error: &RedisError) -> Option<String> {
    let aborted = error.code() == Some("EXECABORT");
    let causes = aborted.then(|| error.clone().into_server_errors()).flatten();
    let cause = causes.and_then(|causes| causes.first().map(|(_, cause)| cause.code().to_owned()));
    cause.or_else(|| error.code().map(str::to_owned))
}

/// Whether the server still answers what only reads.
pub(super) fn is_about_writes(fault: &Fault) -> bool {
    matches!(fault.arg("cause"), "readonly" | "full")
}

pub(super) fn unreachable(address: &str, cause: &str, detail: impl AsRef<str>) -> Fault {
    Fault::new(FaultCode::StorageUnreachable)
        .with("address", address)
        .with("cause", cause)
        .with("detail", detail)
}

pub(super) fn from_io(address: &str, error: &io::Error) -> Fault {
    let cause = match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::TimedOut => "timeout",
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
            "reset"
        }
        io::ErrorKind::UnexpectedEof => "closed",
        _ => "other",
    };
    unreachable(address, cause, error.to_string())
}

/// An error of the TLS handshake: of TLS itself, or of the connection beneath.
pub(super) fn from_tls(address: &str, error: &io::Error) -> Fault {
    match error.get_ref() {
        Some(inner) if inner.is::<rustls::Error>() => unreachable(address, "tls", inner.to_string()),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => {
            unreachable(address, "tls", "the server ended the handshake")
        }
        _ => from_io(address, error),
    }
}

/// An error of `AUTH`: whatever the server says, it does not want these credentials, unless it is not there.
pub(super) fn from_authentication(address: &str, error: &RedisError) -> Fault {
    match from_redis(address, error) {
        Fault { code: FaultCode::StorageUnreachable, .. } if error.code() == Some("ERR") => {
            refused(address, "ERR")
        }
        fault => fault,
    }
}

pub(super) fn from_redis(address: &str, error: &RedisError) -> Fault {
    match server_code(error).as_deref() {
        Some(code @ ("WRONGPASS" | "NOAUTH" | "NOPERM")) => refused(address, code),
        Some("READONLY") => unreachable(address, "readonly", "READONLY"),
        Some("OOM") => unreachable(address, "full", "OOM"),
        Some("LOADING") => unreachable(address, "loading", "LOADING"),
        Some(code) => unreachable(address, "other", format!("{code} {}", error.detail().unwrap_or_default())),
        None if error.is_timeout() => unreachable(address, "timeout", "no answer"),
        None if error.is_connection_dropped() => unreachable(address, "closed", "the connection broke"),
        None if error.kind() == ErrorKind::Parse => unreachable(address, "other", "this is no Redis server"),
        None => unreachable(address, "other", error.category()),
    }
}

fn refused(address: &str, code: &str) -> Fault {
    Fault::new(FaultCode::StorageAuthFailed).with("address", address).with("error", code)
}
