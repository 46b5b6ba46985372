//! Pure: a plugin and its bots → the plugin's status.

use chatops_crds::{
    BotPlugin, BotPluginStatus,
    bot_plugin::status::{BotVerdict, MAX_LISTED_BOTS, Summary},
    shared::conditions::{ACCEPTED, PROGRAMMED, READY, Reason, Status, Verdict, merge},
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Condition, jiff::Timestamp};
use kube::ResourceExt;

pub use super::dereference::SelectingBot;
use crate::bots::plugin_faults;

/// The whole status. Times of transitions are kept from `before`.
pub fn compute(
    plugin: &BotPlugin,
    bots: &[SelectingBot],
    before: &BotPluginStatus,
    now: Timestamp,
) -> BotPluginStatus {
    let generation = plugin.metadata.generation;
    let verdicts: Vec<(&SelectingBot, [Verdict; 2])> =
        bots.iter().map(|bot| (bot, [accepted(bot), programmed(plugin, bot)])).collect();
    let at_work =
        verdicts.iter().filter(|(_, verdicts)| verdicts.iter().all(|v| v.status == Status::True)).count();
    let listed = verdicts.iter().take(MAX_LISTED_BOTS).map(|(bot, verdicts)| BotVerdict {
        name: bot.name.clone(),
        conditions: merge(conditions_of(before, &bot.name), verdicts, generation, now),
    });
    BotPluginStatus {
        observed_generation: generation,
        type_: Some("Commands".into()),
        command_count: i32::try_from(plugin.spec.commands.len()).ok(),
        summary: Some(Summary { bots: format!("{at_work}/{}", bots.len()) }),
        bots: listed.collect(),
        conditions: merge(&before.conditions, &[ready(&verdicts)], generation, now),
    }
}

fn conditions_of<'a>(status: &'a BotPluginStatus, bot: &str) -> &'a [Condition] {
    status.bots.iter().find(|verdict| verdict.name == bot).map_or(&[], |verdict| &verdict.conditions)
}

/// Whether all its commands are the bot's.
fn accepted(bot: &SelectingBot) -> Verdict {
    match bot.problems.first() {
        None => Verdict::new(ACCEPTED, Status::True, Reason::Accepted, "All commands are the bot's"),
        Some(first) => {
            let messages: Vec<String> = bot.problems.iter().map(ToString::to_string).collect();
            Verdict::new(ACCEPTED, Status::False, first.reason(), messages.join("; "))
        }
    }
}

/// Whether the bot has loaded them.
fn programmed(plugin: &BotPlugin, bot: &SelectingBot) -> Verdict {
    let unknown = |reason, message: String| Verdict::new(PROGRAMMED, Status::Unknown, reason, message);
    if bot.is_suspended {
        return unknown(Reason::Suspended, format!("ChatBot \"{}\" is suspended", bot.name));
    }
    let Some(report) = &bot.report else {
        let message =
            format!("ChatBot \"{}\" does not run or does not answer: its conditions say why", bot.name);
        return unknown(Reason::Progressing, message);
    };
    let name = plugin.name_any();
    let generation = plugin.metadata.generation.unwrap_or_default();
    let loaded = report.plugins.iter().find(|report| report.name == name && report.generation >= generation);
    let Some(loaded) = loaded else {
        return unknown(Reason::Progressing, format!("ChatBot \"{}\" is loading the plugin", bot.name));
    };
    let faults: Vec<_> = loaded.faults.iter().map(|fault| plugin_faults::describe(&name, fault)).collect();
    match faults.first() {
        None => Verdict::new(PROGRAMMED, Status::True, Reason::Programmed, "The bot has loaded the plugin"),
        Some((reason, _)) => {
            let messages: Vec<&str> = faults.iter().map(|(_, message)| message.as_str()).collect();
            Verdict::new(PROGRAMMED, Status::False, *reason, messages.join("; "))
        }
    }
}

