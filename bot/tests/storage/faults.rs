//! What keeps a server from being used, and that the bot outlasts it.

use chatops_bot::storage::StorageError;
use chatops_crds::{bot_config::RedisConfig, bot_report::FaultCode};
use serde_json::json;

use crate::{
    kept::{command, config, eventually, keep, outside},
    redis_server::{RedisServer, free_port},
};

#[tokio::test]
async fn a_server_that_is_not_there_is_told_and_found_when_it_comes() {
    let port = free_port();
    let mut kept = keep(RedisConfig::standalone(format!("127.0.0.1:{port}"), "prod/ops"));
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "refused");
    assert_eq!(kept.storage.get("p", "k").await, Err(StorageError::Unreachable));
    let _server = RedisServer::start_on(port, "");
    kept.recovers().await;
}

#[tokio::test]
async fn a_server_that_is_killed_is_told_and_has_every_acknowledged_write_when_it_is_back() {
    let mut server = RedisServer::start("--appendonly yes --appendfsync always");
    let mut kept = keep(config(&server, "prod/ops")).once_ready().await;
    let storage = kept.storage.clone();
    let writer = tokio::spawn(async move {
        let mut acknowledged = Vec::new();
        for n in 0.. {
            let key = format!("{n}");
            match storage.set("demo", &key, json!(n), None).await {
                Ok(_) => acknowledged.push(key),
                Err(_) => break,
            }
        }
        acknowledged
    });
    eventually("something is written", async || {
        kept.storage.get("demo", "20").await.is_ok_and(|value| value.is_some())
    })
    .await;
    server.kill();
    let acknowledged = writer.await.unwrap();
    kept.fault_with("cause", "refused").await;
    server.start_again("");
    kept.recovers().await;
    for key in acknowledged {
        assert!(kept.storage.get("demo", &key).await.unwrap().is_some(), "{key} is lost");
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_does_not_answer_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut kept = keep(RedisConfig::standalone(address, "prod/ops"));
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "timeout");
}

#[tokio::test]
async fn a_server_that_stops_answering_is_told_and_recovered_from() {
    let server = RedisServer::start("--enable-debug-command yes");
    let mut kept = keep(config(&server, "prod/ops")).once_ready().await;
    let mut connection = outside(&server).await;
    let sleeping = tokio::spawn(async move {
        let _ = redis::cmd("DEBUG").arg("SLEEP").arg(6).exec_async(&mut connection).await;
    });
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "timeout");
    sleeping.await.unwrap();
    kept.recovers_within(crate::kept::PATIENCE).await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told() {
    let mut kept = keep(RedisConfig::standalone("redis.invalid:6379", "prod/ops"));
    assert_eq!(kept.fault(FaultCode::DnsUnresolvable, "host").await, "redis.invalid");
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_told_and_still_read() {
    let replica = RedisServer::start(&format!("--replicaof 127.0.0.1 {}", free_port()));
    let mut kept = keep(config(&replica, "prod/ops"));
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "readonly");
    assert_eq!(kept.storage.get("p", "k").await, Ok(None));
    assert_eq!(kept.storage.list("p", "", None, 10).await.map(|page| page.entries), Ok(vec![]));
    let refused = Err(StorageError::Refused("READONLY".into()));
    assert_eq!(kept.storage.set("p", "k", json!(1), None).await, refused);
    let () = command(&mut outside(&replica).await, "REPLICAOF NO ONE").await;
    kept.recovers().await;
}

#[tokio::test]
async fn a_server_that_is_full_is_told_still_read_and_recovered_from() {
    let server = RedisServer::start("--maxmemory-policy noeviction");
    let mut kept = keep(config(&server, "prod/ops")).once_ready().await;
    kept.storage.set("p", "k", json!(1), None).await.unwrap();
    let mut connection = outside(&server).await;
    let () = command(&mut connection, "CONFIG SET maxmemory 1").await;
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "full");
    let refused = Err(StorageError::Refused("OOM".into()));
    assert_eq!(kept.storage.set("p", "k", json!(2), None).await, refused);
    assert_eq!(kept.storage.get("p", "k").await, Ok(Some(json!(1))), "nothing was changed by half");
    assert_eq!(kept.storage.delete("p", "k").await, Ok(true), "what is deleted makes room");
    let () = command(&mut connection, "CONFIG SET maxmemory 0").await;
    kept.recovers().await;
}

#[tokio::test]
async fn a_server_that_loads_its_data_is_told_and_waited_for() {
    let mut server = RedisServer::start("--enable-debug-command yes --key-load-delay 0");
    let () = command(&mut outside(&server).await, "DEBUG POPULATE 20000").await;
    let () = command(&mut outside(&server).await, "SAVE").await;
    // 20,000 keys at 200 µs.
    server.start_again("--key-load-delay 200 --loading-process-events-interval-bytes 1024");
    let mut kept = keep(config(&server, "prod/ops"));
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "loading");
    kept.recovers_within(crate::kept::PATIENCE).await;
}

#[tokio::test]
async fn a_database_that_the_server_does_not_have_is_told() {
    let server = RedisServer::start("--databases 4");
    let mut kept = keep(RedisConfig { database: 4, ..config(&server, "prod/ops") });
    assert_eq!(kept.fault(FaultCode::StorageDatabaseInvalid, "database").await, "4");
}
