//! `spec.commands`: how commands are typed and how long they may run.

use std::time::Duration;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::durations;

/// How commands are typed and how long they may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.addressedBy.size() > 0 || has(self.slashCommand)").message("nobody could call the bot: name a way in addressedBy, or set slashCommand")
)]
pub struct Commands {
    /// How people call the bot, besides `slashCommand`. Default: in every way.
    #[serde(default = "every_way")]
    #[schemars(length(max = 3), extend("x-kubernetes-list-type" = "set"))]
    pub addressed_by: Vec<Addressed>,

    /// Slack's slash command that calls the bot, e.g. `/ops`: then `/ops help` is the same as `!help`. The Slack app has to
    /// have it, as it has if it was made from what `chatops-bot slack-manifest` prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 32))]
    #[x_kube(
        validation = Rule::new("self.matches('^/[a-z0-9_-]+$')").message("must be '/' and then lower case letters, digits, '-' and '_', e.g. \"/ops\"")
    )]
    pub slash_command: Option<String>,

    /// What a command starts with in a channel, e.g. `!`. Mentions of the bot and direct messages need none.
    #[serde(default = "prefix")]
    #[schemars(length(min = 1, max = 10))]
    #[x_kube(
        validation = Rule::new("self.matches('^[^\\\\s/@#<>&`*_~][^\\\\s<>&`*_~]*$')").message("prefix must not contain spaces or Slack's mark-up (< > & ` * _ ~), nor start with /, @ or #, which Slack takes for itself")
    )]
    pub prefix: String,

    /// Other ways to call the bot in a channel, e.g. `Hey ops,` or `ops`, in upper or lower case. Behind one that ends
    /// with a letter or a digit stands `:`, `,` or `;`, or white space if a command follows that the bot has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(min = 1, max = 30)), extend("x-kubernetes-list-type" = "set"))]
    #[x_kube(
        validation = Rule::new("self.all(p, p.matches('^[^\\\\s/@#<>&`*_~]([^<>&`*_~\\\\n]*[^\\\\s<>&`*_~])?$'))").message("alternatePrefixes must not start or end with a space, contain Slack's mark-up (< > & ` * _ ~), nor start with /, @ or #, which Slack takes for itself")
    )]
    pub alternate_prefixes: Vec<String>,

    /// Other words for commands, for example `k` for `kubectl get`. A command that has the same name comes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub aliases: Vec<Alias>,

    /// What happens to an unknown command in a channel. Mentions and direct messages are always answered.
    #[serde(default)]
    pub unknown_command: UnknownCommand,

    /// How long one command may run before it is stopped and says so.
    #[serde(default = "timeout")]
    #[schemars(schema_with = "durations::duration")]
    pub timeout: String,
}

/// Another word for a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Alias {
    /// What is typed: one to four words.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9][-a-z0-9]*( [a-z0-9][-a-z0-9]*){0,3}$')").message("must be one to four words of lower case letters, digits and '-', with single spaces between, e.g. \"k\"")
    )]
    pub name: String,

    /// What it stands for: a command, and arguments if it always has some. What is typed behind the name follows it.
    #[schemars(length(min = 1, max = 300))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9]')").message("must start with the name of a command, without prefix")
    )]
    pub command: String,
}

/// A way to call the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Addressed {
    /// `prefix` or one of `alternatePrefixes`, in a channel.
    Prefix,
    /// A mention of the bot at the start, as in `@ops help`.
    Mention,
    /// A direct message, without prefix. Without it, direct messages need the prefix as those in a channel do.
    DirectMessage,
}

/// What happens to an unknown command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UnknownCommand {
    /// It is answered, with the commands that were probably meant.
    #[default]
    Suggest,
    /// Nothing, as where several bots have the same prefix.
    Ignore,
}

/// Default of `timeout`, also for a value that predates the schema's pattern.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// The default of `addressedBy`.
pub fn every_way() -> Vec<Addressed> {
    vec![Addressed::Prefix, Addressed::Mention, Addressed::DirectMessage]
}

fn prefix() -> String {
    "!".into()
}

fn timeout() -> String {
    "5m".into()
}

impl Default for Commands {
    fn default() -> Self {
        Self {
            addressed_by: every_way(),
            slash_command: None,
            prefix: prefix(),
            alternate_prefixes: Vec::new(),
            aliases: Vec::new(),
            unknown_command: UnknownCommand::default(),
            timeout: timeout(),
        }
    }
}

impl Commands {
    /// `timeout` as a duration; five minutes if it is not one.
    pub fn timeout(&self) -> Duration {
        durations::parse(&self.timeout).unwrap_or(DEFAULT_TIMEOUT)
    }
}
