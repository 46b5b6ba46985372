//! One contract for every storage, and how Redis's faults are told and outlasted. Against a real redis-server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "support/redis_server.rs"]
mod redis_server;

use std::{fs, path::Path, sync::Arc, time::Duration};

use chatops_bot::storage::{Entry, Memory, Redis, Storage, StorageError};
use chatops_crds::{
    bot_config::{RedisConfig, SecretSource, TlsConfig},
    bot_report::{FaultCode, StorageReport},
};
use redis_server::{RedisServer, free_port};
use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};
use tokio_util::task::AbortOnDropHandle;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Within which storage works again after the cause of a fault is gone, and what a busy machine adds.
const RECOVERY: Duration = Duration::from_secs(5 + 3);

/// Storage in Redis while it is kept connected.
struct Kept {
    redis: Redis,
    report: watch::Receiver<StorageReport>,
    _keeper: AbortOnDropHandle<()>,
}

fn keep(config: RedisConfig) -> Kept {
    // The TLS library wants one provider per process.
    chatops_bot::adapter::slack::install_tls_provider();
    let redis = Redis::new(config);
    let (sender, report) = watch::channel(StorageReport::default());
    let keeper = redis.clone();
    let tell = move |report| {
        sender.send_replace(report);
    };
    let task = tokio::spawn(async move { keeper.run(tell).await });
    Kept { redis, report, _keeper: AbortOnDropHandle::new(task) }
}

impl Kept {
    async fn until(&mut self, what: &str, patience: Duration, is: impl Fn(&StorageReport) -> bool) {
        let waited = timeout(patience, self.report.wait_for(|report| is(report))).await.map(|r| r.is_ok());
        assert_eq!(waited, Ok(true), "{what}: {:?}", self.report.borrow());
    }

    async fn once_ready(mut self) -> Self {
        self.until("it gets ready", PATIENCE, |report| report.ready && report.fault.is_none()).await;
        self
    }

    /// Waits for the fault, and returns its argument `arg`.
    async fn fault(&mut self, code: FaultCode, arg: &str) -> String {
        let is =
            |report: &StorageReport| !report.ready && report.fault.as_ref().is_some_and(|f| f.code == code);
        self.until(&format!("{code:?}"), PATIENCE, is).await;
        self.report.borrow().fault.as_ref().unwrap().arg(arg).to_owned()
    }

    async fn recovers(&mut self) {
        self.until("it recovers", RECOVERY, |report| report.ready && report.fault.is_none()).await;
        assert_eq!(self.redis.get("p", "absent").await, Ok(None));
    }
}

fn config(address: String, key_prefix: &str) -> RedisConfig {
    let key_prefix = key_prefix.into();
    RedisConfig { address, database: 0, key_prefix, username: None, password: None, tls: None }
}

fn file(folder: &Path, name: &str, value: &str) -> SecretSource {
    let path = folder.join(name);
    fs::write(&path, value).unwrap();
    SecretSource::File(path.to_str().unwrap().into())
}

async fn keys(storage: &dyn Storage, plugin: &str, prefix: &str) -> Vec<String> {
    storage.list(plugin, prefix).await.unwrap().into_iter().map(|entry| entry.key).collect()
}

/// What every storage does; `other` is that of another bot.
async fn keeps_the_contract(storage: Arc<dyn Storage>, other: Arc<dyn Storage>) {
    a_value_is_set_read_replaced_and_deleted(&*storage).await;
    any_json_and_any_key_comes_back(&*storage).await;
    listing_is_by_prefix_and_in_the_order_of_keys(&*storage).await;
    plugins_and_bots_do_not_see_each_other(&*storage, &*other).await;
    concurrent_writers_lose_nothing(storage).await;
}

async fn a_value_is_set_read_replaced_and_deleted(storage: &dyn Storage) {
    assert_eq!(storage.get("demo", "colour").await, Ok(None));
    assert_eq!(storage.set("demo", "colour", json!("blue")).await, Ok(None));
    assert_eq!(storage.get("demo", "colour").await, Ok(Some(json!("blue"))));
    assert_eq!(storage.set("demo", "colour", json!("red")).await, Ok(Some(json!("blue"))));
    assert_eq!(storage.delete("demo", "colour").await, Ok(true));
    assert_eq!(storage.delete("demo", "colour").await, Ok(false));
    assert_eq!(storage.get("demo", "colour").await, Ok(None));
    assert_eq!(storage.list("demo", "").await, Ok(vec![]));
}

