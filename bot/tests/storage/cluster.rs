//! A Redis Cluster, while the bot's slot moves from one server to another, and while a server dies.

use std::time::Duration;

use chatops_bot::storage::list_all;
use chatops_crds::{bot_config::RedisConfig, bot_report::FaultCode, chat_bot::storage::Topology};
use serde_json::json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    back_ends::redis_keeps_the_contract,
    kept::{PATIENCE, command, count, eventually, keep, outside},
    redis_server::{RedisServer, free_port},
};

/// Three servers with the slots, and one without.
pub struct Cluster {
    servers: Vec<RedisServer>,
}

impl Cluster {
    pub async fn start() -> Cluster {
        let buses: Vec<u16> = (0..4).map(|_| free_port()).collect();
        let start = |bus: &u16| {
            let cluster = "--cluster-enabled yes --cluster-node-timeout 1000 --repl-diskless-sync-delay 0";
            RedisServer::start(&format!("{cluster} --cluster-port {bus}"))
        };
        let cluster = Cluster { servers: buses.iter().map(start).collect() };
        for (n, range) in ["0 5461", "5462 10922", "10923 16383"].iter().enumerate() {
            let () = cluster.tell(n, &format!("CLUSTER ADDSLOTSRANGE {range}")).await;
        }
        for (server, bus) in cluster.servers.iter().zip(&buses).skip(1) {
            let () = cluster.tell(0, &format!("CLUSTER MEET 127.0.0.1 {} {bus}", server.port)).await;
        }
        for n in 0..4 {
            eventually("the cluster is one", async || {
                let info: String = cluster.tell(n, "CLUSTER INFO").await;
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:4")
            })
            .await;
        }
        cluster
    }

    async fn tell<T: redis::FromRedisValue>(&self, server: usize, words: &str) -> T {
        command(&mut outside(&self.servers[server]).await, words).await
    }

    pub fn config(&self) -> RedisConfig {
        RedisConfig {
            topology: Topology::Cluster,
            addresses: self.servers[..2].iter().map(RedisServer::address).collect(),
            owner: Some("one/prod/ops".into()),
            ..RedisConfig::standalone("", "prod/ops")
        }
    }

    async fn slot(&self) -> u16 {
        self.tell(0, "CLUSTER KEYSLOT chatops:{prod/ops}").await
    }

    /// The server that has the bot's slot.
    async fn owner(&self) -> usize {
        usize::from(self.slot().await) * 3 / 16_384
    }

    async fn id(&self, server: usize) -> String {
        self.tell(server, "CLUSTER MYID").await
    }

    /// Moves the slot as `redis-cli --cluster reshard` does, a few keys at a time.
    async fn migrate(&self, slot: u16, from: usize, to: usize) {
        let (from_id, to_id) = (self.id(from).await, self.id(to).await);
        let () = self.tell(to, &format!("CLUSTER SETSLOT {slot} IMPORTING {from_id}")).await;
        let () = self.tell(from, &format!("CLUSTER SETSLOT {slot} MIGRATING {to_id}")).await;
        let mut connection = outside(&self.servers[from]).await;
        loop {
            let keys: Vec<String> =
                command(&mut connection, &format!("CLUSTER GETKEYSINSLOT {slot} 20")).await;
            if keys.is_empty() {
                break;
            }
            let mut migrate = redis::cmd("MIGRATE");
            migrate
                .arg("127.0.0.1")
                .arg(self.servers[to].port)
                .arg("")
                .arg(0)
                .arg(5_000)
                .arg("KEYS")
                .arg(keys);
            let () = migrate.query_async(&mut connection).await.unwrap();
            // What a slow link takes: commands meet keys that are here and keys that are there.
            sleep(Duration::from_millis(20)).await;
        }
        for server in [to, from, (to + 1) % 3, (to + 2) % 3] {
            let () = self.tell(server, &format!("CLUSTER SETSLOT {slot} NODE {to_id}")).await;
        }
    }
}

#[tokio::test]
async fn redis_in_a_cluster_keeps_the_contract_and_loses_nothing_while_its_slot_moves() {
    let cluster = Cluster::start().await;
    let mut kept = redis_keeps_the_contract(cluster.config()).await;
    let (slot, from) = (cluster.slot().await, cluster.owner().await);
    for n in 0..300 {
        kept.storage.set("before", &format!("{n:03}"), json!(n), None).await.unwrap();
    }
    let end = CancellationToken::new();
    let writers: Vec<_> = (0..5).map(|n| tokio::spawn(count(kept.storage.clone(), n, end.clone()))).collect();
    cluster.migrate(slot, from, (from + 1) % 3).await;
    cluster.migrate(slot, (from + 1) % 3, from).await;
    end.cancel();
    let mut sum = 0;
    for writer in writers {
        sum += writer.await.unwrap();
    }
    assert_eq!(kept.storage.get("moving", "sum").await, Ok(Some(json!(sum))));
    assert_eq!(list_all(&*kept.storage, "moving", "").await.unwrap().len() as u64, sum + 1);
    assert_eq!(list_all(&*kept.storage, "before", "").await.unwrap().len(), 300);
    kept.recovers().await;
}

#[tokio::test]
async fn a_server_of_the_cluster_that_dies_is_replaced_by_its_replica() {
    let mut cluster = Cluster::start().await;
    let mut kept = keep(cluster.config()).once_ready().await;
    let owner = cluster.owner().await;
    let id = cluster.id(owner).await;
    let () = cluster.tell(3, &format!("CLUSTER REPLICATE {id}")).await;
    for n in 0..50 {
        kept.storage.set("before", &format!("{n}"), json!(n), None).await.unwrap();
    }
    eventually("the replica has it", async || {
        let info: String = cluster.tell(3, "INFO replication").await;
        let keys: u64 = cluster.tell(3, "DBSIZE").await;
        info.contains("master_link_status:up") && keys == cluster.tell::<u64>(owner, "DBSIZE").await
    })
    .await;
    cluster.servers[owner].kill();
    kept.fault(FaultCode::StorageUnreachable, "cause").await;
    kept.recovers_within(PATIENCE).await;
    assert_eq!(list_all(&*kept.storage, "before", "").await.unwrap().len(), 50);
    kept.storage.set("after", "k", json!(1), None).await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_used_as_one_server_is_told() {
    let cluster = Cluster::start().await;
    let foreign = (cluster.owner().await + 1) % 3;
    let address = cluster.servers[foreign].address();
    let mut kept = keep(RedisConfig::standalone(address, "prod/ops"));
    kept.fault_with("detail", "MOVED: this is a Redis Cluster, which needs topology: Cluster").await;
}
