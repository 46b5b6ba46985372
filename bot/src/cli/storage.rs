//! `chatops-bot storage`: what plugins store, moved in, between and away. One file a command.

mod copy;
mod errbot;
mod export;
mod fault;
mod import;
mod place;
mod purge;
mod show;

use std::{io, path::PathBuf, process::ExitCode};

use clap::Subcommand;

use super::{output, source::LoadError};
use crate::{
    adapter::slack::install_tls_provider,
    errbot::{Clash, InvalidMapping, ServerError},
    secret,
    storage::StorageError,
    transfer::{ExportError, FormatError},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write all values into a file of JSON lines.
    Export(export::Options),
    /// Read values from an export, or from Errbot's Redis.
    Import(import::Options),
    /// Write all values into another storage.
    Copy(copy::Options),
    /// Remove all values of the bot.
    Purge(purge::Options),
    /// Give up the keys in Redis, so that a bot of another cluster may take them. The values stay.
    Release(purge::Release),
}

/// Why a command did not do all that it was asked for.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(
        "bot \"{0}\" keeps its values in memory, where nothing can be moved from or to: set spec.storage of the ChatBot"
    )]
    InMemory(String),
    #[error("name the storage: -f PATH with the YAML of the ChatBot, --config FILE in a pod, or --data DIR")]
    NoPlace,
    #[error("{path} holds no values: there is no {file}", path = .folder.display(), file = chatops_crds::bot_config::STORE_FILE)]
    NoStore { folder: PathBuf },
    #[error("cannot make the folder {path}: {error}", path = .path.display())]
    Folder { path: PathBuf, error: io::Error },
    #[error("{0}")]
    Unusable(String),
    #[error("{0}. Run the same again: it goes on where it was")]
    Storage(#[from] StorageError),
    #[error("{path}: {error}", path = .path.display())]
    Export { path: PathBuf, error: ExportError },
    #[error("{path}: {error}", path = .path.display())]
    File { path: PathBuf, error: FormatError },
    #[error("{path} exists: name another file, or go on with an interrupted export with --resume", path = .0.display())]
    Exists(PathBuf),
    #[error("cannot write the values: {0}")]
    Output(ExportError),
    #[error(
        "the values changed while they were exported: the file holds {written}, now there are {now}. Export again into \
         another file; to have them hold still, suspend the bot: {hint}"
    )]
    Changed { written: u64, now: u64, hint: String },
    #[error("source and target are the same storage")]
    SameStorage,
    #[error(transparent)]
    Errbot(#[from] ServerError),
    #[error(transparent)]
    Mapping(#[from] InvalidMapping),
    #[error(transparent)]
    Clash(#[from] Clash),
    #[error(transparent)]
    Secret(#[from] secret::Missing),
    #[error("{0} cannot be carried over, so nothing was written: add --partial to carry over the others")]
    NothingCarried(String),
    #[error("{0} not carried over")]
    NotCarried(String),
    #[error("what was read back differs from what was written: {0}")]
    NotVerified(String),
    #[error("nothing was removed: confirm with --yes")]
    NotConfirmed,
    #[error("{0} still there: somebody writes them. Suspend the bot, then run this again: {1}")]
    NotPurged(String, String),
}

/// Runs the command; succeeds if it did all that it was asked for.
pub(super) fn run(options: Options) -> ExitCode {
    install_tls_provider();
    let outcome =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime);
    let outcome = outcome.and_then(|runtime| {
        runtime.block_on(async {
            match options.command {
                Command::Export(options) => export::run(options).await,
                Command::Import(options) => import::run(options).await,
                Command::Copy(options) => copy::run(options).await,
                Command::Purge(options) => purge::run(options).await,
                Command::Release(options) => purge::release(options).await,
            }
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Failure::Load(LoadError::Refused(diagnostics)) = &failure {
                output::problems(diagnostics);
            }
            output::error(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
