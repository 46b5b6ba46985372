//! What went wrong with Redis, in the words of the report. Details name no secret: they are error codes of the server,
//! of the system or of TLS.

use std::{error::Error, io, sync::Arc};

use ::redis::{ErrorKind, RedisError};
use chatops_crds::bot_report::{Fault, FaultCode};

use super::connect::Server;

/// The server's error code, where it was the server that refused. For a transaction or a script, that of the command
/// that was.
pub(super) fn server_code(error: &RedisError) -> Option<String> {
    let code = error.code()?;
    // Redis 6.2 tells of a script `ERR Error running script (…): @user_script:1: @user_script: 1: -OOM command …`.
    let of_script = error.detail().filter(|detail| code == "ERR" && detail.contains("user_script"));
    let inner = of_script.and_then(|detail| detail.split(": ").find_map(|part| part.strip_prefix('-')));
    inner.and_then(|inner| inner.split(' ').next()).or(Some(code)).map(str::to_owned)
}

/// Whether the server still answers what only reads.
pub(super) fn is_about_writes(fault: &Fault) -> bool {
    matches!(fault.arg("cause"), "readonly" | "full") || fault.arg("detail").starts_with("MISCONF")
}

/// Whether another server should be looked for.
pub(super) fn is_about_the_place(fault: &Fault) -> bool {
    fault.arg("cause") == "readonly" || fault.arg("detail").starts_with("MOVED")
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

/// An error of `AUTH`.
pub(super) fn from_authentication(address: &str, error: &RedisError) -> Fault {
    // Any other error is not about the credentials, such as that the server has clients enough.
    let detail = error.detail().unwrap_or_default();
    if detail.contains("without any password") {
        refused(address, "ERR")
    } else if detail.starts_with("unknown command") {
        // It goes on with the arguments: the password.
        unreachable(address, "other", "ERR unknown command AUTH")
    } else {
        from_redis(address, error)
    }
}

/// An error of `SELECT`.
pub(super) fn from_selection(server: &Server<'_>, error: &RedisError) -> Fault {
    if error.code() == Some("ERR") {
        return Fault::new(FaultCode::StorageDatabaseInvalid)
            .with("address", server.address)
            .with("database", server.database.to_string());
    }
    about_command(server, "SELECT", "", error).unwrap_or_else(|| from_redis(server.address, error))
}

/// What `error` says about the command `name`, which was asked about keys of `pattern`. None: it could be run, though
/// not now or not here.
pub(super) fn about_command(
    server: &Server<'_>,
    name: &str,
    pattern: &str,
    error: &RedisError,
) -> Option<Fault> {
    let detail = error.detail().unwrap_or_default();
    match server_code(error).as_deref() {
        Some("READONLY" | "OOM" | "MISCONF" | "ASK" | "TRYAGAIN" | "WRONGTYPE") => None,
        Some("NOPERM") => {
            let on_keys =
                if detail.contains(" key") { format!("{name} on keys {pattern}") } else { name.into() };
            Some(
                Fault::new(FaultCode::StorageNotPermitted)
                    .with("address", server.address)
                    .with("command", on_keys)
                    .with("user", server.credentials.user()),
            )
        }
        // Asked with arguments that change nothing.
        Some("ERR") if detail.starts_with("wrong number of") || detail.starts_with("value is not an") => None,
        Some("ERR") if detail.starts_with("unknown command") => {
            Some(Fault::new(FaultCode::StorageTooOld).with("address", server.address).with("command", name))
        }
        _ => Some(from_redis(server.address, error)),
    }
}

pub(super) fn from_redis(address: &str, error: &RedisError) -> Fault {
    let said = |code: &str| format!("{code} {}", error.detail().unwrap_or_default());
    match server_code(error).as_deref() {
        Some(code @ ("WRONGPASS" | "NOAUTH" | "NOPERM")) => refused(address, code),
        Some("READONLY") => unreachable(address, "readonly", "READONLY"),
        Some("OOM") => unreachable(address, "full", "OOM"),
        Some("MISCONF") if said("").contains("No space left") => {
            unreachable(address, "full", said("MISCONF"))
        }
        Some("LOADING") => unreachable(address, "loading", "LOADING"),
        Some("MOVED") => {
            unreachable(address, "other", "MOVED: this is a Redis Cluster, which needs topology: Cluster")
        }
        Some(code) => unreachable(address, "other", said(code)),
        None if error.is_timeout() => unreachable(address, "timeout", "no answer"),
        None => match tls_alert(error) {
            Some(alert) => unreachable(address, "tls", alert),
            None if error.is_connection_dropped() => unreachable(address, "closed", "the connection broke"),
            None if error.kind() == ErrorKind::Parse => {
                unreachable(address, "other", "this is no Redis server")
            }
            None => unreachable(address, "other", error.to_string()),
        },
    }
}

/// A server that wants another certificate of the client says so after the handshake only (TLS 1.3).
fn tls_alert(error: &RedisError) -> Option<String> {
    // The library hands its shared pointer out as the source.
    let shared = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    let inner = shared.downcast_ref::<io::Error>()?.get_ref()?;
    inner.downcast_ref::<rustls::Error>().map(ToString::to_string)
}

fn refused(address: &str, code: &str) -> Fault {
    Fault::new(FaultCode::StorageAuthFailed).with("address", address).with("error", code)
}
