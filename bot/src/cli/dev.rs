//! `chatops-bot dev`: the same bot in a terminal.

use std::{
    env,
    io::{self, IsTerminal},
    path::PathBuf,
};

use chatops_crds::bot_config::{RedisConfig, SecretSource, StorageConfig};

use super::{
    bot::{Bot, Failure},
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
}

/// Runs until the end of the input, or a signal.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    install_tls_provider();
    let Options { filename, bot, redis } = options;
    let storage = redis.map_or(StorageConfig::Memory {}, |address| StorageConfig::Redis(own_redis(address)));
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
    let terminal = Terminal { lines, printed, user: env::var("USER").unwrap_or_else(|_| "you".into()) };
    bot.run(outbox, None, |inbox, stop| async move {
        terminal.run(inbox, stop).await;
        Ok(())
    })
    .await
}

fn own_redis(address: String) -> RedisConfig {
    let credential = |variable: &str| env::var_os(variable).map(|_| SecretSource::Env(variable.into()));
    RedisConfig {
        address,
        database: 0,
        key_prefix: "local/dev".into(),
        username: credential("REDIS_USERNAME"),
        password: credential("REDIS_PASSWORD"),
        tls: None,
    }
}
