//! `spec.storage.managedRedis`: one Redis server that the operator runs.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{DeletionPolicy, default_volume_size, volume_size};
use crate::shared::names;

/// Longest name of a ChatBot with a managed Redis: `<name>-redis` is a StatefulSet, whose pods carry a label of its
/// name and 11 characters more, and labels hold 63 (Kubernetes docs, "Labels and Selectors").
pub const MAX_CHAT_BOT_NAME: usize = 46;

/// One Redis server that the operator runs for this bot, with an append-only file on a persistent volume that is
/// written every second. It has neither replicas nor failover: while its pod moves, commands that need storage say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManagedRedis {
    /// Size of the volume. It can grow where the storage class allows it, and never shrinks.
    #[serde(default = "default_volume_size")]
    #[schemars(schema_with = "volume_size")]
    pub size: String,

    /// Storage class of the volume. Default: the cluster's. It cannot be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "names::object_name")]
    pub storage_class_name: Option<String>,

    /// Image with `redis-server` and `redis-cli`, 6.2 or newer. Default: the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    pub image: Option<String>,

    /// What becomes of the volume and the password when the ChatBot is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}
