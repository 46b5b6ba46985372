//! `PluginsLoaded` and the list of plugins. One that fails turns only this condition, unless the bot requires it.

use std::collections::BTreeSet;

use chatops_crds::{
    bot_report::PluginReport,
    chat_bot::status::{PluginState, PluginStatus},
    resolve::{Problem, SelectedPlugin},
    shared::conditions::{PLUGINS_LOADED, Reason, Status, Verdict},
};

use super::{Cause, Facts, scopes};
use crate::bots::plugin_faults;

/// Most plugins listed; the summary counts all.
const MAX_LISTED: usize = 64;

/// How one plugin fares in this bot.
#[derive(Clone, Debug, PartialEq)]
pub struct PluginVerdict {
    pub name: String,
    /// The bot is not ready without it.
    pub required: bool,
    pub state: PluginState,
    /// Commands at work.
    pub commands: i32,
    /// The bot has loaded some generation of it without a fault.
    works: bool,
    problems: Vec<(Reason, String)>,
}

impl PluginVerdict {
    pub fn is_at_work(&self) -> bool {
        self.state == PluginState::Loaded
    }
}

/// Every plugin that is selected or required, in the order of names.
pub fn verdicts(facts: &Facts<'_>) -> Vec<PluginVerdict> {
    let reports = facts.report().map(|report| report.plugins.as_slice()).unwrap_or_default();
    let selected = facts.resolution.plugins.iter().map(|plugin| {
        let report = reports.iter().find(|report| report.name == plugin.name);
        verdict(plugin, report, &facts.resolution.problems)
    });
    let unreadable = facts.unreadable.iter().map(|plugin| {
        let message = format!(
            "BotPlugin \"{}\" cannot be read: {}. Correct it, or upgrade the operator if it was written for a newer one",
            plugin.name, plugin.error
        );
        let required = facts.bot.spec.plugins.required.iter().any(|required| required.0 == plugin.name);
        failed(&plugin.name, required, Reason::InvalidSpec, message)
    });
    let missing = facts.resolution.problems.iter().filter_map(|problem| {
        let plugin = problem.plugin().filter(|_| problem.reason() == Reason::RequiredPluginMissing)?;
        let unreadable = facts.unreadable.iter().any(|other| other.name == plugin);
        (!unreadable).then(|| failed(plugin, true, problem.reason(), problem.to_string()))
    });
    let mut verdicts: Vec<_> = selected.chain(unreadable).chain(missing).collect();
    verdicts.sort_by(|a, b| a.name.cmp(&b.name));
    verdicts
}

fn verdict(plugin: &SelectedPlugin, report: Option<&PluginReport>, problems: &[Problem]) -> PluginVerdict {
    let current = report.filter(|report| report.generation >= plugin.generation);
    let settled = problems.iter().filter(|problem| problem.plugin() == Some(&plugin.name));
    let reported = current.into_iter().flat_map(|report| &report.faults);
    let problems: Vec<_> = settled
        .map(|problem| (problem.reason(), problem.to_string()))
        .chain(reported.map(|fault| plugin_faults::describe(&plugin.name, fault)))
        .collect();
    let state = match (problems.is_empty(), current) {
        (false, _) => PluginState::Failed,
        (true, Some(_)) => PluginState::Loaded,
        (true, None) => PluginState::Pending,
    };
    PluginVerdict {
        name: plugin.name.clone(),
        required: plugin.required,
        state,
        commands: report.map_or(0, |report| report.commands),
        works: report.is_some_and(|report| report.faults.is_empty()),
        problems,
    }
}

fn failed(name: &str, required: bool, reason: Reason, message: String) -> PluginVerdict {
    PluginVerdict {
        name: name.into(),
        required,
        state: PluginState::Failed,
        commands: 0,
        works: false,
        problems: vec![(reason, message)],
    }
}

/// The list as it stands in the status.
pub fn listed(verdicts: &[PluginVerdict]) -> Vec<PluginStatus> {
    let message = |verdict: &PluginVerdict| combine(&verdict.problems).map(|(_, message)| message);
    verdicts
        .iter()
        .take(MAX_LISTED)
        .map(|v| PluginStatus { name: v.name.clone(), state: v.state, message: message(v) })
        .collect()
}

pub fn plugins_loaded(facts: &Facts<'_>) -> Verdict {
    let verdicts = verdicts(facts);
    let mut problems: Vec<_> = verdicts.iter().flat_map(|verdict| verdict.problems.clone()).collect();
    problems.extend(optional_scopes(facts));
    if let Some((reason, message)) = combine(&problems) {
        return Verdict::new(PLUGINS_LOADED, Status::False, reason, message);
    }
    let pending: Vec<_> = verdicts.iter().filter(|verdict| verdict.state == PluginState::Pending).collect();
    match (facts.report(), pending.first()) {
        (None, _) => facts.hindrance().unknown(PLUGINS_LOADED),
        (Some(_), Some(plugin)) => {
            let message = format!("BotPlugin \"{}\" is being loaded", plugin.name);
            Verdict::new(PLUGINS_LOADED, Status::Unknown, Reason::Progressing, message)
        }
        (Some(_), None) => {
            let commands: i32 = verdicts.iter().map(|verdict| verdict.commands).sum();
            let message = format!("Plugins: {}, commands: {commands}", verdicts.len());
            Verdict::new(PLUGINS_LOADED, Status::True, Reason::PluginsLoaded, message)
        }
    }
}

/// Why a plugin without which the bot is not ready does not work.
pub fn problem_of_a_required_plugin(facts: &Facts<'_>) -> Option<Cause> {
    let required: Vec<_> = verdicts(facts).into_iter().filter(|verdict| verdict.required).collect();
    let problems: Vec<_> = required.iter().flat_map(|verdict| verdict.problems.clone()).collect();
    if let Some((reason, message)) = combine(&problems) {
        return Some(Cause::new(Status::False, reason, message));
    }
    let pending = required.iter().find(|verdict| !verdict.works)?;
    let message =
        format!("The bot is loading BotPlugin \"{}\", which spec.plugins.required names", pending.name);
    Some(Cause::new(Status::False, Reason::Progressing, message))
}

fn optional_scopes(facts: &Facts<'_>) -> Option<(Reason, String)> {
    let missing = &facts.report()?.slack.missing_optional_scopes;
    (!missing.is_empty()).then(|| (Reason::MissingScopes, scopes::optional(facts, missing)))
}

/// Several problems in one condition: with their reason if it is the same, and every message.
fn combine(problems: &[(Reason, String)]) -> Option<(Reason, String)> {
    let reasons: BTreeSet<Reason> = problems.iter().map(|(reason, _)| *reason).collect();
    let messages: Vec<&str> = problems.iter().map(|(_, message)| message.as_str()).collect();
    match reasons.into_iter().collect::<Vec<_>>().as_slice() {
        [] => None,
        [reason] => Some((*reason, messages.join("; "))),
        _ => Some((Reason::PluginsFailed, messages.join("; "))),
    }
}
