//! From the bot's codes about a plugin to words, for the bot's status and for the plugin's own.

use chatops_crds::{
    bot_report::{Fault, FaultCode},
    shared::conditions::Reason,
};

/// What is wrong with one command of a plugin.
pub fn describe(plugin: &str, fault: &Fault) -> (Reason, String) {
    let command = fault.arg("command");
    match fault.code {
        FaultCode::TemplateInvalid => (
            Reason::TemplateInvalid,
            format!(
                "BotPlugin \"{plugin}\": command \"{command}\": the template in its field {} cannot be used, line {}: {}: correct it in spec.commands",
                fault.arg("field"),
                fault.arg("line"),
                fault.arg("error")
            ),
        ),
        FaultCode::ArgumentInvalid => (
            Reason::ArgumentInvalid,
            format!(
                "BotPlugin \"{plugin}\": command \"{command}\": argument \"{}\": {}: correct it in spec.commands",
                fault.arg("argument"),
                fault.arg("error")
            ),
        ),
        FaultCode::MatchInvalid => (
            Reason::MatchInvalid,
            format!(
                "BotPlugin \"{plugin}\": match \"{}\": {}: correct it in spec.matches",
                fault.arg("pattern"),
                fault.arg("error")
            ),
        ),
        FaultCode::ReactionInvalid => (
            Reason::ReactionInvalid,
            format!(
                "BotPlugin \"{plugin}\": reaction \"{}\": {}: correct it in spec.reactions",
                fault.arg("emoji"),
                fault.arg("error")
            ),
        ),
        _ => (
            Reason::PluginsFailed,
            format!("BotPlugin \"{plugin}\": command \"{command}\" is not at work: the bot's log says why"),
        ),
    }
}
