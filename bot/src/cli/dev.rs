//! `chatops-bot dev`: the same bot in a terminal.

use std::{
    env, fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
};

use chatops_crds::bot_config::{EmbeddedConfig, RedisConfig, STORE_FILE, SecretSource, StorageConfig};

use super::{
    bot::{Bot, Failure, Keeps},
    source::{FromManifests, Source},
};
use crate::{
    adapter::{
        slack::install_tls_provider,
        terminal::{self, Terminal},
    },
    outbox::Outbox,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// BotPlugins, and possibly a ChatBot, as kubectl applies them: files, folders or -. A change of them is taken up
    /// at once.
    #[arg(short, long, value_name = "PATH", num_args = 1..)]
    filename: Vec<PathBuf>,

    /// Name of the ChatBot, where the files hold several.
    #[arg(long, value_name = "NAME")]
    bot: Option<String>,

    /// Keep data in this Redis instead of in memory, under keys of its own. Credentials come from REDIS_USERNAME and
    /// REDIS_PASSWORD.
    #[arg(long, value_name = "HOST:PORT")]
    redis: Option<String>,

    /// Keep data in this folder, which is made if there is none, instead of in memory.
    #[arg(long, value_name = "DIR", conflicts_with = "redis")]
    data: Option<PathBuf>,
}

/// Runs until the end of the input, or a signal.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    install_tls_provider();
    let Options { filename, bot, redis, data } = options;
    let storage = match (redis, data) {
        (Some(address), _) => StorageConfig::Redis(Box::new(own_redis(address))),
        (None, Some(folder)) => StorageConfig::Embedded(own_file(&folder)?),
        (None, None) => StorageConfig::Memory {},
    };
    let bot = Bot::load(Source::Manifests(FromManifests {
        paths: filename,
        bot,
        namespace: None,
        storage: Some(storage),
    }))?;
    let (sender, printed) = terminal::sender();
    let outbox = Outbox::start(sender, bot.metrics.clone());
    let program = bot.program.subscribe();
    let names = move || program.borrow().catalogue.shown_names().map(str::to_owned).collect();
    let lines = if io::stdin().is_terminal() {
        terminal::prompt(&bot.config.name, &bot.config.commands.prefix, names)
    } else {
        terminal::pipe()
    };
    let user = env::var("USER").unwrap_or_else(|_| "you".into());
    let terminal = Terminal { lines, printed, user, forms: Arc::new(bot.reader()) };
    bot.run(outbox, Keeps::Nothing, None, |inbox, stop| async move {
        terminal.run(inbox, stop).await;
        Ok(())
    })
    .await
}

fn own_file(folder: &Path) -> Result<EmbeddedConfig, Failure> {
    let unusable = |error| Failure::Data { folder: folder.to_owned(), error };
    fs::create_dir_all(folder).map_err(unusable)?;
    Ok(EmbeddedConfig { path: folder.join(STORE_FILE).to_string_lossy().into_owned() })
}

fn own_redis(address: String) -> RedisConfig {
    let credential = |variable: &str| env::var_os(variable).map(|_| SecretSource::Env(variable.into()));
    RedisConfig {
        username: credential("REDIS_USERNAME"),
        password: credential("REDIS_PASSWORD"),
        ..RedisConfig::standalone(address, "local/dev")
    }
}
