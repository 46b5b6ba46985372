//! What the operator remembers of its change, in an annotation of the very ConfigMap that it changed.
//!
//! There it is written together with the change, in one request, and survives a restart of the operator, which would
//! otherwise begin anew to put back what somebody takes away. Add-on managers merge, and keep annotations that they do
//! not know; for one that replaces the whole object the process also has the record in memory. Only where both are lost
//! at once is a change put back more often than twice. The annotation goes with the last ChatBot that asks.

use k8s_openapi::api::core::v1::ConfigMap;
use serde::{Deserialize, Serialize};

use super::stub_zones::StubZones;

/// Name of the annotation.
pub const ANNOTATION: &str = "chatops.dev/cluster-dns";

/// How often a change that others take back is made again.
pub const MOST_REVERTS: u32 = 2;

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// What was written.
    #[serde(flatten)]
    pub stub: StubZones,
    /// How often it was written again because somebody had taken it back.
    #[serde(default)]
    pub reverts: u32,
    /// Names resolved worse with it, and it was taken out.
    #[serde(default)]
    pub rolled_back: bool,
    /// The key did not exist before.
    #[serde(default)]
    pub created_key: bool,
}

impl Record {
    /// The record that `config_map` carries; none if it has none or one that cannot be read.
    pub fn of(config_map: &ConfigMap) -> Option<Self> {
        serde_json::from_str(config_map.metadata.annotations.as_ref()?.get(ANNOTATION)?).ok()
    }
}

/// Whether `config_map` carries a record, readable or not.
pub fn is_on(config_map: &ConfigMap) -> bool {
    config_map.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(ANNOTATION))
}

/// Sets or removes the record of `config_map`.
pub fn set(config_map: &mut ConfigMap, record: Option<&Record>) {
    let annotations = config_map.metadata.annotations.get_or_insert_default();
    match record.and_then(|record| serde_json::to_string(record).ok()) {
        Some(text) => annotations.insert(ANNOTATION.into(), text),
        None => annotations.remove(ANNOTATION),
    };
    if annotations.is_empty() {
        config_map.metadata.annotations = None;
    }
}