async fn any_json_and_any_key_comes_back(storage: &dyn Storage) {
    let values =
        [json!(null), json!(3.5), json!({"a": [1, "é"]}), json!(""), json!("two\nlines"), json!(true)];
    for value in values {
        storage.set("json", "k", value.clone()).await.unwrap();
        assert_eq!(storage.get("json", "k").await, Ok(Some(value)));
    }
    for key in ["žluťoučký kůň 🐎", "a b", "a:b:{c}", "[", "(", "-", "\n", "*"] {
        storage.set("keys", key, json!(key)).await.unwrap();
        assert_eq!(storage.get("keys", key).await, Ok(Some(json!(key))), "{key:?}");
        assert_eq!(keys(storage, "keys", key).await, [key], "{key:?}");
        assert_eq!(storage.delete("keys", key).await, Ok(true), "{key:?}");
    }
}

async fn listing_is_by_prefix_and_in_the_order_of_keys(storage: &dyn Storage) {
    for key in ["b", "a/2", "a/1", "ab", "é", "a"] {
        storage.set("list", key, json!(key)).await.unwrap();
    }
    assert_eq!(keys(storage, "list", "").await, ["a", "a/1", "a/2", "ab", "b", "é"]);
    assert_eq!(keys(storage, "list", "a/").await, ["a/1", "a/2"]);
    assert_eq!(keys(storage, "list", "x").await, [] as [&str; 0]);
    let entry = Entry { key: "é".into(), value: json!("é") };
    assert_eq!(storage.list("list", "é").await, Ok(vec![entry]));
}

async fn plugins_and_bots_do_not_see_each_other(storage: &dyn Storage, other: &dyn Storage) {
    storage.set("one", "k", json!(1)).await.unwrap();
    assert_eq!(storage.get("two", "k").await, Ok(None));
    assert_eq!(storage.list("two", "").await, Ok(vec![]));
    assert_eq!(storage.delete("two", "k").await, Ok(false));
    assert_eq!(other.get("one", "k").await, Ok(None));
    assert_eq!(other.list("one", "").await, Ok(vec![]));
    assert_eq!(other.set("one", "k", json!(2)).await, Ok(None));
    assert_eq!(storage.get("one", "k").await, Ok(Some(json!(1))));
}

/// Every write returns what another left: together the writers see each value once.
async fn concurrent_writers_lose_nothing(storage: Arc<dyn Storage>) {
    let writers: Vec<_> = (0..50)
        .map(|n| {
            let storage = storage.clone();
            tokio::spawn(async move {
                storage.set("race", &format!("own {n:02}"), json!(n)).await.unwrap();
                storage.set("race", "shared", json!(n)).await.unwrap()
            })
        })
        .collect();
    let mut seen: Vec<Value> = Vec::new();
    for writer in writers {
        seen.extend(writer.await.unwrap());
    }
    seen.extend(storage.get("race", "shared").await.unwrap());
    seen.sort_by_key(Value::as_i64);
    assert_eq!(seen, (0..50).map(Value::from).collect::<Vec<_>>());
    assert_eq!(keys(&*storage, "race", "own ").await.len(), 50);
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(Arc::new(Memory::new()), Arc::new(Memory::new())).await;
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let server = RedisServer::start("");
    let storage = keep(config(server.address(), "prod/ops")).once_ready().await;
    let other = keep(config(server.address(), "prod/ops2")).once_ready().await;
    keeps_the_contract(Arc::new(storage.redis.clone()), Arc::new(other.redis.clone())).await;
}

#[tokio::test]
async fn redis_with_a_password_and_another_database_keeps_the_contract() {
    let server = RedisServer::start("--requirepass correct-horse");
    let password = Some(file(server.folder.path(), "password", "correct-horse\n"));
    let one = RedisConfig { password, database: 3, ..config(server.address(), "prod/ops") };
    let other = RedisConfig { database: 4, ..one.clone() };
    let (one, other) = (keep(one).once_ready().await, keep(other).once_ready().await);
    keeps_the_contract(Arc::new(one.redis.clone()), Arc::new(other.redis.clone())).await;
}

