//! The shipped bot and a Redis as processes of this machine, without a cluster.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use chatops_crds::{
    BotPlugin, ChatBot,
    bot_config::{self, BotConfig, Placement, RedisConfig, StorageConfig},
    resolve::resolve,
};
use redis::aio::MultiplexedConnection;
pub use rustix::process::Signal;
use rustix::{param::clock_ticks_per_second, process::Pid};
use serde_json::json;
use tempfile::TempDir;

use crate::{installed::program, slack::Simulator};

/// Within which a server listens.
const START: Duration = Duration::from_secs(10);

/// A running program; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts `command` without input and output.
    ///
    /// # Errors
    /// There is no such program.
    pub fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // It may have ended by itself, and is not reaped before this is dropped.
        let _ = rustix::process::kill_process(Pid::from_child(&self.child), signal);
    }

    /// Whether it runs no more.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Its resident memory in bytes.
    ///
    /// # Errors
    /// It has ended.
    pub fn resident(&self) -> Result<u64> {
        resident(self.child.id())
    }

    /// What it computed since it started, on all processors together.
    ///
    /// # Errors
    /// It has ended.
    pub fn cpu(&self) -> Result<Duration> {
        cpu(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Resident memory of a process in bytes (`VmRSS` of /proc, which counts in KiB).
///
/// # Errors
/// There is no such process.
pub fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

/// What a process computed since it started, on all processors together (`utime` and `stime` of /proc).
///
/// # Errors
/// There is no such process.
pub fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name is in brackets, and may have any character.
    let (_, fields) = stat.rsplit_once(')').context("no name")?;
    let ticks: Vec<u64> =
        fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    let seconds = ticks.iter().sum::<u64>() as f64 / clock_ticks_per_second() as f64;
    Ok(Duration::from_secs_f64(seconds))
}

/// A redis-server on loopback. What it has answered for is on the disk.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Option<Process>,
    folder: TempDir,
}

impl Redis {
    /// Returns once it listens.
    ///
    /// # Errors
    /// It is not installed, or does not listen in time.
    pub fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut redis = Self { port, process: None, folder };
        redis.start_again()?;
        Ok(redis)
    }

    /// Starts it with its data, if it does not run. Returns once it listens.
    ///
    /// # Errors
    /// As [`Redis::start`].
    pub fn start_again(&mut self) -> Result<()> {
        if self.process.is_some() {
            return Ok(());
        }
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--appendfsync", "always", "--dir"]).arg(self.folder.path());
        self.process = Some(Process::start(&mut command)?);
        let deadline = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            ensure!(Instant::now() < deadline, "redis-server does not listen after {START:?}");
            std::thread::yield_now();
        }
        Ok(())
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Its process.
    ///
    /// # Errors
    /// It does not run.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.process.as_ref().context("redis-server does not run")?.child.id())
    }

    /// How often it read from a client since it started. Commands that were sent together are read once.
    ///
    /// # Errors
    /// It does not run.
    pub async fn reads(&self) -> Result<u64> {
        let mut connection = self.connection().await?;
        let stats: String = redis::cmd("INFO").arg("stats").query_async(&mut connection).await?;
        let reads = stats.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
        Ok(reads.context("redis-server is older than 6.0")?.trim().parse()?)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// How many commands the bot keeps that has this server as its storage.
    ///
    /// # Errors
    /// It does not run.
    pub async fn commands(&self) -> Result<usize> {
        let mut connection = self.connection().await?;
        let keys: Vec<String> = redis::cmd("KEYS").arg("*commands").query_async(&mut connection).await?;
        let mut count = 0;
        for key in keys {
            let fields: Vec<String> = redis::cmd("HKEYS").arg(key).query_async(&mut connection).await?;
            count += fields.iter().filter(|field| field.starts_with('m')).count();
        }
        Ok(count)
    }

    async fn connection(&self) -> Result<MultiplexedConnection> {
        let client = redis::Client::open(("127.0.0.1", self.port))?;
        Ok(client.get_multiplexed_async_connection().await?)
    }

    /// Sets a parameter of the running server.
    ///
    /// # Errors
    /// It does not run, or knows no such parameter.
    pub async fn set(&self, parameter: &str, value: &str) -> Result<()> {
        let mut connection = self.connection().await?;
        redis::cmd("CONFIG").arg(&["SET", parameter, value]).exec_async(&mut connection).await?;
        Ok(())
    }

    /// This server as a bot's storage.
    #[must_use]
    pub fn storage(&self) -> StorageConfig {
        let address = format!("127.0.0.1:{}", self.port);
        StorageConfig::Redis(Box::new(RedisConfig::standalone(address, "local/bot")))
    }
}

/// The configuration of a bot with one plugin, as the operator renders it, but for the storage.
///
/// # Errors
/// The plugin is not valid.
pub fn configuration(slack: &Simulator, storage: StorageConfig, plugin: &str) -> Result<BotConfig> {
    let bot: ChatBot = serde_json::from_value(json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": "bot"},
        "spec": {"slack": {"tokensSecretRef": {"name": "none"}, "apiURL": format!("{}/", slack.api_url())}},
    }))?;
    let plugin: BotPlugin = serde_json::from_str(plugin)?;
    let placement = Placement::Local { as_production: false };
    let mut config = bot_config::render("local", "bot", &bot.spec, &resolve(&bot, [&plugin]), &placement);
    config.storage = storage;
    Ok(config)
}

/// The bot as it runs in a pod. Its configuration is written into `folder`.
///
/// # Errors
/// The bot was not built.
pub fn bot(slack: &Simulator, folder: &Path, config: &BotConfig) -> Result<Command> {
    let file = folder.join(bot_config::FILE_NAME);
    fs::write(&file, config.to_yaml()?).context("cannot write the configuration")?;
    let mut command = Command::new(program("chatops-bot")?);
    command.args(["run", "--listen", "127.0.0.1:0", "--config"]).arg(file);
    command.env("SLACK_BOT_TOKEN", slack.bot_token()).env("SLACK_APP_TOKEN", slack.app_token());
    Ok(command)
}
