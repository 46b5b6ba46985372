//! `spec.plugins`: which BotPlugins a bot loads.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::names;

/// Which BotPlugins of the namespace a bot loads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plugins {
    /// Labels of the BotPlugins to load. Default: every BotPlugin of the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,

    /// Names of plugins without which the bot is not ready. Any other plugin that fails only turns `PluginsLoaded`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub required: Vec<PluginName>,
}

/// Name of a BotPlugin of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PluginName(#[schemars(schema_with = "names::object_name")] pub String);