/// The worst that any bot says, with the bot's name.
fn ready(verdicts: &[(&SelectingBot, [Verdict; 2])]) -> Verdict {
    if verdicts.is_empty() {
        let message = "no ChatBot of this namespace selects the plugin: create one, or give the plugin the labels that its spec.plugins.selector asks for";
        return Verdict::new(READY, Status::False, Reason::NoBot, message);
    }
    let find = |status| {
        verdicts.iter().find_map(|(bot, verdicts)| Some((bot, verdicts.iter().find(|v| v.status == status)?)))
    };
    match find(Status::False).or_else(|| find(Status::Unknown)) {
        Some((bot, verdict)) => {
            let message = format!("In ChatBot \"{}\": {}", bot.name, verdict.message);
            Verdict::new(READY, verdict.status, verdict.reason, message)
        }
        None => {
            Verdict::new(READY, Status::True, Reason::Programmed, "Every bot that selects it has loaded it")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chatops_crds::{
        bot_report::{BotReport, Fault, FaultCode, PluginReport},
        resolve::Problem,
    };
    use serde_json::json;

    use super::*;

    fn plugin() -> BotPlugin {
        serde_json::from_value(json!({
            "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin",
            "metadata": {"name": "hello", "namespace": "prod", "generation": 2},
            "spec": {"commands": [{"name": "hello", "reply": "Hello"}]},
        }))
        .unwrap()
    }

    fn bot(report: Option<PluginReport>) -> SelectingBot {
        let report =
            report.map(|plugin| Arc::new(BotReport { plugins: vec![plugin], ..BotReport::default() }));
        SelectingBot { name: "ops".into(), is_suspended: false, is_awaited: false, problems: vec![], report }
    }

    fn loaded(generation: i64, faults: Vec<Fault>) -> PluginReport {
        PluginReport { name: "hello".into(), generation, commands: 1, faults }
    }

    fn ready_of(bots: &[SelectingBot]) -> (String, String, String) {
        let status = compute(&plugin(), bots, &BotPluginStatus::default(), Timestamp::UNIX_EPOCH);
        let ready = status.conditions[0].clone();
        (format!("{}/{}", ready.status, ready.reason), status.summary.unwrap().bots, ready.message)
    }

    #[test]
    fn every_state_of_a_plugin_has_its_verdict() {
        let conflict = Problem::CommandConflict {
            plugin: "hello".into(),
            command: "hello".into(),
            winner: "older".into(),
        };
        let broken = Fault::new(FaultCode::TemplateInvalid)
            .with("command", "hello")
            .with("field", "reply")
            .with("line", "1");
        let cases = [
            (vec![], "False/NoBot", "0/0", "spec.plugins.selector"),
            (vec![bot(Some(loaded(2, vec![])))], "True/Programmed", "1/1", "loaded"),
            (vec![bot(Some(loaded(1, vec![])))], "Unknown/Progressing", "0/1", "is loading"),
            (vec![bot(None)], "Unknown/Progressing", "0/1", "does not run"),
            (vec![SelectingBot { is_suspended: true, ..bot(None) }], "Unknown/Suspended", "0/1", "suspended"),
            (vec![bot(Some(loaded(2, vec![broken])))], "False/TemplateInvalid", "0/1", "reply"),
            (
                vec![SelectingBot { problems: vec![conflict], ..bot(Some(loaded(2, vec![]))) }],
                "False/CommandConflict",
                "0/1",
                "BotPlugin \"older\"",
            ),
            (
                vec![bot(Some(loaded(2, vec![]))), SelectingBot { name: "other".into(), ..bot(None) }],
                "Unknown/Progressing",
                "1/2",
                "ChatBot \"other\"",
            ),
        ];
        for (bots, expected, summary, words) in cases {
            let (ready, bots, message) = ready_of(&bots);
            assert_eq!((ready.as_str(), bots.as_str()), (expected, summary), "{message}");
            assert!(message.contains(words), "{words:?} is not in {message:?}");
        }
    }
}
