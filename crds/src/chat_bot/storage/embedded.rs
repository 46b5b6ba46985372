//! `spec.storage.embedded`: a database file on a volume of the bot's pod.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::{DeletionPolicy, default_volume_size, volume_size};
use crate::shared::names;

/// A file on a persistent volume of the bot's own pod. Only one pod can have it open: a rollout stops the old pod
/// before it starts the new one, and what is typed meanwhile is answered when the new one is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Embedded {
    /// Size of the volume. It can grow where the storage class allows it, and never shrinks.
    #[serde(default = "default_volume_size")]
    #[schemars(schema_with = "volume_size")]
    pub size: String,

    /// Storage class of the volume. Default: the cluster's. It cannot be changed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "names::object_name")]
    pub storage_class_name: Option<String>,

    /// What becomes of the volume when the ChatBot is deleted.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}
