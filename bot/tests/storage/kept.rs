//! A storage while its keeper runs, and what the tests wait for.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chatops_bot::storage::{Change, Embedded, Limits, Redis, Storage};
use chatops_crds::{
    bot_config::{EmbeddedConfig, RedisConfig, SecretSource},
    bot_report::{FaultCode, StorageReport},
};
use redis::{FromRedisValue, aio::MultiplexedConnection};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::redis_server::RedisServer;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Within which storage works again after the cause of a fault is gone, and what a busy machine adds.
pub const RECOVERY: Duration = Duration::from_secs(5 + 3);

/// A storage while it is kept.
pub struct Kept {
    pub storage: Arc<dyn Storage>,
    report: watch::Receiver<StorageReport>,
    _keeper: AbortOnDropHandle<()>,
}

pub fn keep(config: RedisConfig) -> Kept {
    keep_with(config, Limits::default())
}

pub fn keep_with(config: RedisConfig, limits: Limits) -> Kept {
    // The TLS library wants one provider per process.
    chatops_bot::adapter::slack::install_tls_provider();
    let redis = Redis::with_limits(config, limits);
    let keeper = redis.clone();
    kept(Arc::new(redis), async move |tell| keeper.run(tell).await)
}

pub fn keep_file(path: &Path, limits: Limits) -> Kept {
    let config = EmbeddedConfig { path: path.to_str().unwrap().into() };
    let embedded = Embedded::with_limits(&config, limits);
    let keeper = embedded.clone();
    kept(Arc::new(embedded), async move |tell| keeper.run(tell).await)
}

type Tell = Box<dyn Fn(StorageReport) + Send + Sync>;

fn kept<F: Future<Output = ()> + Send + 'static>(
    storage: Arc<dyn Storage>,
    keep: impl FnOnce(Tell) -> F,
) -> Kept {
    let (sender, report) = watch::channel(StorageReport::default());
    let tell = move |report| {
        sender.send_replace(report);
    };
    let task = tokio::spawn(keep(Box::new(tell)));
    Kept { storage, report, _keeper: AbortOnDropHandle::new(task) }
}

impl Kept {
    async fn until(&mut self, what: &str, patience: Duration, is: impl Fn(&StorageReport) -> bool) {
        let waited = timeout(patience, self.report.wait_for(|report| is(report))).await.map(|r| r.is_ok());
        assert_eq!(waited, Ok(true), "{what}: {:?}", self.report.borrow());
    }

    pub async fn once_ready(mut self) -> Self {
        self.until("it gets ready", PATIENCE, |report| report.ready && report.fault.is_none()).await;
        self
    }

    /// Waits for the fault, and returns its argument `arg`.
    pub async fn fault(&mut self, code: FaultCode, arg: &str) -> String {
        let is =
            |report: &StorageReport| !report.ready && report.fault.as_ref().is_some_and(|f| f.code == code);
        self.until(&format!("{code:?}"), PATIENCE, is).await;
        self.report.borrow().fault.as_ref().unwrap().arg(arg).to_owned()
    }

    /// Waits until a fault's argument `arg` is `value`.
    pub async fn fault_with(&mut self, arg: &str, value: &str) {
        let is = |report: &StorageReport| report.fault.as_ref().is_some_and(|fault| fault.arg(arg) == value);
        self.until(&format!("{arg} {value}"), PATIENCE, is).await;
    }

    pub async fn recovers(&mut self) {
        self.recovers_within(RECOVERY).await;
    }

    pub async fn recovers_within(&mut self, patience: Duration) {
        self.until("it recovers", patience, |report| report.ready && report.fault.is_none()).await;
        assert_eq!(self.storage.get("p", "absent").await, Ok(None));
    }
}

pub fn config(server: &RedisServer, key_prefix: &str) -> RedisConfig {
    RedisConfig::standalone(server.address(), key_prefix)
}

pub fn file(folder: &Path, name: &str, value: &str) -> SecretSource {
    let path = folder.join(name);
    fs::write(&path, value).unwrap();
    SecretSource::File(path.to_str().unwrap().into())
}

/// A connection that asks for nothing, for looking from outside.
pub async fn outside(server: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(format!("redis://{}", server.address())).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// The answer to a command whose words are separated by spaces.
pub async fn command<T: FromRedisValue>(connection: &mut MultiplexedConnection, words: &str) -> T {
    let mut words = words.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command.query_async(connection).await.unwrap()
}

/// Asks again and again until it is so.
pub async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is().await {
        assert!(start.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

fn add_one() -> Change<'static> {
    Box::new(|before| Some(json!(before.and_then(|value: Value| value.as_u64()).unwrap_or(0) + 1)))
}

/// Counts, and writes a value a time, until the end. How often it was acknowledged.
pub async fn count(storage: Arc<dyn Storage>, writer: usize, end: CancellationToken) -> u64 {
    let mut done = 0;
    while !end.is_cancelled() {
        storage.update("moving", "sum", add_one()).await.unwrap();
        storage.set("moving", &format!("{writer}/{done:05}"), json!(done), None).await.unwrap();
        done += 1;
    }
    done
}
