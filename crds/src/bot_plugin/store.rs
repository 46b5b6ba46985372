//! Action `store`: a plugin's own storage.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reads or writes the plugin's own storage. In the reply, `result` is the outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.set), has(self.get), has(self.delete), has(self.list)].filter(x, x).size() == 1").message("set exactly one of set, get, delete, list")
)]
pub struct Store {
    /// Write a value. `result` is the value before, or undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Set>,
    /// Read a value. `result` is the value, or undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub get: Option<Key>,
    /// Remove a value. `result` is true if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<Key>,
    /// List values by key. `result` is a list of `{key, value}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<List>,
}

/// Writes `value` under `key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Set {
    /// Template of the key.
    #[schemars(length(min = 1, max = 1000))]
    pub key: String,
    /// Template of the value.
    #[schemars(length(max = 10000))]
    pub value: String,
}

/// Names one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// Template of the key.
    #[schemars(length(min = 1, max = 1000))]
    pub key: String,
}

/// Lists values in the order of their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct List {
    /// Template of what the keys start with. Default: all keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub prefix: Option<String>,
}
