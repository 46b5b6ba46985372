//! How keys are laid out in Redis: people look at them, and what foreign keys there are must not matter.

use std::time::{Duration, Instant};

use chatops_bot::storage::{Storage, list_all};
use serde_json::json;

use crate::{
    kept::{PATIENCE, command, config, eventually, keep, outside},
    redis_server::RedisServer,
};

#[tokio::test]
async fn what_is_stored_is_plain_json_with_an_index_per_plugin() {
    let server = RedisServer::start("");
    let kept = keep(config(&server, "prod/ops")).once_ready().await;
    kept.storage.set("demo", "colour", json!("blue"), None).await.unwrap();
    let mut connection = outside(&server).await;
    let mut all: Vec<String> = command(&mut connection, "KEYS *").await;
    all.sort();
    let [plugins, index, value] =
        ["chatops:{prod/ops}::plugins", "chatops:{prod/ops}:demo", "chatops:{prod/ops}:demo:colour"];
    assert_eq!(all, [plugins, index, value]);
    assert_eq!(command::<String>(&mut connection, &format!("GET {value}")).await, "\"blue\"");
    let () = redis::cmd("SET").arg(value).arg("by hand").query_async(&mut connection).await.unwrap();
    assert_eq!(kept.storage.get("demo", "colour").await, Ok(Some(json!("by hand"))));
    let changed = kept.storage.update("demo", "colour", Box::new(|_| Some(json!(1)))).await;
    assert_eq!(changed, Ok(Some(json!(1))), "what is no JSON can be changed all the same");
}

#[tokio::test]
async fn a_key_whose_value_ran_out_leaves_the_index_when_it_is_listed() {
    let server = RedisServer::start("");
    let kept = keep(config(&server, "prod/ops")).once_ready().await;
    let short = Some(Duration::from_millis(50));
    kept.storage.set("demo", "colour", json!("blue"), short).await.unwrap();
    eventually("it goes", async || kept.storage.get("demo", "colour").await == Ok(None)).await;
    assert_eq!(list_all(&*kept.storage, "demo", "").await, Ok(vec![]));
    assert_eq!(kept.storage.plugins().await, Ok(vec![]));
    let left: Vec<String> = command(&mut outside(&server).await, "KEYS *").await;
    assert_eq!(left, [] as [&str; 0]);
}

async fn time_of_listing(storage: &dyn Storage) -> Duration {
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(list_all(storage, "demo", "").await.unwrap().len(), 200);
    }
    start.elapsed()
}

#[tokio::test]
async fn listing_beside_a_million_foreign_keys_is_as_fast_as_without() {
    let server = RedisServer::start("--enable-debug-command yes");
    let mut kept = keep(config(&server, "prod/ops")).once_ready().await;
    for n in 0..200 {
        kept.storage.set("demo", &format!("{n}"), json!(n), None).await.unwrap();
    }
    let alone = time_of_listing(&*kept.storage).await;
    let mut connection = outside(&server).await;
    connection.set_response_timeout(Duration::from_secs(60));
    let () = command(&mut connection, "DEBUG POPULATE 1000000 chatops:{prod/ops2}:demo 10").await;
    assert!(command::<u64>(&mut connection, "DBSIZE").await > 1_000_000);
    // Making them took longer than a server may be silent.
    kept.recovers_within(PATIENCE).await;
    let beside = time_of_listing(&*kept.storage).await;
    // Walking a million keys takes a hundred times as long as all of this; what a busy machine adds is less.
    assert!(beside < 5 * alone + Duration::from_millis(500), "{alone:?} alone, {beside:?} beside a million");
}
