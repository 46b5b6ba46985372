//! Kind `BotPlugin`: commands for the bots of a namespace.

pub mod argument;
pub mod command;
pub mod passive;
pub mod reaction;
pub mod status;
pub mod store;

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

pub use argument::{Argument, ArgumentType};
pub use command::Command;
pub use passive::Match;
pub use reaction::Reaction;
pub use status::BotPluginStatus;
pub use store::Store;

/// Commands for the bots of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.commands) && self.commands.size() > 0) || (has(self.matches) && self.matches.size() > 0) || (has(self.reactions) && self.reactions.size() > 0)").message("a plugin needs commands, matches or reactions")
)]
#[kube(
    group = "chatops.dev",
    version = "v1alpha1",
    kind = "BotPlugin",
    namespaced,
    status = "BotPluginStatus",
    derive = "PartialEq",
    shortname = "bp",
    category = "chatops",
    doc = "Commands for the ChatBots of the same namespace, declared without programming.",
    validation = Rule::new("self.metadata.name.size() <= 63 && !self.metadata.name.contains('.')").message("metadata.name must be at most 63 characters and must not contain '.': it is part of storage keys and of what people type after !help"),
    printcolumn(name = "Type", type_ = "string", json_path = ".status.type", description = "What runs the commands"),
    printcolumn(name = "Commands", type_ = "integer", json_path = ".status.commandCount", description = "Number of declared commands"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status", description = "True: at work in every bot that selects it"),
    printcolumn(name = "Status", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason", description = "Why it is ready or not"),
    printcolumn(name = "Bots", type_ = "string", json_path = ".status.summary.bots", description = "Bots it is at work in, of the bots that select it"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Message", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].message", priority = 1, description = "What happened and how to mend it"),
    cel
)]
pub struct BotPluginSpec {
    /// What the plugin is for, in one or two sentences; `!help` shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1000))]
    pub description: String,

    /// The commands, each with a name of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub commands: Vec<Command>,

    /// Answers to messages that are no command, where something is found in them. At most three are given to one message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub matches: Vec<Match>,

    /// Commands that are run by an emoji under a message, each by one of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["emoji"]))]
    pub reactions: Vec<Reaction>,
}
