//! A ChatBot and the BotPlugins around it → the catalogue of commands, and *all* problems at once.
//!
//! The operator, `chatops-bot validate` and `chatops-bot dev` give the same verdict because they call this.

mod conflicts;

use std::cmp::Ordering;

use kube::{
    ResourceExt,
    core::{Selector, SelectorExt},
};

use crate::{
    BotPlugin, ChatBot,
    bot_plugin::{Command, Match, Reaction},
    shared::conditions::Reason,
};

/// Commands of the bot itself; a plugin cannot take their names.
pub const BUILT_IN_COMMANDS: &[&str] =
    &["about", "apropos", "echo", "help", "history", "ping", "plugins", "status", "uptime", "whoami"];

/// What a bot loads, and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolution {
    /// The selected plugins in the order of their names, each with the commands that are this bot's.
    pub plugins: Vec<SelectedPlugin>,
    pub problems: Vec<Problem>,
}

/// A plugin that the bot selects.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectedPlugin {
    /// Name of the BotPlugin.
    pub name: String,
    /// `metadata.generation`; 0 without a cluster.
    pub generation: i64,
    pub description: String,
    /// The bot is not ready without it.
    pub required: bool,
    /// Its commands without those that another plugin keeps.
    pub commands: Vec<Command>,
    pub matches: Vec<Match>,
    pub reactions: Vec<Reaction>,
}

/// Something a person has to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The selector has an operator that does not exist, or values where none belong.
    #[error(
        "spec.plugins.selector is invalid: {error}. Use matchLabels, or matchExpressions with In, NotIn, Exists or DoesNotExist"
    )]
    InvalidSelector { error: String },

    /// A required plugin does not exist.
    #[error(
        "spec.plugins.required names BotPlugin \"{plugin}\", which does not exist in this namespace: create it, or take its name from the list"
    )]
    RequiredPluginNotFound { plugin: String },

    /// A required plugin exists and is not selected.
    #[error(
        "spec.plugins.required names BotPlugin \"{plugin}\", which spec.plugins.selector does not select: give it the labels that the selector asks for, or take its name from the list"
    )]
    RequiredPluginNotSelected { plugin: String },

    /// Another plugin keeps the command.
    #[error(
        "BotPlugin \"{plugin}\": command \"{command}\" belongs to BotPlugin \"{winner}\", which is older: rename one of the two, or select only one of the plugins"
    )]
    CommandConflict { plugin: String, command: String, winner: String },

    /// The command is built in.
    #[error("BotPlugin \"{plugin}\": command \"{command}\" is built into the bot: choose another name")]
    CommandBuiltIn { plugin: String, command: String },
}

impl Problem {
    /// Reason of the condition that tells it.
    pub fn reason(&self) -> Reason {
        match self {
            Problem::InvalidSelector { .. } => Reason::InvalidSpec,
            Problem::RequiredPluginNotFound { .. } | Problem::RequiredPluginNotSelected { .. } => {
                Reason::RequiredPluginMissing
            }
            Problem::CommandConflict { .. } | Problem::CommandBuiltIn { .. } => Reason::CommandConflict,
        }
    }

    /// The plugin it is about; none if it is the ChatBot's own.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            Problem::InvalidSelector { .. } => None,
            Problem::RequiredPluginNotFound { plugin }
            | Problem::RequiredPluginNotSelected { plugin }
            | Problem::CommandConflict { plugin, .. }
            | Problem::CommandBuiltIn { plugin, .. } => Some(plugin),
        }
    }

    /// Nothing can be built before it is mended.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Problem::InvalidSelector { .. })
    }
}

impl Resolution {
    /// Number of commands of all plugins.
    pub fn command_count(&self) -> usize {
        self.plugins.iter().map(|plugin| plugin.commands.len()).sum()
    }
}

/// Resolves `bot` against `plugins`, which are all BotPlugins of its namespace, in any order.
pub fn resolve<'a>(bot: &ChatBot, plugins: impl IntoIterator<Item = &'a BotPlugin>) -> Resolution {
    let mut problems = Vec::new();
    let selector = selector(bot).unwrap_or_else(|error| {
        problems.push(Problem::InvalidSelector { error });
        None
    });
    let (mut selected, others): (Vec<_>, Vec<_>) = plugins
        .into_iter()
        .filter(|plugin| plugin.metadata.deletion_timestamp.is_none())
        .partition(|plugin| selector.as_ref().is_none_or(|s| s.matches(plugin.labels())));
    selected.sort_by(|a, b| oldest_first(a, b));

    let required = &bot.spec.plugins.required;
    for plugin in required.iter().filter(|r| selected.iter().all(|p| p.name_any() != r.0)) {
        let plugin = plugin.0.clone();
        problems.push(if others.iter().any(|p| p.name_any() == plugin) {
            Problem::RequiredPluginNotSelected { plugin }
        } else {
            Problem::RequiredPluginNotFound { plugin }
        });
    }

    let mut plugins = conflicts::settle(&selected, &mut problems);
    for plugin in &mut plugins {
        plugin.required = required.iter().any(|r| r.0 == plugin.name);
    }
    plugins.sort_by(|a, b| a.name.cmp(&b.name));
    Resolution { plugins, problems }
}

/// Whether `bot` selects `plugin`; an invalid selector selects nothing.
pub fn selects(bot: &ChatBot, plugin: &BotPlugin) -> bool {
    selector(bot).is_ok_and(|selector| selector.is_none_or(|s| s.matches(plugin.labels())))
}

fn selector(bot: &ChatBot) -> Result<Option<Selector>, String> {
    let selector = bot.spec.plugins.selector.clone();
    selector.map(Selector::try_from).transpose().map_err(|error| error.to_string())
}

/// The order in which plugins keep a command: creation time, then name.
fn oldest_first(a: &BotPlugin, b: &BotPlugin) -> Ordering {
    let key = |p: &BotPlugin| (p.metadata.creation_timestamp.clone().map(|time| time.0), p.name_any());
    key(a).cmp(&key(b))
}
