//! Which storage is meant: that of a bot, from the YAML or the rendered file as `run` takes them, or the embedded store
//! in a folder.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use chatops_crds::bot_config::{BotConfig, CONFIG_DIR, EmbeddedConfig, FILE_NAME, STORE_FILE, StorageConfig};

use super::{Failure, fault};
use crate::{
    cli::source::{FromManifests, Source},
    storage::{self, open::Kept},
    transfer::Header,
};

/// How long a storage may take to be usable: a name is looked up, a connection opened, a file checked.
const PATIENCE: Duration = Duration::from_secs(5);

/// The storage that a command works on.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The bot's storage as its ChatBot says: the YAML as kubectl applies it, a file, a folder or -; may be repeated. Redis
    /// credentials come from REDIS_USERNAME and REDIS_PASSWORD.
    #[arg(short, long, value_name = "PATH", conflicts_with_all = ["config", "data"])]
    filename: Vec<PathBuf>,

    /// The bot's storage as the configuration says that the operator rendered. Default: the one that is mounted in a pod.
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    config: Option<PathBuf>,

    /// The embedded store in this folder.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Name of the ChatBot, where the files hold several.
    #[arg(long, value_name = "NAME", requires = "filename")]
    bot: Option<String>,

    /// The data that the bot has in this namespace. Without it, those that it has when it runs outside of a cluster.
    #[arg(short, long, requires = "filename")]
    namespace: Option<String>,
}

/// The storage that `copy` writes to.
#[derive(Debug, clap::Args)]
#[group(id = "to", required = true, multiple = true)]
pub(super) struct Target {
    /// The storage to write to, as its ChatBot says. Default: the files of --filename.
    #[arg(long, value_name = "PATH", conflicts_with_all = ["to_config", "to_data"])]
    to_filename: Vec<PathBuf>,

    /// The storage to write to, as this rendered configuration says.
    #[arg(long, value_name = "FILE", conflicts_with = "to_data")]
    to_config: Option<PathBuf>,

    /// Write to the embedded store in this folder, which is made if there is none.
    #[arg(long, value_name = "DIR")]
    to_data: Option<PathBuf>,

    /// Name of the ChatBot to write to.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["to_config", "to_data"])]
    to_bot: Option<String>,

    /// Write the data that the bot has in this namespace.
    #[arg(long, value_name = "NAMESPACE", conflicts_with_all = ["to_config", "to_data"])]
    to_namespace: Option<String>,
}

/// A storage that was found.
#[derive(Debug)]
pub(super) struct Located {
    /// Name of the ChatBot, or of the folder where only that is known.
    pub bot: String,
    is_folder: bool,
    /// Namespace of the ChatBot; none where no cluster is meant.
    namespace: Option<String>,
    pub storage: StorageConfig,
}

impl Place {
    /// The storage to read from or to change.
    pub(super) fn locate(&self) -> Result<Located, Failure> {
        if let Some(folder) = &self.data {
            let located = Located::embedded(folder);
            return match folder.join(STORE_FILE).try_exists() {
                Ok(true) => Ok(located),
                _ => Err(Failure::NoStore { folder: folder.clone() }),
            };
        }
        let mounted = Path::new(CONFIG_DIR).join(FILE_NAME);
        let config = match &self.config {
            Some(config) => Some(config),
            None if !self.filename.is_empty() => None,
            None if mounted.exists() => Some(&mounted),
            None => return Err(Failure::NoPlace),
        };
        Located::of_bot(config, &self.filename, self.bot.as_ref(), self.namespace.as_ref())
    }

    /// The storage to write to, which is made if it is a folder without a store.
    pub(super) fn locate_or_make(&self) -> Result<Located, Failure> {
        match &self.data {
            Some(folder) => make(folder),
            None => self.locate(),
        }
    }
}

impl Target {
    /// The storage to write to; `from` fills in what is not named.
    pub(super) fn locate(&self, from: &Place) -> Result<Located, Failure> {
        if let Some(folder) = &self.to_data {
            return make(folder);
        }
        let same_files = self.to_filename.is_empty();
        let files = if same_files { &from.filename } else { &self.to_filename };
        let bot = self.to_bot.as_ref().or(from.bot.as_ref().filter(|_| same_files));
        Located::of_bot(self.to_config.as_ref(), files, bot, self.to_namespace.as_ref())
    }
}

fn make(folder: &PathBuf) -> Result<Located, Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::Folder { path: folder.clone(), error })?;
    Ok(Located::embedded(folder))
}

impl Located {
    fn embedded(folder: &Path) -> Located {
        let path = folder.join(STORE_FILE).to_string_lossy().into_owned();
        let bot = folder.file_name().map_or("local".into(), |name| name.to_string_lossy().into_owned());
        Located {
            bot,
            is_folder: true,
            namespace: None,
            storage: StorageConfig::Embedded(EmbeddedConfig { path }),
        }
    }

    fn of_bot(
        config: Option<&PathBuf>,
        files: &[PathBuf],
        bot: Option<&String>,
        namespace: Option<&String>,
    ) -> Result<Located, Failure> {
        let is_production = config.is_some() || namespace.is_some();
        let source = match config {
            Some(path) => Source::Rendered(path.clone()),
            None => Source::Manifests(FromManifests {
                paths: files.to_vec(),
                bot: bot.cloned(),
                namespace: namespace.cloned(),
                storage: None,
            }),
        };
        let BotConfig { name, namespace, storage, .. } = source.load()?.config;
        match storage {
            StorageConfig::Memory {} => Err(Failure::InMemory(name)),
            storage => Ok(Located {
                bot: name,
                is_folder: false,
                namespace: is_production.then_some(namespace),
                storage,
            }),
        }
    }

    /// Opens the storage; it stays open while what is returned is held.
    pub(super) async fn open(&self) -> Result<Kept, Failure> {
        let opened = storage::open(&self.storage).ready(PATIENCE).await;
        opened.map_err(|fault| Failure::Unusable(fault::words(&fault, self)))
    }

    /// The header of a file with these values.
    pub(super) fn header(&self) -> Header {
        let prefix = match &self.storage {
            StorageConfig::Redis(redis) => Some(redis.key_prefix.clone()),
            StorageConfig::Memory {} | StorageConfig::Embedded(_) => None,
        };
        Header::new(&self.bot, prefix)
    }

    /// The storage, for people.
    pub(super) fn shown(&self) -> String {
        match &self.storage {
            StorageConfig::Redis(redis) => {
                format!("Redis {}, keys chatops:{{{}}}:*", redis.addresses.join(", "), redis.key_prefix)
            }
            StorageConfig::Embedded(embedded) => embedded.path.clone(),
            StorageConfig::Memory {} => "memory".to_owned(),
        }
    }

    /// The command that stops the bot without removing anything.
    pub(super) fn suspend(&self) -> String {
        let namespace = self.namespace.as_ref().map(|name| format!(" -n {name}")).unwrap_or_default();
        let patch = r#"'{"spec":{"suspend":true}}'"#;
        let name = if self.is_folder { "NAME" } else { &self.bot };
        format!("kubectl patch chatbot {name}{namespace} --type=merge -p {patch}")
    }
}
