//! Commands with which other bots are administered, and which people type here too. What Kubernetes or Slack has in hand is
//! answered with what to type there. A plugin may have a command of the same name, which comes first.

use chatops_crds::bot_plugin::{Argument, ArgumentType, Command};

/// A command of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    Backup,
    Flow,
    Flows,
    LogTail,
    PluginConfig,
    PluginInfo,
    PluginReload,
    PluginRemove,
    Plugins,
    PluginInstall,
    PluginSearch,
    PluginUninstall,
    PluginUpdate,
    Restart,
    RoomCreate,
    RoomDestroy,
    RoomInvite,
    RoomJoin,
    RoomLeave,
    RoomList,
    RoomOccupants,
    RoomTopic,
    Shutdown,
}

use Admin as A;

impl Admin {
    /// Name of the first argument of most of them.
    pub const NAME: &str = "name";

    /// Name of the argument of [`Admin::LogTail`].
    pub const LINES: &str = "lines";

    /// What is typed, in alphabetical order; what it is for; and its arguments as help shows them.
    const ALL: [(Admin, &str, &str, &str); 33] = [
        (A::Backup, "backup", "How to save what I keep", ""),
        (A::Flow, "flows kill", "End a flow of somebody", "<user> <name>"),
        (A::Flows, "flows list", "Which flows there are", ""),
        (A::Flow, "flows show", "What a flow does", "<name>"),
        (A::Flow, "flows start", "Start a flow", "<name>"),
        (A::Flows, "flows status", "Which flows run", ""),
        (A::Flow, "flows stop", "End a flow", "[name]"),
        (A::LogTail, "log tail", "How to read my log", "[lines:Integer]"),
        (A::PluginInstall, "plugin activate", "How to add a plugin", "<name>"),
        (A::PluginRemove, "plugin blacklist", "How to take a plugin away", "<name>"),
        (A::PluginConfig, "plugin config", "How to change a plugin", "<name> [config…]"),
        (A::PluginRemove, "plugin deactivate", "How to take a plugin away", "<name>"),
        (A::PluginInfo, "plugin info", "What a plugin has, and what does not work in it", "<name>"),
        (A::Plugins, "plugin list", "Which plugins I have", ""),
        (A::PluginReload, "plugin reload", "How I take up changes of a plugin", "<name>"),
        (A::PluginInstall, "plugin unblacklist", "How to add a plugin", "<name>"),
        (A::Plugins, "repos", "Which plugins I have, and where they come from", ""),
        (A::PluginInstall, "repos install", "How to add a plugin", "<name>"),
        (A::Plugins, "repos list", "Which plugins I have, and where they come from", ""),
        (A::PluginSearch, "repos search", "How to find a plugin", "<term…>"),
        (A::PluginUninstall, "repos uninstall", "How to take a plugin away", "<name>"),
        (A::PluginUpdate, "repos update", "How I take up changes of plugins", "[name]"),
        (A::Restart, "restart", "How to restart me", ""),
        (A::RoomCreate, "room create", "How to make a channel", "<room>"),
        (A::RoomDestroy, "room destroy", "How to archive a channel", "<room>"),
        (A::RoomInvite, "room invite", "How to bring people into a channel", "<room> <people…>"),
        (A::RoomJoin, "room join", "How to bring me into a channel", "<room>"),
        (A::RoomLeave, "room leave", "How to take me out of a channel", "<room>"),
        (A::RoomList, "room list", "In which channels I am", ""),
        (A::RoomOccupants, "room occupants", "Who is in a channel", "<room>"),
        (A::RoomTopic, "room topic", "How to change the topic of a channel", "<room> [topic…]"),
        (A::Shutdown, "shutdown", "How to stop me", "[options…]"),
        (A::Plugins, "status plugins", "How my plugins are", ""),
    ];

    /// All of them, described like the commands of plugins.
    pub fn all() -> impl Iterator<Item = (Admin, Command)> {
        Self::ALL.iter().map(|(admin, name, summary, usage)| {
            let command = Command {
                name: (*name).into(),
                summary: (*summary).into(),
                args: usage.split_inclusive(['>', ']']).map(argument).collect(),
                store: None,
                reply: None,
                visibility: None,
                timeout: None,
                idempotent: true,
                hidden: false,
            };
            (*admin, command)
        })
    }
}

/// `<name>` is required, `[name]` is not; `name…` takes the rest, `name:Integer` a number.
fn argument(usage: &str) -> Argument {
    let usage = usage.trim();
    let inner = usage.trim_matches(['<', '>', '[', ']']);
    let (name, kind) = match inner.split_once(':') {
        Some((name, _)) => (name, ArgumentType::Integer),
        None => (inner.trim_end_matches('…'), ArgumentType::String),
    };
    Argument {
        name: name.into(),
        kind,
        required: usage.starts_with('<'),
        rest: inner.ends_with('…'),
        ..Argument::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{BuiltIn, help::usage};

    #[test]
    fn their_arguments_are_those_that_help_shows() {
        for ((_, name, _, arguments), (_, command)) in Admin::ALL.iter().zip(Admin::all()) {
            let expected = format!("!{name} {}", arguments.replace(":Integer", ""));
            assert_eq!(usage("!", &command), expected.trim_end());
        }
    }

    #[test]
    fn they_are_in_order_and_no_other_ones() {
        let names = Admin::ALL.map(|(_, name, ..)| name);
        assert!(names.is_sorted(), "{names:?}");
        assert!(BuiltIn::ALL.iter().all(|built_in| !names.contains(&built_in.command().name.as_str())));
    }
}
