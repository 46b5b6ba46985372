//! Scopes without which a part does not work: which, what they cost, and the commands that suffer.

use super::Facts;
use chatops_crds::advice::scopes;

/// Without these commands run as ever.
const SHOWING: [&str; 2] = ["reactions:write", "files:write"];

/// Most commands that a message names.
const MAX_NAMED: usize = 5;

/// What to tell where `missing` are not granted.
pub fn optional(facts: &Facts<'_>, missing: &[String]) -> String {
    format!(
        "the Slack app lacks the scopes {}{}: add them under \"OAuth & Permissions\" of the app, as `chatops-bot slack-manifest` lists them, and install it again",
        scopes::listed(missing),
        suffering(facts, missing),
    )
}

/// By every scope but one commands arrive in some way, and so each costs all of them the same.
fn suffering(facts: &Facts<'_>, missing: &[String]) -> String {
    if missing.iter().all(|scope| SHOWING.contains(&scope.as_str())) {
        return String::new();
    }
    let plugins = &facts.resolution.plugins;
    let names: Vec<_> = plugins
        .iter()
        .flat_map(|plugin| &plugin.commands)
        .filter(|command| !command.hidden)
        .map(|command| command.name.as_str())
        .collect();
    let shown = names[..names.len().min(MAX_NAMED)].join(", ");
    match names.len().saturating_sub(MAX_NAMED) {
        _ if names.is_empty() => String::new(),
        0 => format!("; this costs {shown}"),
        more => format!("; this costs {shown} and {more} more"),
    }
}
