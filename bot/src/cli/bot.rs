//! A bot put together: storage, engine, configuration and HTTP server around an adapter, started, supervised and
//! stopped in order.

use std::{
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use chatops_crds::{bot_config::BotConfig, bot_report::StorageReport};
use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinError, JoinSet},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    follow::{compile, follow},
    output,
    signals::Signals,
    source::{LoadError, Loaded, Source},
};
use crate::{
    adapter::slack::{self, Needs},
    engine::{Engine, Program, Reader},
    inbox::Inbox,
    network::InvalidProxy,
    outbox::Outbox,
    report::{self, Facts, Metrics},
    secret,
    storage::{self, Storage},
};

/// How long an adapter may take to close its connections.
const ADAPTER_CLOSES: Duration = Duration::from_secs(3);

/// How long answers may take that are on their way at the end. With `ADAPTER_CLOSES` within the 15 s that a pod's
/// grace period adds to `commands.timeout`.
const FLUSH: Duration = Duration::from_secs(10);

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{0}: set it to the token of your Slack app (README, \"On your cluster, in your Slack\")")]
    Token(#[from] secret::Missing),
    #[error(transparent)]
    Slack(#[from] slack::SetupError),
    #[error(transparent)]
    Network(#[from] InvalidProxy),
    #[error("{0} of the checks failed")]
    Checks(usize),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error("cannot keep data in {folder}: {error}", folder = .folder.display())]
    Data { folder: PathBuf, error: io::Error },
    #[error("interrupted")]
    Interrupted,
    #[error("{0} ended unexpectedly")]
    Ended(&'static str),
    #[error("a part of the bot panicked: {0}")]
    Panicked(JoinError),
}

/// What a bot keeps beside its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeps {
    /// Commands that were not answered when it ended.
    Commands,
    /// Nothing: whoever talks with it begins anew.
    Nothing,
}

/// A bot before it runs.
pub(super) struct Bot {
    pub config: BotConfig,
    pub facts: Facts,
    pub metrics: Metrics,
    pub program: watch::Sender<Arc<Program>>,
    /// What the commands in force need of Slack.
    pub needs: Arc<watch::Sender<Needs>>,
    source: Source,
    hash: String,
    started: Instant,
}

impl Bot {
    /// Loads the configuration and compiles its commands. What does not work in it is shown.
    pub(super) fn load(source: Source) -> Result<Bot, Failure> {
        let loaded = load(&source)?;
        Ok(Bot::new(source, loaded))
    }

    /// A bot with what was loaded from `source`.
    pub(super) fn new(source: Source, loaded: Loaded) -> Bot {
        let (facts, metrics, started) = (Facts::new(), Metrics::new(), Instant::now());
        let program = watch::Sender::new(compile(&loaded, &facts));
        let needs = Arc::new(watch::Sender::new(Needs::of(&loaded.config)));
        Bot { config: loaded.config, facts, metrics, program, needs, source, hash: loaded.hash, started }
    }

    /// Runs with `adapter` until a signal, or until the adapter returns. What `adapter` is given: where messages go,
    /// and when to stop.
    pub(super) async fn run<A>(
        self,
        outbox: Outbox,
        keeps: Keeps,
        listen: Option<SocketAddr>,
        adapter: impl FnOnce(Inbox, CancellationToken) -> A,
    ) -> Result<(), Failure>
    where
        A: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let mut signals = Signals::listen().map_err(Failure::Runtime)?;
        let stop = CancellationToken::new();
        let mut parts = Parts::default();
        self.serve(listen, &mut parts).await?;
        let (storage, inbox) = self.open_storage(keeps, &mut parts);
        let mut engine = self.start_engine(storage, &inbox, &stop, outbox.clone(), &mut parts);
        let mut adapter = AbortOnDropHandle::new(tokio::spawn(adapter(inbox.clone(), stop.clone())));
        let outcome = tokio::select! {
            signal = signals.next() => {
                tracing::info!(signal, "stopping");
                Ok(())
            }
            ended = &mut adapter => ended.unwrap_or_else(|error| Err(Failure::Panicked(error))),
            ended = &mut engine => Err(unexpected(ended.map(|()| "the engine"))),
            ended = parts.next() => Err(unexpected(ended)),
        };
        let aborting = AbortOnDropHandle::new(tokio::spawn(signals.abort()));
        self.facts.shut_down();
        stop.cancel();
        if !adapter.is_finished() {
            // It closes its connections, or they break off.
            let _ = timeout(ADAPTER_CLOSES, &mut adapter).await;
        }
        inbox.close();
        if !engine.is_finished() {
            // It has a deadline of its own.
            let _ = engine.await;
        }
        if !outbox.flush(FLUSH).await {
            tracing::warn!("some answers were not delivered in time");
        }
        inbox.leave().await;
        drop(aborting);
        outcome
    }

    async fn serve(&self, listen: Option<SocketAddr>, parts: &mut Parts) -> Result<(), Failure> {
        let Some(address) = listen else { return Ok(()) };
        let listener =
            TcpListener::bind(address).await.map_err(|error| Failure::Listen { address, error })?;
        // It ends with the process: until then the operator wants to know.
        let (facts, metrics, end) = (self.facts.clone(), self.metrics.clone(), CancellationToken::new());
        parts.spawn("the HTTP server", async move {
            if let Err(error) = report::serve(listener, facts, metrics, end).await {
                tracing::error!(%error, "the HTTP server failed");
            }
        });
        Ok(())
    }

    fn start_engine(
        &self,
        storage: Arc<dyn Storage>,
        inbox: &Inbox,
        stop: &CancellationToken,
        outbox: Outbox,
        parts: &mut Parts,
    ) -> AbortOnDropHandle<()> {
        let engine = Engine {
            reader: self.reader(),
            storage,
            inbox: inbox.clone(),
            outbox,
            metrics: self.metrics.clone(),
        };
        let (source, hash, restart_hash) =
            (self.source.clone(), self.hash.clone(), self.config.restart_hash());
        parts.spawn(
            "the configuration",
            follow(source, hash, restart_hash, self.facts.clone(), self.program.clone(), self.needs.clone()),
        );
        let grace = self.program.borrow().timeout;
        AbortOnDropHandle::new(tokio::spawn(engine.run(stop.clone(), grace)))
    }

    /// Reads messages by the commands in force.
    pub(super) fn reader(&self) -> Reader {
        Reader { program: self.program.subscribe(), facts: self.facts.clone(), started: self.started }
    }

    /// Storage, and the inbox beside it.
    fn open_storage(&self, keeps: Keeps, parts: &mut Parts) -> (Arc<dyn Storage>, Inbox) {
        let facts = self.facts.clone();
        let report = move |storage: StorageReport| facts.update(|report| report.storage = storage);
        let opened = storage::open(&self.config.storage);
        let reader = self.reader();
        let meanings = Box::new(move |incoming: &_| reader.meaning(incoming));
        let inbox = match keeps {
            Keeps::Commands => Inbox::beside(&opened, meanings),
            Keeps::Nothing => Inbox::in_memory(meanings),
        };
        parts.spawn("storage", opened.keeper.run(report));
        (opened.storage, inbox)
    }
}

/// Loads the configuration, and shows what does not work in it.
pub(super) fn load(source: &Source) -> Result<Loaded, LoadError> {
    let loaded = source.load();
    match &loaded {
        Ok(Loaded { diagnostics, .. }) | Err(LoadError::Refused(diagnostics)) => {
            output::problems(diagnostics)
        }
        Err(_) => (),
    }
    loaded
}

fn unexpected(ended: Result<&'static str, JoinError>) -> Failure {
    ended.map_or_else(Failure::Panicked, Failure::Ended)
}

/// The parts of a bot that run until its very end. They end with it.
#[derive(Default)]
struct Parts {
    tasks: JoinSet<&'static str>,
}

impl Parts {
    fn spawn(&mut self, name: &'static str, part: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(async move {
            part.await;
            name
        });
    }

    /// The name of the next one that ends, which none should.
    async fn next(&mut self) -> Result<&'static str, JoinError> {
        match self.tasks.join_next().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }
}
