//! How a simulator is set up and started. Each runs on a runtime of its own, so that it goes on answering while a test
//! blocks, and ends with everything it holds when it is dropped.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{any, get, post},
};
use rustls::ServerConfig;

use super::{
    control,
    handle::Slack,
    origin::{Hosts, Origin},
    page, server,
    shared::{Settings, Shared},
    simulator::Simulator,
    socket_mode, web_api,
    workspace::{ChannelKind, Token, Workspace},
    world::World,
};

/// Environment variables that give the tokens.
pub const BOT_TOKEN_VARIABLE: &str = "SLACK_BOT_TOKEN";
/// Environment variable that gives the app-level token.
pub const APP_TOKEN_VARIABLE: &str = "SLACK_APP_TOKEN";

/// Messages kept per channel, and entries of the journal.
const RETENTION: usize = 10_000;
/// Largest upload.
const LARGEST_BODY: usize = 100 * 1024 * 1024;
/// Threads of a simulator's own runtime.
const WORKERS: usize = 2;

/// Sets up a [`Simulator`].
#[derive(Debug)]
pub struct Builder {
    listener: io::Result<Option<TcpListener>>,
    bot_name: String,
    bot_token: Option<String>,
    app_token: Option<String>,
    scopes: Option<Vec<String>>,
    channels: Vec<(String, ChannelKind, bool)>,
    unsubscribed: Vec<String>,
    rate_limits: bool,
    retention: usize,
    settings: Settings,
    tls: Option<Arc<ServerConfig>>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listener: Ok(None),
            bot_name: "ops".to_owned(),
            bot_token: None,
            app_token: None,
            scopes: None,
            channels: Vec::new(),
            unsubscribed: Vec::new(),
            rate_limits: true,
            retention: RETENTION,
            settings: Settings {
                time_factor: 1.0,
                ack_deadline: Duration::from_secs(3),
                ping_interval: Duration::from_secs(10),
                hosts: None,
            },
            tls: None,
        }
    }
}

impl Builder {
    /// Serve on a listener that is bound already, for example inside of another network namespace. Where
    /// [`Fault::RefuseConnections`](super::Fault::RefuseConnections) is used, bind it to an explicit port: one bound to
    /// port 0 loses its port when it stops listening.
    #[must_use]
    pub fn listener(self, listener: TcpListener) -> Self {
        Self { listener: Ok(Some(listener)), ..self }
    }

    /// Serve on this address; port 0 picks a free one. Without it: a free port of 127.0.0.1.
    #[must_use]
    pub fn bind(self, address: SocketAddr) -> Self {
        Self { listener: server::bind(address).map(Some), ..self }
    }

    /// Serve with TLS. Every link then leads to one of `hosts`, which the certificate must name and which must lead to
    /// the listener's address.
    #[must_use]
    pub fn tls(mut self, config: ServerConfig, hosts: Hosts) -> Self {
        self.settings.hosts = Some(hosts);
        Self { tls: Some(Arc::new(config)), ..self }
    }

    /// Name of the app and its bot, `ops` if not given.
    #[must_use]
    pub fn bot_name(self, name: &str) -> Self {
        Self { bot_name: name.to_owned(), ..self }
    }

    /// The bot token, random if not given.
    #[must_use]
    pub fn bot_token(self, token: impl Into<String>) -> Self {
        Self { bot_token: Some(token.into()), ..self }
    }

    /// The app-level token, random if not given.
    #[must_use]
    pub fn app_token(self, token: impl Into<String>) -> Self {
        Self { app_token: Some(token.into()), ..self }
    }

