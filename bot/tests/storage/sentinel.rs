//! Servers behind sentinels, everything encrypted and with passwords, through a failover.

use std::time::Duration;

use chatops_bot::storage::list_all;
use chatops_crds::{bot_config::RedisConfig, bot_report::FaultCode, chat_bot::storage::Topology};
use serde_json::json;

use crate::{
    back_ends::redis_keeps_the_contract,
    certificates::Certificates,
    kept::{PATIENCE, file, keep},
    redis_server::{RedisServer, free_port},
};

/// A master, a replica and three sentinels.
pub struct World {
    certificates: Certificates,
    master: RedisServer,
    replica: RedisServer,
    sentinels: Vec<RedisServer>,
}

impl World {
    pub fn start() -> World {
        let certificates = Certificates::make();
        let secret = "--requirepass correct-horse --masterauth correct-horse --tls-replication yes --repl-diskless-sync-delay 0";
        let server = |more: &str| {
            RedisServer::start_with_tls(&format!("{} {secret} {more}", certificates.arguments("yes")))
        };
        let master = server("--min-replicas-to-write 1 --min-replicas-max-lag 2");
        let replica = server(&format!("--replicaof 127.0.0.1 {}", master.port));
        let sentinel = |_| {
            let port = free_port();
            RedisServer::start_sentinel(
                port,
                &format!(
                    "port 0\ntls-port {port}\n{}\ntls-replication yes\nrequirepass battery\nsentinel sentinel-pass battery\n\
                 sentinel monitor ops 127.0.0.1 {} 2\nsentinel auth-pass ops correct-horse\n\
                 sentinel down-after-milliseconds ops 1000\nsentinel failover-timeout ops 5000",
                    certificates.directives("yes"),
                    master.port
                ),
            )
        };
        let sentinels = (0..3).map(sentinel).collect();
        World { certificates, master, replica, sentinels }
    }

    pub fn config(&self) -> RedisConfig {
        let folder = self.certificates.folder.path();
        RedisConfig {
            topology: Topology::Sentinel,
            addresses: self.sentinels.iter().map(RedisServer::address).collect(),
            master: Some("ops".into()),
            owner: Some("one/prod/ops".into()),
            password: Some(file(folder, "password", "correct-horse")),
            sentinel_password: Some(file(folder, "sentinel-password", "battery")),
            tls: Some(self.certificates.shown()),
            ..RedisConfig::standalone("", "prod/ops")
        }
    }
}

#[tokio::test]
async fn redis_behind_sentinels_keeps_the_contract_and_every_replicated_write_through_a_failover() {
    let mut world = World::start();
    let mut kept = redis_keeps_the_contract(world.config()).await;
    for n in 0..100 {
        kept.storage.set("before", &format!("{n:03}"), json!(n), None).await.unwrap();
    }
    // What is acknowledged is sent to the replica, not yet received by it.
    let caught_up = async || {
        let info = outside(&world).await;
        info.contains("state=online") && offsets_agree(&info)
    };
    crate::kept::eventually("the replica has it", caught_up).await;
    world.master.kill();
    kept.fault(FaultCode::StorageUnreachable, "cause").await;
    kept.recovers_within(PATIENCE).await;
    let left = list_all(&*kept.storage, "before", "").await.unwrap();
    assert_eq!(left.len(), 100);
    kept.storage.set("after", "k", json!(1), None).await.unwrap();
    drop(world.replica);
}

/// What the master says of its replicas.
async fn outside(world: &World) -> String {
    let output = tokio::process::Command::new("redis-cli")
        .args(["-p", &world.master.port.to_string(), "--tls", "-a", "correct-horse", "--no-auth-warning"])
        .args(["--cert".into(), world.certificates.path("tls.crt")])
        .args(["--key".into(), world.certificates.path("tls.key")])
        .args(["--cacert".into(), world.certificates.path("ca.crt")])
        .args(["INFO", "replication"])
        .output()
        .await
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn offsets_agree(info: &str) -> bool {
    let number = |start: &str| {
        let rest = &info[info.find(start)? + start.len()..];
        rest[..rest.find(|c: char| !c.is_ascii_digit())?].parse::<u64>().ok()
    };
    number("offset=").is_some() && number("offset=") == number("master_repl_offset:")
}

#[tokio::test]
async fn a_master_that_the_sentinels_do_not_know_and_wrong_credentials_of_theirs_are_told() {
    let world = World::start();
    let mut kept = keep(RedisConfig { master: Some("nobody".into()), ..world.config() });
    assert_eq!(kept.fault(FaultCode::StorageMasterUnknown, "master").await, "nobody");
    let mut kept = keep(RedisConfig { sentinel_password: None, ..world.config() });
    assert_eq!(kept.fault(FaultCode::StorageAuthFailed, "error").await, "NOAUTH");
    let wrong = Some(file(world.certificates.folder.path(), "wrong", "wrong"));
    let mut kept = keep(RedisConfig { sentinel_password: wrong, ..world.config() });
    assert_eq!(kept.fault(FaultCode::StorageAuthFailed, "address").await, world.sentinels[0].address());
}

#[tokio::test]
async fn a_sentinel_that_is_gone_delays_nothing() {
    let mut world = World::start();
    let config = world.config();
    world.sentinels[0].kill();
    let start = std::time::Instant::now();
    keep(config).once_ready().await;
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}
