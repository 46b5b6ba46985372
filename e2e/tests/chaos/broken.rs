//! Bots that lack one of the things by which commands are neither lost nor doubled. They are made of the shipped bot's
//! parts, and differ from it in nothing else.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use chatops_bot::{
    adapter::slack::{Needs, Slack, install_tls_provider},
    chat::MessageKey,
    engine::{Engine, Program, Reader},
    inbox::{
        Inbox, Terms,
        ledger::{Batch, Ledger, Operation, Outcome},
        redis::InRedis,
    },
    network::Network,
    outbox::Outbox,
    report::{Facts, Metrics},
    storage::{Redis, Storage, StorageError},
};
use chatops_crds::bot_config::{SecretSource, StorageConfig};
use chatops_e2e::{local, slack::Simulator};
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::{
    runtime::Runtime,
    sync::watch,
    time::{Duration, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{PATIENCE, replicas::NOTES};

/// What is wrong with a bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    None,
    /// It acknowledges what it stores later.
    AcknowledgesFirst,
    /// It does not know a message again.
    TakesTwice,
    /// It goes on with what belongs to another replica.
    HeedsNoFence,
}

/// How much later.
const LATER: Duration = PATIENCE;

/// A bot in this process. Dropping it ends it as a crash does.
pub struct Bot {
    runtime: Option<Runtime>,
    outbox: Outbox,
    cut_off: watch::Sender<bool>,
    _tokens: TempDir,
}

impl Bot {
    /// A bot with the commands of the crowd.
    pub fn start(slack: &Simulator, storage: &local::Redis, defect: Defect) -> Bot {
        install_tls_provider();
        let runtime = Runtime::new().expect("a runtime");
        let entered = runtime.enter();
        let mut config = local::configuration(slack, storage.storage(), NOTES).expect("it is valid");
        let tokens = tempfile::tempdir().expect("a folder");
        let token = |name: &str, token: String| {
            let file = tokens.path().join(name);
            fs::write(&file, token).expect("a token is written");
            SecretSource::File(file.display().to_string())
        };
        config.slack.bot_token = token("bot", slack.bot_token());
        config.slack.app_token = token("app", slack.app_token());
        let StorageConfig::Redis(redis) = &config.storage else { panic!("{:?}", config.storage) };
        let redis = Redis::new((**redis).clone());
        let (facts, metrics) = (Facts::new(), Metrics::new());
        let program = watch::Sender::new(Arc::new(Program::load(&config).0));
        let reader = Reader { program: program.subscribe(), facts: facts.clone(), started: Instant::now() };
        let cut_off = watch::Sender::new(false);
        let (terms, taken) = (Terms::default(), AtomicUsize::new(0));
        let ledger = InRedis::new(redis.clone(), terms);
        let broken = Broken { ledger, defect, cut_off: cut_off.subscribe(), taken };
        let meanings = reader.clone();
        let meanings = Box::new(move |incoming: &_| meanings.meaning(incoming));
        let inbox = Inbox::over(Arc::new(broken), terms, meanings);
        let network = Arc::new(Network::new(&config.network).expect("no proxy"));
        let (slack, (_, needs)) = (config.slack.clone(), watch::channel(Needs::of(&config)));
        let adapter =
            Slack::new(slack, needs, Arc::new(reader.clone()), network, facts.clone(), metrics.clone())
                .expect("an address");
        let outbox = Outbox::start(adapter.sender(), metrics.clone());
        let engine = Engine {
            reader,
            storage: Arc::new(redis.clone()),
            inbox: inbox.clone(),
            outbox: outbox.clone(),
            metrics,
        };
        let stop = CancellationToken::new();
        runtime.spawn(async move { redis.run(|_| ()).await });
        runtime.spawn(engine.run(stop.clone(), PATIENCE));
        runtime.spawn(adapter.run(inbox, stop));
        drop(entered);
        Bot { runtime: Some(runtime), outbox, cut_off, _tokens: tokens }
    }

    /// Whether it reaches the place where commands are kept.
    pub fn is_cut_off(&self, is_so: bool) {
        self.cut_off.send_replace(is_so);
    }

    /// Returns once nothing that it has to say is on its way.
    pub async fn has_said_everything(&self) {
        assert!(self.outbox.flush(PATIENCE).await, "it has more to say");
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The place where commands are kept, with a defect.
struct Broken {
    ledger: InRedis,
    defect: Defect,
    cut_off: watch::Receiver<bool>,
    /// Messages that were taken.
    taken: AtomicUsize,
}

impl Broken {
    async fn run(&self, batch: &Batch) -> Result<Vec<Outcome>, StorageError> {
        // It ends with the bot.
        let _ = self.cut_off.clone().wait_for(|cut_off| !cut_off).await;
        match self.defect {
            Defect::None => self.ledger.apply(batch).await,
            Defect::AcknowledgesFirst => self.acknowledge_first(batch).await,
            Defect::TakesTwice => self.ledger.apply(&self.renamed(batch)).await,
            Defect::HeedsNoFence => self.heed_no_fence(batch).await,
        }
    }

    async fn acknowledge_first(&self, batch: &Batch) -> Result<Vec<Outcome>, StorageError> {
        let is_new = |operation: &Operation| matches!(operation, Operation::Accept { .. });
        let (new, others): (Vec<_>, Vec<_>) = batch.operations.iter().cloned().partition(is_new);
        self.store_later(new);
        let others = Batch { operations: others, ..batch.clone() };
        let outcomes =
            if others.operations.is_empty() { Vec::new() } else { self.ledger.apply(&others).await? };
        let mut outcomes = outcomes.into_iter();
        let outcome = |operation| {
            if is_new(operation) { Outcome::Queued } else { outcomes.next().unwrap_or(Outcome::Gone) }
        };
        Ok(batch.operations.iter().map(outcome).collect())
    }

    fn store_later(&self, new: Vec<Operation>) {
        if new.is_empty() {
            return;
        }
        let operations = [vec![Operation::Join], new, vec![Operation::Leave]].concat();
        let session = format!("later-{}", self.taken.fetch_add(1, Relaxed));
        let (ledger, batch) = (self.ledger.clone(), Batch { session, number: 1, operations });
        tokio::spawn(async move {
            sleep(LATER).await;
            ledger.apply(&batch).await
        });
    }

    fn renamed(&self, batch: &Batch) -> Batch {
        let mut batch = batch.clone();
        for operation in &mut batch.operations {
            if let Operation::Accept { incoming, run, .. } = operation {
                // It gets the command back with its new name.
                *run = false;
                incoming.key = MessageKey(format!("{}+{}", incoming.key, self.taken.fetch_add(1, Relaxed)));
            }
        }
        batch
    }

    async fn heed_no_fence(&self, batch: &Batch) -> Result<Vec<Outcome>, StorageError> {
        let mut outcomes = self.ledger.apply(batch).await?;
        if outcomes.first() == Some(&Outcome::Gone) {
            let operations = [&[Operation::Join], &batch.operations[..]].concat();
            outcomes = self.ledger.apply(&Batch { operations, ..batch.clone() }).await?;
            outcomes.remove(0);
        }
        let heedless = |(operation, outcome): (&Operation, Outcome)| match (operation, outcome) {
            (Operation::Start(_), Outcome::Fenced) => Outcome::Noted,
            (_, Outcome::Fenced) => Outcome::Next(None),
            (_, outcome) => outcome,
        };
        Ok(batch.operations.iter().zip(outcomes).map(heedless).collect())
    }
}

impl Ledger for Broken {
    fn apply<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<Outcome>, StorageError>> {
        Box::pin(self.run(batch))
    }

    fn outlasts(&self) -> bool {
        self.ledger.outlasts()
    }

    fn guarded(&self, session: &str, key: &MessageKey) -> Option<Arc<dyn Storage>> {
        self.ledger.guarded(session, key)
    }
}