#[tokio::test]
async fn redis_with_a_user_that_may_only_use_the_keys_of_the_bot_keeps_the_contract() {
    let user = "--user ops on >battery ~chatops:* +@read +@write +@transaction +@connection";
    let server = RedisServer::start(&format!("{user} --user default off"));
    let folder = server.folder.path();
    let credentials = RedisConfig {
        username: Some(file(folder, "username", "ops")),
        password: Some(file(folder, "password", "battery")),
        ..config(server.address(), "prod/ops")
    };
    let other = RedisConfig { key_prefix: "prod/other".into(), ..credentials.clone() };
    let (one, other) = (keep(credentials).once_ready().await, keep(other).once_ready().await);
    keeps_the_contract(Arc::new(one.redis.clone()), Arc::new(other.redis.clone())).await;
}

/// A certificate for 127.0.0.1 with its key, in `folder`.
fn certificate(folder: &Path, name: &str) -> [std::path::PathBuf; 2] {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let paths = [folder.join(format!("{name}.crt")), folder.join(format!("{name}.key"))];
    fs::write(&paths[0], made.cert.pem()).unwrap();
    fs::write(&paths[1], made.signing_key.serialize_pem()).unwrap();
    paths
}

fn trusting(address: String, ca: &Path) -> RedisConfig {
    let tls = Some(TlsConfig { ca_file: Some(ca.to_str().unwrap().into()) });
    RedisConfig { tls, ..config(address, "prod/ops") }
}

#[tokio::test]
async fn redis_over_tls_keeps_the_contract_and_an_untrusted_certificate_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate_file, key] = certificate(folder.path(), "server");
    let server = RedisServer::start_with_tls(&certificate_file, &key);
    let storage = keep(trusting(server.address(), &certificate_file)).once_ready().await;
    let other = RedisConfig { key_prefix: "other".into(), ..trusting(server.address(), &certificate_file) };
    let other = keep(other).once_ready().await;
    keeps_the_contract(Arc::new(storage.redis.clone()), Arc::new(other.redis.clone())).await;

    let [stranger, _] = certificate(folder.path(), "stranger");
    let mut untrusted = keep(trusting(server.address(), &stranger));
    assert_eq!(untrusted.fault(FaultCode::StorageUnreachable, "cause").await, "tls");
    fs::copy(&certificate_file, &stranger).unwrap();
    untrusted.recovers().await;
}

