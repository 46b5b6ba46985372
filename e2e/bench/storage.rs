//! What it costs to store something: `!remember`, which writes a value, against `!echo`, which does not, over each
//! storage.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use chatops_crds::{
    BotPlugin, ChatBot,
    bot_config::{self, EmbeddedConfig, Placement, RedisConfig, StorageConfig},
    resolve::resolve,
};
use chatops_e2e::slack::Simulator;
use serde_json::json;
use tempfile::TempDir;

use super::{
    bot::Contender,
    load::{self, Line, REMEMBER},
    process::{Process, program},
    table::Table,
};

/// Commands in flight at once, and how many are typed.
const LOAD: (usize, usize) = (16, 4_000);

/// Within which a server listens.
const START: Duration = Duration::from_secs(10);

/// Measures each storage with a bot of its own.
pub async fn measure(table: &mut Table) -> Result<()> {
    let (redis, folder) = (Redis::start()?, tempfile::tempdir()?);
    let path = folder.path().join(bot_config::STORE_FILE).display().to_string();
    for (name, storage) in [
        ("memory", StorageConfig::Memory {}),
        ("Redis, everysec", redis.storage()),
        ("embedded", StorageConfig::Embedded(EmbeddedConfig { path })),
    ] {
        let contender = Contender::start(|slack| bot(slack, folder.path(), storage)).await?;
        let (in_flight, total) = LOAD;
        let rate =
            |line| load::commands_a_second(&contender.slack, &contender.channels, line, in_flight, total);
        let (echo, store) = (rate(Line::Echo).await?, rate(Line::Store).await?);
        let figure = format!("{store:.0}/s, echo {echo:.0}/s, ratio {:.2}", store / echo);
        table.add(&format!("store.set, {in_flight} in flight, {name}"), figure, "")?;
    }
    Ok(())
}

/// A redis-server on loopback with an append-only file.
pub struct Redis {
    port: u16,
    _process: Process,
    _folder: TempDir,
}

impl Redis {
    /// Returns once it listens: a bot is not to be measured by its server's start.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--appendonly", "yes", "--dir"]);
        command.arg(folder.path());
        let process = Process::start(command)?;
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < deadline, "redis-server does not listen after {START:?}");
            std::thread::yield_now();
        }
        Ok(Self { port, _process: process, _folder: folder })
    }

    /// This server as a bot's storage.
    pub fn storage(&self) -> StorageConfig {
        StorageConfig::Redis(Box::new(RedisConfig::standalone(
            format!("127.0.0.1:{}", self.port),
            "local/bench",
        )))
    }
}

/// Our bot as it runs in a pod, from the configuration that the operator renders, with a plugin that stores.
/// The configuration is written into `folder`.
pub fn bot(slack: &Simulator, folder: &Path, storage: StorageConfig) -> Result<Command> {
    let bot: ChatBot = serde_json::from_value(json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": "bench"},
        "spec": {"slack": {"tokensSecretRef": {"name": "none"}, "apiURL": format!("{}/", slack.api_url())}},
    }))?;
    let plugin: BotPlugin = serde_json::from_str(REMEMBER)?;
    let placement = Placement::Local { as_production: false };
    let mut config = bot_config::render("local", "bench", &bot.spec, &resolve(&bot, [&plugin]), &placement);
    config.storage = storage;
    let file = folder.join(bot_config::FILE_NAME);
    fs::write(&file, config.to_yaml()?).context("cannot write the configuration")?;
    let mut command = Command::new(program("chatops-bot")?);
    command.args(["run", "--listen", "127.0.0.1:0", "--config"]).arg(file);
    command.env("SLACK_BOT_TOKEN", slack.bot_token()).env("SLACK_APP_TOKEN", slack.app_token());
    Ok(command)
}