    /// Takes tokens from `SLACK_BOT_TOKEN` and `SLACK_APP_TOKEN` where they are set.
    #[must_use]
    pub fn tokens_from_environment(self) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|token| !token.is_empty());
        Self {
            bot_token: variable(BOT_TOKEN_VARIABLE).or(self.bot_token),
            app_token: variable(APP_TOKEN_VARIABLE).or(self.app_token),
            ..self
        }
    }

    /// Exactly these scopes instead of a ChatOps bot's usual ones.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        Self { scopes: Some(scopes.into_iter().map(Into::into).collect()), ..self }
    }

    /// One more channel (name without `#`), with alice, bob, carol and the bot in it.
    #[must_use]
    pub fn channel(mut self, name: &str, kind: ChannelKind) -> Self {
        self.channels.push((name.to_owned(), kind, true));
        self
    }

    /// One more channel without the bot.
    #[must_use]
    pub fn channel_without_bot(mut self, name: &str, kind: ChannelKind) -> Self {
        self.channels.push((name.to_owned(), kind, false));
        self
    }

    /// Leaves an event subscription (`message.channels`, `app_mention`) out of the app.
    #[must_use]
    pub fn without_subscription(mut self, event: &str) -> Self {
        self.unsubscribed.push(event.to_owned());
        self
    }

    /// Whether rate limits apply; they do unless switched off.
    #[must_use]
    pub fn rate_limits(self, enabled: bool) -> Self {
        Self { rate_limits: enabled, ..self }
    }

    /// Divides Slack's long waits (redelivery after one and five minutes, ten seconds after a warning): with 60, a
    /// minute is a second. Acknowledgement deadline and rate limits stay as they are.
    #[must_use]
    pub fn time_factor(mut self, factor: f64) -> Self {
        self.settings.time_factor = factor;
        self
    }

    /// How long an acknowledgement may take; Slack's 3 s if not given.
    #[must_use]
    pub fn ack_deadline(mut self, deadline: Duration) -> Self {
        self.settings.ack_deadline = deadline;
        self
    }

    /// How often every socket is pinged; 10 s if not given.
    #[must_use]
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.settings.ping_interval = interval;
        self
    }

    /// Messages kept per channel and entries kept in the journal; 10,000 if not given.
    #[must_use]
    pub fn retention(self, messages: usize) -> Self {
        Self { retention: messages, ..self }
    }

    fn workspace(&self) -> Workspace {
        let mut workspace = Workspace::new(&self.bot_name);
        let app = &mut workspace.app;
        if let Some(token) = &self.bot_token {
            app.bot_token = Token::new(token.clone());
        }
        if let Some(token) = &self.app_token {
            app.app_token = Token::new(token.clone());
        }
        if let Some(scopes) = &self.scopes {
            app.scopes = scopes.iter().cloned().collect();
        }
        for event in &self.unsubscribed {
            app.subscriptions.remove(event);
        }
        for (name, kind, with_bot) in &self.channels {
            let bot = if *with_bot { self.bot_name.as_str() } else { "" };
            workspace.add_channel(name, *kind, &["alice", "bob", "carol", bot]);
        }
        workspace
    }

    /// Starts it. The simulator answers from the moment this returns until it is dropped.
    ///
    /// # Errors
    /// The address cannot be bound, or no thread can be started.
    pub async fn start(self) -> anyhow::Result<Simulator> {
        let workspace = self.workspace();
        let listener = match self.listener.context("cannot bind the Slack simulator's address")? {
            Some(listener) => listener,
            None => server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?,
        };
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("slack-simulator")
            .enable_all()
            .build()?;
        let origin =
            self.settings.hosts.as_ref().map_or_else(|| Origin::at(&address.to_string()), Hosts::origin);
        let world = World::new(workspace, self.rate_limits, self.retention, origin);
        let shared = Arc::new(Shared::new(self.settings, runtime.handle().clone(), world));
        runtime.spawn(server::serve(listener, self.tls, router(&shared), shared.gate.subscribe()));
        Ok(Simulator::new(Slack::new(shared), address, runtime))
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/api/{method}", any(web_api::handle))
        .route("/link/", get(socket_mode::link))
        .route("/upload/v1/{id}/{secret}", any(web_api::files::upload))
        .route("/files-pri/{id}/{*name}", get(web_api::files::download))
        .route("/commands/{team}/{number}/{secret}", post(web_api::response_url))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Arc::clone(shared))
        .merge(page::router())
        .nest("/control", control::router(Slack::new(Arc::clone(shared))))
}
