//! `status` of a ChatBot.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator observed of a ChatBot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatBotStatus {
    /// The `metadata.generation` this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Pods that exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Label selector of the pods, for the scale subresource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Figures for `kubectl get`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// The Slack side, as Slack told the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackStatus>,
    /// Where plugins keep data: `Memory`, `Redis`, `ManagedRedis` or `Embedded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Version of the running bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// State of each selected plugin, by name; at most 64 (the summary counts all).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub plugins: Vec<PluginStatus>,
    /// `Ready` and what it is made of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// Figures for `kubectl get`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Available pods of the wanted ones, as `1/1`.
    #[serde(default)]
    pub pods: String,
    /// Plugins at work of the selected ones, as `4/5`.
    #[serde(default)]
    pub plugins: String,
    /// Commands of the loaded plugins.
    #[serde(default)]
    pub commands: i32,
}

/// The Slack side of a bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackStatus {
    /// Name of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// The bot's name in Slack, as `@ops`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_user: Option<String>,
    /// Open Socket Mode connections of all pods.
    #[serde(default)]
    pub connections: i32,
    /// Scopes the app lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_scopes: Vec<String>,
}

/// State of one plugin in one bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PluginStatus {
    /// Name of the BotPlugin.
    pub name: String,
    /// `Loaded`, `Pending` or `Failed`.
    pub state: PluginState,
    /// Why it is not loaded, or which of its commands are not at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How far a plugin got in a bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PluginState {
    /// The bot has not reported it yet.
    #[default]
    Pending,
    /// All its commands are at work.
    Loaded,
    /// Some or all of its commands are not at work.
    Failed,
}
