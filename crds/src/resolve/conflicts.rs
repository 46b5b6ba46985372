//! Which plugin keeps a command that several declare.

use std::collections::BTreeMap;

use kube::ResourceExt;

use super::{BUILT_IN_COMMANDS, Problem, SelectedPlugin};
use crate::{BotPlugin, bot_plugin::Command};

/// Gives each command to the first of `plugins` that declares it, and reports the others.
pub(super) fn settle(plugins: &[&BotPlugin], problems: &mut Vec<Problem>) -> Vec<SelectedPlugin> {
    let mut owners: BTreeMap<&str, String> = BTreeMap::new();
    plugins
        .iter()
        .map(|plugin| {
            let name = plugin.name_any();
            let mut keep = |command: &&'_ Command| {
                let problem = conflict(&name, &command.name, owners.get(command.name.as_str()));
                problem.map(|p| problems.push(p)).is_none()
            };
            let commands: Vec<&Command> = plugin.spec.commands.iter().filter(&mut keep).collect();
            owners.extend(commands.iter().map(|command| (command.name.as_str(), name.clone())));
            SelectedPlugin {
                generation: plugin.metadata.generation.unwrap_or_default(),
                description: plugin.spec.description.clone(),
                required: false,
                commands: commands.into_iter().cloned().collect(),
                matches: plugin.spec.matches.clone(),
                reactions: plugin.spec.reactions.clone(),
                name,
            }
        })
        .collect()
}

fn conflict(plugin: &str, command: &str, owner: Option<&String>) -> Option<Problem> {
    if BUILT_IN_COMMANDS.contains(&command) {
        return Some(Problem::CommandBuiltIn { plugin: plugin.into(), command: command.into() });
    }
    owner.map(|winner| Problem::CommandConflict {
        plugin: plugin.into(),
        command: command.into(),
        winner: winner.clone(),
    })
}
