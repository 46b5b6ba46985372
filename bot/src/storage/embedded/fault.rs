//! What went wrong with the file, in the words of the report.

use std::{io, path::Path};

use chatops_crds::bot_report::{Fault, FaultCode};
use redb::{DatabaseError, Error};

use crate::storage::StorageError;

pub(super) fn damaged(path: &Path, detail: &str) -> Fault {
    unusable(path, "damaged", detail)
}

pub(super) fn slow(path: &Path) -> Fault {
    unusable(path, "other", "the disk does not answer")
}

/// Why the file could not be opened.
pub(super) fn from_opening(path: &Path, error: DatabaseError) -> Fault {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            unusable(path, "locked", "another process has it open")
        }
        error => from_error(path, &error.into()),
    }
}

pub(super) fn from_error(path: &Path, error: &Error) -> Fault {
    match error {
        Error::Io(error) => unusable(path, cause(error), &error.to_string()),
        Error::Corrupted(detail) => damaged(path, detail),
        Error::UpgradeRequired(_) => {
            damaged(path, "a version of this bot wrote it that this one cannot read")
        }
        error => unusable(path, "other", &error.to_string()),
    }
}

/// What an operation that met `error` is told.
pub(super) fn told(error: &Error) -> StorageError {
    match error {
        Error::Io(error) if cause(error) != "other" => StorageError::Refused(cause(error).to_owned()),
        error => StorageError::NoAnswer(error.to_string()),
    }
}

fn cause(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => "full",
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => "readonly",
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => "damaged",
        _ => "other",
    }
}

fn unusable(path: &Path, cause: &str, detail: &str) -> Fault {
    Fault::new(FaultCode::StorageFileUnusable)
        .with("path", path.to_string_lossy())
        .with("cause", cause)
        .with("detail", detail)
}
