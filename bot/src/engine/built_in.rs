//! The bot's own commands. Pure: what they tell is handed to them.

use std::time::Duration;

use chatops_crds::{
    bot_report::{BotReport, Fault, FaultCode, PluginReport, StorageKind},
    shared::durations::spoken,
};
use serde_json::Value;

use super::{history, program::Program};
use crate::{
    chat::{Incoming, mention},
    command::{Arguments, BuiltIn, help},
};

/// The answer of `built_in`; `recalled` are the lines of the history that came with it, `up` is how long the bot has been
/// running.
pub(super) fn run(
    built_in: BuiltIn,
    program: &Program,
    incoming: &Incoming,
    arguments: &Arguments,
    recalled: &[String],
    report: &BotReport,
    up: Duration,
) -> String {
    let typed = |name| arguments.get(name).and_then(Value::as_str);
    match built_in {
        BuiltIn::About => about(program),
        BuiltIn::Apropos => {
            help::apropos(&program.catalogue, typed(BuiltIn::APROPOS_TERM).unwrap_or_default())
        }
        BuiltIn::Echo => typed(BuiltIn::ECHO_TEXT).unwrap_or_default().to_owned(),
        BuiltIn::Help => match typed(BuiltIn::HELP_TOPIC) {
            Some(topic) => help::about(&program.catalogue, topic),
            None => help::overview(&program.catalogue),
        },
        BuiltIn::History => history::list(recalled, &program.catalogue.call, &program.catalogue.call_again()),
        BuiltIn::Ping => "pong".into(),
        BuiltIn::Plugins => plugins(report),
        BuiltIn::Status => status(report, up),
        BuiltIn::Uptime => format!("I have been up for {}.", spoken(up)),
        BuiltIn::WhoAmI => who_am_i(incoming),
    }
}

/// What does not work in `plugin`, behind what does.
pub(super) fn faults(plugin: &PluginReport) -> String {
    let mut names: Vec<_> = plugin.faults.iter().map(subject).collect();
    names.dedup();
    if names.is_empty() { String::new() } else { format!("; what does not work: {}", names.join(", ")) }
}

/// The command, or what a match looks for.
fn subject(fault: &Fault) -> &str {
    match fault.code {
        FaultCode::MatchInvalid => fault.arg("pattern"),
        FaultCode::ReactionInvalid => fault.arg("emoji"),
        _ => fault.arg("command"),
    }
}

pub(super) fn plugins(report: &BotReport) -> String {
    let plugin = |plugin: &PluginReport| {
        let count = plugin.commands;
        let commands = if count == 1 { "1 command".to_owned() } else { format!("{count} commands") };
        format!("• {}: {commands}{}", plugin.name, faults(plugin))
    };
    if report.plugins.is_empty() {
        return "I have no plugins.".into();
    }
    report.plugins.iter().map(plugin).collect::<Vec<_>>().join("\n")
}

fn about(program: &Program) -> String {
    format!(
        "I am {}, a ChatOps bot, version {}. Type {}help to see what I can do.",
        program.bot,
        env!("CARGO_PKG_VERSION"),
        program.catalogue.call
    )
}

fn who_am_i(incoming: &Incoming) -> String {
    let user = &incoming.user;
    let name = user.name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let place = if incoming.channel.is_direct { "a direct message" } else { "channel" };
    format!("You are {}{name}, user {}, in {place} {}.", mention(&user.id), user.id, incoming.channel.id)
}

fn status(report: &BotReport, up: Duration) -> String {
    let mut lines = vec![format!("Up for {}", spoken(up))];
    if let Some(workspace) = report.slack.workspace.as_ref() {
        let count = report.slack.connections;
        let connections = if count == 1 { "connection" } else { "connections" };
        lines.push(format!("Slack: {}, {count} {connections}", workspace.team));
    }
    lines.push(match (report.storage.kind, report.storage.ready) {
        (StorageKind::Memory, _) => "Storage: in memory, gone when I restart".into(),
        (StorageKind::Redis, true) => "Storage: Redis, answers".into(),
        (StorageKind::Redis, false) => "Storage: Redis, does not answer".into(),
        (StorageKind::Embedded, true) => "Storage: a file, works".into(),
        (StorageKind::Embedded, false) => "Storage: a file, cannot be used".into(),
    });
    let at_fault: Vec<_> =
        report.plugins.iter().filter(|p| !p.faults.is_empty()).map(|p| p.name.as_str()).collect();
    lines.push(match at_fault.as_slice() {
        [] => format!("Plugins: {}", report.plugins.len()),
        names => format!("Plugins: {}, not all commands work in {}", report.plugins.len(), names.join(", ")),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_listed_with_what_does_not_work_in_them() {
        let plugin = |name: &str, commands: i32, faults: Vec<Fault>| PluginReport {
            name: name.into(),
            generation: 1,
            commands,
            faults,
        };
        let fault = |command: &str| Fault::new(FaultCode::TemplateInvalid).with("command", command);
        let mut report = BotReport::default();
        assert_eq!(plugins(&report), "I have no plugins.");
        report.plugins = vec![
            plugin("demo", 1, vec![]),
            plugin("deploy", 3, vec![fault("undo"), fault("undo"), fault("now")]),
        ];
        assert_eq!(
            plugins(&report),
            "• demo: 1 command\n• deploy: 3 commands; what does not work: undo, now"
        );
    }
}
