//! Kind `ChatBot`: one bot, connected to one chat platform.

pub mod commands;
pub mod dns;
pub mod network;
pub mod plugins;
pub mod pod;
pub mod replies;
pub mod slack;
pub mod status;
pub mod storage;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use commands::Commands;
pub use dns::Dns;
pub use network::Network;
pub use plugins::Plugins;
pub use pod::Pod;
pub use replies::Replies;
pub use slack::Slack;
pub use status::ChatBotStatus;
pub use storage::Storage;

/// What bot to run, and how it reaches its chat platform, its plugins and its storage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "chatops.dev",
    version = "v1alpha1",
    kind = "ChatBot",
    namespaced,
    status = "ChatBotStatus",
    derive = "PartialEq",
    shortname = "cb",
    shortname = "bot",
    category = "chatops",
    doc = "A chat bot: apply one and it answers in Slack. BotPlugins of the same namespace give it commands.",
    validation = Rule::new("self.metadata.name.size() <= 52 && !self.metadata.name.contains('.')").message("metadata.name must be at most 52 characters and must not contain '.': the names of the bot's objects are made from it"),
    validation = Rule::new("!has(self.spec.storage) || !has(self.spec.storage.managedRedis) || self.metadata.name.size() <= 46").message("metadata.name must be at most 46 characters with storage.managedRedis: the names of its objects are made from it"),
    validation = Rule::new("self.spec.replicas <= 1 || (has(self.spec.storage) && (has(self.spec.storage.redis) || has(self.spec.storage.managedRedis)))").message("replicas must be at most 1 without storage.redis or storage.managedRedis: several pods know of each other's commands by a storage that they share"),
    validation = Rule::new("self.spec.replicas > 8 || self.spec.replicas * self.spec.slack.connectionsPerPod <= 8").message("replicas times slack.connectionsPerPod must be at most 8: Slack allows an app 10 connections, and a rollout and a refresh need some more for a while"),
    scale(
        spec_replicas_path = ".spec.replicas",
        status_replicas_path = ".status.replicas",
        label_selector_path = ".status.selector"
    ),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "True: a message typed now will be answered"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why the bot is ready or not"),
    printcolumn(name = "Pods", type_ = "string", json_path = ".status.summary.pods", description = "Available pods of the wanted ones"),
    printcolumn(name = "Plugins", type_ = "string", json_path = ".status.summary.plugins", description = "Plugins at work of the selected ones"),
    printcolumn(name = "Workspace", type_ = "string", json_path = ".status.slack.workspace", description = "The Slack workspace the bot is connected to"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Prefix", type_ = "string", json_path = ".spec.commands.prefix", priority = 1, description = "What commands start with"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".status.storage", priority = 1, description = "Where plugins keep their data"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.version", priority = 1, description = "Version of the running bot"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].message", priority = 1, description = "What happened and how to mend it"),
    cel
)]
pub struct ChatBotSpec {
    /// Stop the bot and keep everything else. Its pods go; its data and its configuration stay.
    #[serde(default)]
    pub suspend: bool,

    /// Number of pods. 0 is the same as `suspend: true`; more than 1 need `storage.redis` or `storage.managedRedis`, by
    /// which they share the work: every command is run by one of them.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 100))]
    #[x_kube(
        validation = Rule::new("self <= 8").message("replicas must be at most 8: Slack allows an app 10 connections, and a rollout and a refresh need one more each")
    )]
    pub replicas: i32,

    /// Container image of the bot. Default: the bot of the operator's own version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    pub image: Option<String>,

    /// The Slack app this bot speaks through.
    pub slack: Slack,

    /// How commands are typed and how long they may run.
    #[serde(default)]
    pub commands: Commands,

    /// Who sees what the bot answers, and where.
    #[serde(default)]
    pub replies: Replies,

    /// Which BotPlugins of this namespace the bot loads. Default: all of them.
    #[serde(default)]
    pub plugins: Plugins,

    /// Where plugins keep data. Default: in memory, lost when the pod restarts.
    #[serde(default)]
    pub storage: Storage,

    /// How the bot's pods resolve names. The default avoids the search list for names such as `slack.com`.
    #[serde(default)]
    pub dns: Dns,

    /// The way out of the cluster, where it is not open.
    #[serde(default)]
    pub network: Network,

    /// Placement, size and labels of the bot's pods.
    #[serde(default)]
    pub pod: Pod,
}

fn one() -> i32 {
    1
}

impl ChatBotSpec {
    /// Pods that should run: none while suspended.
    pub fn wanted_replicas(&self) -> i32 {
        if self.suspend { 0 } else { self.replicas }
    }
}
