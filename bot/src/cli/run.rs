//! `chatops-bot run`: the bot in Slack, in a pod or on somebody's own machine.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use chatops_crds::{
    bot_config::{BotConfig, SecretSource},
    bot_report::PORT,
};

use super::{
    bot::{Bot, Failure, Keeps},
    source::{FromManifests, Source},
};
use crate::{
    adapter::slack::{Slack, install_tls_provider},
    dns,
    network::Network,
    outbox::Outbox,
    secret,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The configuration that the operator rendered.
    #[arg(long, value_name = "FILE", required_unless_present = "filename", conflicts_with = "filename")]
    config: Option<PathBuf>,

    /// ChatBot and BotPlugins as kubectl applies them: files, folders or -. Tokens come from SLACK_BOT_TOKEN and
    /// SLACK_APP_TOKEN, Redis credentials from REDIS_USERNAME and REDIS_PASSWORD.
    #[arg(short, long, value_name = "PATH", num_args = 1..)]
    filename: Vec<PathBuf>,

    /// Name of the ChatBot, where the files hold several.
    #[arg(long, value_name = "NAME", conflicts_with = "config")]
    bot: Option<String>,

    /// Use the data that the bot has in this namespace. Without it, it has data of its own.
    #[arg(short, long, conflicts_with = "config")]
    namespace: Option<String>,

    /// Where /healthz, /readyz, /status and /metrics are served. Default: port 8080 with --config, nowhere with -f.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Options {
    pub(super) fn is_in_a_pod(&self) -> bool {
        self.config.is_some()
    }

    fn listen(&self) -> Option<SocketAddr> {
        let default = u16::try_from(PORT).ok().filter(|_| self.is_in_a_pod());
        self.listen.or(default.map(|port| (Ipv4Addr::UNSPECIFIED, port).into()))
    }
}

/// Runs until a signal.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    install_tls_provider();
    let listen = options.listen();
    let Options { config, filename, bot, namespace, .. } = options;
    let bot = Bot::load(match config {
        Some(config) => Source::Rendered(config),
        None => Source::Manifests(FromManifests { paths: filename, bot, namespace, storage: None }),
    })?;
    for token in [&bot.config.slack.bot_token, &bot.config.slack.app_token] {
        // A file may be mounted yet; the environment stays as it is.
        if matches!(token, SecretSource::Env(_)) {
            secret::read(token).await?;
        }
    }
    let facts = bot.facts.clone();
    // What follows lives as long as the bot; plugins may be large.
    let config = BotConfig { plugins: Vec::new(), ..bot.config.clone() };
    let network = Arc::new(Network::new(&config.network)?);
    let slack = Slack::new(
        config.slack.clone(),
        bot.needs.subscribe(),
        Arc::new(bot.reader()),
        network.clone(),
        facts.clone(),
        bot.metrics.clone(),
    )?;
    let socket_host = slack.socket_host();
    let names = dns::Watch { prober: dns::Prober::default(), config, network, facts, socket_host };
    let outbox = Outbox::start(slack.sender(), bot.metrics.clone());
    bot.run(outbox, Keeps::Commands, listen, |inbox, stop| async move {
        tokio::select! {
            () = slack.run(inbox, stop.clone()) => (),
            () = names.run() => (),
        }
        if stop.is_cancelled() { Ok(()) } else { Err(Failure::Ended("the connection to Slack")) }
    })
    .await
}
