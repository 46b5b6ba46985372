//! `chatops-bot validate`: every problem of the YAML at once.

use std::{
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use super::{manifests::Manifests, output};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// ChatBots and BotPlugins as kubectl applies them: files, folders or -.
    #[arg(short, long, value_name = "PATH", num_args = 1.., required = true)]
    filename: Vec<PathBuf>,
}

/// Succeeds if there is no problem.
pub(super) fn run(options: &Options) -> ExitCode {
    let manifests = match Manifests::read(&options.filename) {
        Ok(manifests) => manifests,
        Err(error) => {
            output::error(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let problems = &manifests.diagnostics;
    let mut out = io::stdout().lock();
    let styled = io::stdout().is_terminal();
    for problem in problems {
        // Who closes the pipe has seen enough.
        let _ = writeln!(out, "{}\n", problem.render(styled));
    }
    let _ = match (problems.len(), manifests.len()) {
        (0, 0) => writeln!(out, "There is no ChatBot or BotPlugin in these files."),
        (0, 1) => writeln!(out, "The object is valid."),
        (0, objects) => writeln!(out, "All {objects} objects are valid."),
        (1, _) => writeln!(out, "There is 1 problem."),
        (count, _) => writeln!(out, "There are {count} problems."),
    };
    if problems.is_empty() && !manifests.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
