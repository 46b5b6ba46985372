//! `spec.storage`: where plugins keep data.

pub mod embedded;
pub mod managed_redis;
pub mod redis;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use embedded::Embedded;
pub use managed_redis::ManagedRedis;
pub use redis::{Redis, Topology};

/// Where plugins keep data. Nothing set: in memory, lost when the pod restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.redis), has(self.managedRedis), has(self.embedded), has(self.memory)].filter(set, set).size() <= 1").message("set at most one of redis, managedRedis, embedded, memory")
)]
pub struct Storage {
    /// A Redis or Valkey server that you run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,

    /// One Redis server that the operator runs for this bot: persistent, without replication or failover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_redis: Option<ManagedRedis>,

    /// A file on a volume of the bot's own pod: persistent, one pod, no server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<Embedded>,

    /// In the bot's memory, said on purpose: data are lost when the pod restarts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
}

/// Storage in memory has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {}

/// What becomes of a volume when its ChatBot is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The volume stays; a ChatBot of the same name takes it up again.
    #[default]
    Retain,
    /// The volume goes, and the data with it.
    Delete,
}

/// Size of a volume, e.g. `1Gi`.
fn volume_size(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 32,
        "x-kubernetes-validations": [{
            "rule": "isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
            "message": "must be an amount of storage, e.g. \"1Gi\"",
        }],
    })
}

fn default_volume_size() -> String {
    "1Gi".into()
}
