//! `chatops-bot doctor`: looks at everything between the bot and Slack and storage once, and says what is wrong and how
//! to mend it. Needs no running bot: the same in a pod (`kubectl exec`) and on a laptop.

mod check;
mod names;
mod reach;
mod slack;
mod storage;
mod table;

use std::{path::PathBuf, sync::Arc};

use chatops_crds::bot_config::{self, BotConfig};

use super::{
    bot::Failure,
    output,
    source::{FromManifests, Source},
};
use crate::{adapter::slack::install_tls_provider, network::Network};
use check::Check;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The configuration that the operator rendered. Default: the one that is mounted in a pod.
    #[arg(long, value_name = "FILE", conflicts_with = "filename")]
    config: Option<PathBuf>,

    /// ChatBot and BotPlugins as kubectl applies them: files, folders or -. Secrets come from the environment, as for
    /// `run`.
    #[arg(short, long, value_name = "PATH", num_args = 1..)]
    filename: Vec<PathBuf>,

    /// Name of the ChatBot, where the files hold several.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    bot: Option<String>,
}

impl Options {
    fn source(self) -> Source {
        let Options { config, filename: paths, bot } = self;
        if paths.is_empty() {
            let mounted = || [bot_config::CONFIG_DIR, bot_config::FILE_NAME].iter().collect();
            return Source::Rendered(config.unwrap_or_else(mounted));
        }
        Source::Manifests(FromManifests { paths, bot, namespace: None, storage: None })
    }
}

/// Prints one line a check; fails if one of them does.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    install_tls_provider();
    let loaded = options.source().load()?;
    output::problems(&loaded.diagnostics);
    let checks = look(&loaded.config).await?;
    output::text(&table::render(&checks));
    match checks.iter().filter(|check| check.failed()).count() {
        0 => Ok(()),
        failed => Err(Failure::Checks(failed)),
    }
}

async fn look(config: &BotConfig) -> Result<Vec<Check>, Failure> {
    let network = Arc::new(Network::new(&config.network)?);
    let inspection = crate::adapter::slack::inspect(config, network.clone());
    let (inspection, storage) = tokio::join!(inspection, storage::look(&config.storage));
    let inspection = inspection?;
    let socket = inspection.app.as_ref().and_then(|app| app.as_ref().ok());
    let (names, reach) = tokio::join!(
        names::look(config, &network, socket.map(String::as_str)),
        reach::look(config, &network, socket.map(String::as_str)),
    );
    let mut checks = names;
    checks.extend(reach);
    checks.extend(slack::judge(&inspection));
    checks.extend(storage);
    Ok(checks)
}
