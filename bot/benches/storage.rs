//! `make bench`: how many operations a second each storage does through its contract, as plugins use it.
//!
//! Every figure is printed; nothing here fails because a machine is slow.

#[path = "../tests/support/redis_server.rs"]
#[allow(
    dead_code,
    clippy::expect_used,
    reason = "a bench without its server fails by panicking, and needs a part of it"
)]
mod redis_server;

use std::{
    error::Error,
    future::Future,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chatops_bot::{
    adapter::slack::install_tls_provider,
    storage::{self, Storage, StorageError},
};
use chatops_crds::bot_config::{EmbeddedConfig, RedisConfig, STORE_FILE, StorageConfig};
use futures::future::try_join_all;
use redis_server::RedisServer;
use serde_json::json;

const PLUGIN: &str = "bench";
/// Values that are there while they are read, listed and changed.
const VALUES: usize = 10_000;
/// Values on a page of a list, of which there are fewer, since each is as much work as many of the others.
const PAGE: usize = 100;
const PAGES: usize = 200;
/// Operations in flight at once.
const IN_FLIGHT: [usize; 2] = [1, 16];
/// How long a storage may take to open.
const PATIENCE: Duration = Duration::from_secs(10);

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    install_tls_provider();
    let server = RedisServer::start("--appendonly yes --appendfsync everysec");
    let redis = RedisConfig::standalone(server.address(), "local/bench");
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(STORE_FILE).display().to_string();
    let mut out = io::stdout().lock();
    writeln!(out, "\n| storage | operations a second |\n|---|---|")?;
    for (name, config) in [
        ("memory", StorageConfig::Memory {}),
        ("Redis, everysec", StorageConfig::Redis(Box::new(redis))),
        ("embedded", StorageConfig::Embedded(EmbeddedConfig { path })),
    ] {
        let opened = storage::open(&config).ready(PATIENCE).await;
        let kept = opened.map_err(|fault| format!("{name} cannot be opened: {fault:?}"))?;
        for in_flight in IN_FLIGHT {
            for (operation, rate) in rates(&kept.storage, in_flight).await? {
                writeln!(out, "| {operation}, {in_flight} in flight, {name} | {rate:.0} |")?;
            }
        }
    }
    Ok(())
}

/// What each operation of the contract comes to. Leaves nothing behind.
async fn rates(
    storage: &Arc<dyn Storage>,
    in_flight: usize,
) -> Result<[(&'static str, f64); 5], StorageError> {
    let set = rate(in_flight, VALUES, |n| async move {
        storage.set(PLUGIN, &key(n), json!({"number": n}), None).await.map(drop)
    });
    let set = set.await?;
    let get = rate(in_flight, VALUES, |n| async move { storage.get(PLUGIN, &key(n)).await.map(drop) });
    let get = get.await?;
    let list = rate(in_flight, PAGES, |n| async move {
        let after = key(n * PAGE % (VALUES - PAGE));
        storage.list(PLUGIN, "", Some(&after), PAGE).await.map(drop)
    });
    let list = list.await?;
    let update = rate(in_flight, VALUES, |n| async move {
        storage.update(PLUGIN, &key(n), Box::new(move |_| Some(json!({"number": n + 1})))).await.map(drop)
    });
    let update = update.await?;
    let delete = rate(in_flight, VALUES, |n| async move { storage.delete(PLUGIN, &key(n)).await.map(drop) });
    let delete = delete.await?;
    Ok([("get", get), ("set", set), ("delete", delete), ("list of 100", list), ("update", update)])
}

fn key(number: usize) -> String {
    format!("value/{number:05}")
}

/// Does `operation` with the numbers below `total`, so many at a time, and returns how many it did a second.
async fn rate<F>(in_flight: usize, total: usize, operation: impl Fn(usize) -> F) -> Result<f64, StorageError>
where
    F: Future<Output = Result<(), StorageError>>,
{
    let (next, start) = (AtomicUsize::new(0), Instant::now());
    try_join_all((0..in_flight).map(|_| async {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= total {
                return Ok::<(), StorageError>(());
            }
            operation(number).await?;
        }
    }))
    .await?;
    Ok(total as f64 / start.elapsed().as_secs_f64())
}
