//! The owner record: two bots with the same keys, as two clusters with one Redis have them.

use chatops_bot::storage::StorageError;
use chatops_crds::{bot_config::RedisConfig, bot_report::FaultCode};
use serde_json::json;

use crate::{
    kept::{command, config, eventually, keep, outside},
    redis_server::RedisServer,
};

fn owned(server: &RedisServer, owner: &str) -> RedisConfig {
    RedisConfig { owner: Some(owner.into()), ..config(server, "prod/ops") }
}

const RECORD: &str = "chatops:{prod/ops}::owner";

#[tokio::test]
async fn keys_that_belong_to_another_bot_are_not_touched_until_they_are_released() {
    let server = RedisServer::start("");
    let first = keep(owned(&server, "one/prod/ops")).once_ready().await;
    first.storage.set("demo", "k", json!(1), None).await.unwrap();

    let mut second = keep(owned(&server, "two/prod/ops"));
    assert_eq!(second.fault(FaultCode::StorageInUse, "owner").await, "one/prod/ops");
    second.fault_with("keyPrefix", "prod/ops").await;
    let in_use = StorageError::InUse("one/prod/ops".into());
    assert_eq!(second.storage.get("demo", "k").await, Err(in_use.clone()));
    assert_eq!(second.storage.set("demo", "k", json!(2), None).await, Err(in_use.clone()));
    assert_eq!(second.storage.release().await, Err(in_use));

    // Another pod of the same bot, and a bot outside any cluster.
    let same = keep(owned(&server, "one/prod/ops")).once_ready().await;
    let nobody = keep(config(&server, "prod/ops")).once_ready().await;
    assert_eq!(same.storage.get("demo", "k").await, Ok(Some(json!(1))));
    assert_eq!(nobody.storage.get("demo", "k").await, Ok(Some(json!(1))));

    drop((first, same));
    nobody.storage.release().await.unwrap();
    second.recovers().await;
    assert_eq!(second.storage.get("demo", "k").await, Ok(Some(json!(1))));
    let record: String = command(&mut outside(&server).await, &format!("GET {RECORD}")).await;
    assert_eq!(record, "two/prod/ops");
}

#[tokio::test]
async fn a_bot_outside_any_cluster_claims_nothing() {
    let server = RedisServer::start("");
    let _nobody = keep(config(&server, "prod/ops")).once_ready().await;
    assert_eq!(command::<Vec<String>>(&mut outside(&server).await, "KEYS *").await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_record_that_was_flushed_is_written_again_and_one_of_another_bot_is_noticed() {
    let server = RedisServer::start("");
    let mut kept = keep(owned(&server, "one/prod/ops")).once_ready().await;
    let mut connection = outside(&server).await;
    let () = command(&mut connection, "FLUSHALL").await;
    eventually("it is claimed again", async || {
        let record: Option<String> = command(&mut connection, &format!("GET {RECORD}")).await;
        record.as_deref() == Some("one/prod/ops")
    })
    .await;
    let () = command(&mut connection, &format!("SET {RECORD} two/prod/ops")).await;
    assert_eq!(kept.fault(FaultCode::StorageInUse, "owner").await, "two/prod/ops");
    let in_use = StorageError::InUse("two/prod/ops".into());
    eventually("it is refused", async || kept.storage.get("p", "k").await == Err(in_use.clone())).await;
}

#[tokio::test]
async fn releasing_removes_the_record_of_this_bot_only() {
    let server = RedisServer::start("");
    let kept = keep(owned(&server, "one/prod/ops")).once_ready().await;
    let mut connection = outside(&server).await;
    let () = command(&mut connection, &format!("SET {RECORD} two/prod/ops")).await;
    // Noticed or not yet: the record of the other stays.
    let _ = kept.storage.release().await;
    assert_eq!(command::<String>(&mut connection, &format!("GET {RECORD}")).await, "two/prod/ops");
}
