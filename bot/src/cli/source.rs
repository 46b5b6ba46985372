//! Where a bot's configuration comes from: the file that the operator rendered, or the YAML that kubectl applies.

use std::{fs, io, path::PathBuf};

use chatops_crds::{
    bot_config::{self, BotConfig, CONTRACT_VERSION, Placement, StorageConfig, render},
    resolve::resolve,
};

use super::manifests::{Diagnostic, Manifests, NoBot, ReadError, Stamp, Verdict, default_bot, stamps};

/// Namespace of a bot that runs without a cluster.
const LOCAL: &str = "local";

/// Where the configuration comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The file that the operator rendered.
    Rendered(PathBuf),
    Manifests(FromManifests),
}

/// How to make a configuration from manifests.
#[derive(Clone, Debug)]
pub(super) struct FromManifests {
    pub paths: Vec<PathBuf>,
    /// Name of the ChatBot, where there are several.
    pub bot: Option<String>,
    /// Namespace whose data the bot uses. None: it has data of its own.
    pub namespace: Option<String>,
    /// Use this storage instead of the bot's own. A bot for trying things then need not be among the manifests.
    pub storage: Option<StorageConfig>,
}

/// A configuration that can be run.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub config: BotConfig,
    /// Hash of its text.
    pub hash: String,
    /// What does not work in it; empty for a rendered file, of which the operator tells.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("cannot read {path}: {error}", path = .path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{path} is no configuration of a bot: {error}", path = .path.display())]
    Malformed { path: PathBuf, error: serde_yaml::Error },
    #[error(
        "the configuration has contract version {found}, this bot reads {CONTRACT_VERSION} and the one before"
    )]
    Version { found: u32 },
    #[error(transparent)]
    Manifests(#[from] ReadError),
    #[error("the API server would refuse this YAML")]
    Refused(Vec<Diagnostic>),
    #[error(transparent)]
    NoBot(#[from] NoBot),
    #[error(transparent)]
    TooLarge(#[from] bot_config::TooLarge),
}

impl Source {
    /// Reads the configuration as it is now.
    pub(super) fn load(&self) -> Result<Loaded, LoadError> {
        match self {
            Source::Rendered(path) => load_rendered(path),
            Source::Manifests(manifests) => manifests.load(),
        }
    }

    /// Changes when the configuration may have changed.
    pub(super) fn stamps(&self) -> Vec<Option<Stamp>> {
        match self {
            Source::Rendered(path) => stamps(std::slice::from_ref(path)),
            Source::Manifests(manifests) => stamps(&manifests.paths),
        }
    }
}

fn load_rendered(path: &PathBuf) -> Result<Loaded, LoadError> {
    let text =
        fs::read_to_string(path).map_err(|error| LoadError::Unreadable { path: path.clone(), error })?;
    let config: BotConfig =
        serde_yaml::from_str(&text).map_err(|error| LoadError::Malformed { path: path.clone(), error })?;
    if !(CONTRACT_VERSION.saturating_sub(1)..=CONTRACT_VERSION).contains(&config.version) {
        return Err(LoadError::Version { found: config.version });
    }
    Ok(Loaded { hash: bot_config::hash(&text), config, diagnostics: Vec::new() })
}

impl FromManifests {
    fn load(&self) -> Result<Loaded, LoadError> {
        let manifests = Manifests::read(&self.paths)?;
        if manifests.diagnostics.iter().any(|diagnostic| diagnostic.verdict == Verdict::Refused) {
            return Err(LoadError::Refused(manifests.diagnostics));
        }
        let default = default_bot();
        let bot = match manifests.bot(self.bot.as_deref()) {
            Err(NoBot::None) if self.storage.is_some() => &default,
            bot => bot?,
        };
        let namespace = self.namespace.as_deref().unwrap_or(LOCAL);
        let name = bot.metadata.name.as_deref().unwrap_or_default();
        let placement = Placement::Local { as_production: self.namespace.is_some() };
        let resolution = resolve(bot, manifests.plugins_around(bot));
        let mut config = render(namespace, name, &bot.spec, &resolution, &placement);
        if let Some(storage) = &self.storage {
            config.storage = storage.clone();
        }
        Ok(Loaded { hash: bot_config::hash(&config.to_yaml()?), config, diagnostics: manifests.diagnostics })
    }
}