#[tokio::test]
async fn what_is_stored_is_plain_json_with_an_index_per_plugin() {
    let server = RedisServer::start("");
    let storage = keep(config(server.address(), "prod/ops")).once_ready().await;
    storage.redis.set("demo", "colour", json!("blue")).await.unwrap();
    let client = redis::Client::open(format!("redis://{}", server.address())).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut all: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    all.sort();
    assert_eq!(all, ["chatops:{prod/ops}:demo", "chatops:{prod/ops}:demo:colour"]);
    let stored: String = redis::cmd("GET").arg(&all[1]).query_async(&mut connection).await.unwrap();
    assert_eq!(stored, "\"blue\"");
    let () = redis::cmd("SET").arg(&all[1]).arg("by hand").query_async(&mut connection).await.unwrap();
    assert_eq!(storage.redis.get("demo", "colour").await, Ok(Some(json!("by hand"))));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_and_found_when_it_comes() {
    let port = free_port();
    let mut storage = keep(config(format!("127.0.0.1:{port}"), "prod/ops"));
    assert_eq!(storage.fault(FaultCode::StorageUnreachable, "cause").await, "refused");
    assert_eq!(storage.redis.get("p", "k").await, Err(StorageError::Unreachable));
    let _server = RedisServer::start_on(port, "");
    storage.recovers().await;
}

#[tokio::test]
async fn a_server_that_dies_is_told_and_found_when_it_comes_back() {
    let server = RedisServer::start("");
    let port = server.port;
    let mut storage = keep(config(server.address(), "prod/ops")).once_ready().await;
    drop(server);
    assert_eq!(storage.fault(FaultCode::StorageUnreachable, "cause").await, "refused");
    let _server = RedisServer::start_on(port, "");
    storage.recovers().await;
}

#[tokio::test]
async fn a_server_that_accepts_and_does_not_answer_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut storage = keep(config(listener.local_addr().unwrap().to_string(), "prod/ops"));
    assert_eq!(storage.fault(FaultCode::StorageUnreachable, "cause").await, "timeout");
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told() {
    let mut storage = keep(config("redis.invalid:6379".into(), "prod/ops"));
    assert_eq!(storage.fault(FaultCode::DnsUnresolvable, "host").await, "redis.invalid");
}

#[tokio::test]
async fn missing_and_wrong_credentials_are_told_and_taken_up_when_they_are_mended() {
    let server = RedisServer::start("--requirepass correct-horse");
    let path = server.folder.path().join("password");
    let source = SecretSource::File(path.to_str().unwrap().into());
    let mut storage = keep(RedisConfig { password: Some(source), ..config(server.address(), "prod/ops") });
    assert_eq!(storage.fault(FaultCode::StorageSecretNotFound, "key").await, "password");
    fs::write(&path, "wrong").unwrap();
    assert_eq!(storage.fault(FaultCode::StorageAuthFailed, "error").await, "WRONGPASS");
    fs::write(&path, "correct-horse").unwrap();
    storage.recovers().await;
}

#[tokio::test]
async fn credentials_that_should_be_there_or_should_not_are_told() {
    let server = RedisServer::start("--requirepass correct-horse");
    let mut without = keep(config(server.address(), "prod/ops"));
    assert_eq!(without.fault(FaultCode::StorageAuthFailed, "error").await, "NOAUTH");

    let open = RedisServer::start("");
    let password = Some(file(open.folder.path(), "password", "needless"));
    let mut with = keep(RedisConfig { password, ..config(open.address(), "prod/ops") });
    assert_eq!(with.fault(FaultCode::StorageAuthFailed, "error").await, "ERR");
}

#[tokio::test]
async fn a_user_without_rights_is_told() {
    let server = RedisServer::start("--user ops on >battery ~other:* +@all");
    let folder = server.folder.path();
    let mut storage = keep(RedisConfig {
        username: Some(file(folder, "username", "ops")),
        password: Some(file(folder, "password", "battery")),
        ..config(server.address(), "prod/ops")
    });
    assert_eq!(storage.fault(FaultCode::StorageAuthFailed, "error").await, "NOPERM");
}

#[tokio::test]
async fn a_rotated_password_is_taken_up_before_the_old_connection_ends() {
    let server = RedisServer::start("--user ops on >old >new ~* +@all --requirepass admin");
    let folder = server.folder.path();
    let mut storage = keep(RedisConfig {
        username: Some(file(folder, "username", "ops")),
        password: Some(file(folder, "password", "old")),
        ..config(server.address(), "prod/ops")
    })
    .once_ready()
    .await;
    let client = redis::Client::open(format!("redis://:admin@{}", server.address())).unwrap();
    let mut admin = client.get_multiplexed_async_connection().await.unwrap();
    let ids = async |admin: &mut redis::aio::MultiplexedConnection| -> Vec<String> {
        let list: String = redis::cmd("CLIENT").arg("LIST").query_async(admin).await.unwrap();
        let of_bot = list.lines().filter(|line| line.contains(" user=ops "));
        of_bot.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    let before = ids(&mut admin).await;
    fs::write(folder.join("password"), "new").unwrap();
    let start = std::time::Instant::now();
    while ids(&mut admin).await == before {
        assert!(start.elapsed() < PATIENCE, "the new password is not used");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    storage.recovers().await;
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_and_still_read() {
    let replica = RedisServer::start(&format!("--replicaof 127.0.0.1 {}", free_port()));
    let mut storage = keep(config(replica.address(), "prod/ops"));
    assert_eq!(storage.fault(FaultCode::StorageUnreachable, "cause").await, "readonly");
    assert_eq!(storage.redis.get("p", "k").await, Ok(None));
    assert_eq!(storage.redis.set("p", "k", json!(1)).await, Err(StorageError::Refused("READONLY".into())));

    let full = RedisServer::start("--maxmemory 1 --maxmemory-policy noeviction");
    let mut storage = keep(config(full.address(), "prod/ops"));
    assert_eq!(storage.fault(FaultCode::StorageUnreachable, "cause").await, "full");
    assert_eq!(storage.redis.set("p", "k", json!(1)).await, Err(StorageError::Refused("OOM".into())));
}

#[tokio::test]
async fn missing_certificates_to_trust_are_told() {
    let mut storage = keep(trusting("127.0.0.1:1".into(), Path::new("/nonexistent/ca.crt")));
    storage.fault(FaultCode::TrustedCaNotFound, "").await;
}
