//! `chatops-bot slack-manifest`: the manifest that a bot's Slack app is created from.

use std::{path::PathBuf, process::ExitCode};

use super::{
    output,
    source::{FromManifests, LoadError, Source},
};
use crate::adapter::slack::manifest;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// A ChatBot and the BotPlugins around it, as kubectl applies them: files, folders or -.
    #[arg(short, long, value_name = "PATH", num_args = 1.., required = true)]
    filename: Vec<PathBuf>,

    /// Name of the ChatBot, where the files hold several.
    #[arg(long, value_name = "NAME")]
    bot: Option<String>,
}

/// Why there is no manifest.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the manifest cannot be written as YAML: {0}")]
    Yaml(#[from] serde_yaml::Error),
}

/// Succeeds if the YAML has a bot to print the manifest of.
pub(super) fn run(options: Options) -> ExitCode {
    match yaml(options) {
        Ok(yaml) => {
            output::text(&yaml);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if let Failure::Load(LoadError::Refused(diagnostics)) = &failure {
                output::problems(diagnostics);
            }
            output::error(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn yaml(Options { filename, bot }: Options) -> Result<String, Failure> {
    let manifests = FromManifests { paths: filename, bot, namespace: None, storage: None };
    let loaded = Source::Manifests(manifests).load()?;
    output::problems(&loaded.diagnostics);
    Ok(manifest::yaml(&loaded.config)?)
}
