//! What is wrong between objects, in the words of the operator, and what in a plugin its schema does not see.

use std::{collections::HashSet, ops::Range};

use chatops_crds::{
    BotPlugin, ChatBot,
    bot_config::{Placement, render},
    bot_report::FaultCode,
    resolve::{Problem, resolve},
};

use super::{Diagnostic, Manifests, Object, Verdict, default_bot};
use crate::{
    action::{Action, InvalidMatch, Passive, TemplateError, Templates},
    command::{InvalidArgument, check_argument},
    engine::Program,
};

/// Adds what it finds to the diagnostics.
pub(super) fn check(manifests: &mut Manifests) {
    let mut found = Vec::new();
    twice(&manifests.bots, "ChatBot", &mut found);
    twice(&manifests.plugins, "BotPlugin", &mut found);
    let default = default_bot();
    if manifests.bots.is_empty() {
        resolution(manifests, &default, None, &mut found);
    }
    for bot in &manifests.bots {
        resolution(manifests, &bot.object, Some(bot), &mut found);
        reactions(manifests, bot, &mut found);
    }
    for plugin in &manifests.plugins {
        templates(plugin, &mut found);
        arguments(plugin, &mut found);
        matches(plugin, &mut found);
    }
    // Two bots may have the same trouble with one plugin.
    let mut seen = HashSet::new();
    found.retain(|diagnostic| seen.insert((diagnostic.span.start, diagnostic.message.clone())));
    manifests.diagnostics.extend(found);
}

/// kubectl would apply the first, and then the second over it.
fn twice<K>(objects: &[Object<K>], kind: &str, found: &mut Vec<Diagnostic>) {
    for (index, object) in objects.iter().enumerate() {
        let same =
            |earlier: &&Object<K>| earlier.name == object.name && earlier.namespace == object.namespace;
        if let Some(earlier) = objects[..index].iter().find(same) {
            let message = format!("{kind} \"{}\" stands in {} already", object.name, earlier.file.name);
            found.push(object.diagnostic(Verdict::Refused, object.node.locate("metadata.name"), message));
        }
    }
}

fn resolution(
    manifests: &Manifests,
    bot: &ChatBot,
    object: Option<&Object<ChatBot>>,
    found: &mut Vec<Diagnostic>,
) {
    let message = |problem: &Problem| match object {
        Some(object) => format!("ChatBot \"{}\": {problem}", object.name),
        None => problem.to_string(),
    };
    for problem in resolve(bot, manifests.plugins_around(bot)).problems {
        let verdict = if problem.is_fatal() { Verdict::Refused } else { Verdict::AtFault };
        let diagnostic = match &problem {
            Problem::InvalidSelector { .. } => object.map(|bot| {
                bot.diagnostic(verdict, bot.node.locate("spec.plugins.selector"), message(&problem))
            }),
            Problem::RequiredPluginNotFound { plugin } | Problem::RequiredPluginNotSelected { plugin } => {
                object.map(|bot| bot.diagnostic(verdict, required(bot, plugin), message(&problem)))
            }
            Problem::CommandConflict { plugin, command, .. }
            | Problem::CommandBuiltIn { plugin, command } => {
                let plugin = manifests.plugins.iter().find(|candidate| candidate.name == *plugin);
                plugin.map(|p| p.diagnostic(verdict, command_name(p, command), problem.to_string()))
            }
        };
        found.extend(diagnostic);
    }
}

fn required(bot: &Object<ChatBot>, plugin: &str) -> Range<usize> {
    let index = bot.object.spec.plugins.required.iter().position(|name| name.0 == plugin).unwrap_or_default();
    bot.node.locate(&format!("spec.plugins.required[{index}]"))
}

fn command_name(plugin: &Object<BotPlugin>, command: &str) -> Range<usize> {
    let index = plugin.object.spec.commands.iter().position(|c| c.name == command).unwrap_or_default();
    plugin.node.locate(&format!("spec.commands[{index}].name"))
}

fn templates(plugin: &Object<BotPlugin>, found: &mut Vec<Diagnostic>) {
    let mut templates = Templates::new();
    for (index, command) in plugin.object.spec.commands.iter().enumerate() {
        for TemplateError { field, line, error } in
            Action::compile(command, &mut templates).err().unwrap_or_default()
        {
            let path = format!("spec.commands[{index}].{field}");
            let span = line_of_template(&plugin.file.text, plugin.node.locate(&path), line);
            let message = format!(
                "BotPlugin \"{}\": command \"{}\": {field} is no valid template, line {line}: {error}",
                plugin.name, command.name
            );
            found.push(plugin.diagnostic(Verdict::AtFault, span, message));
        }
    }
}

fn arguments(plugin: &Object<BotPlugin>, found: &mut Vec<Diagnostic>) {
    for (at, command) in plugin.object.spec.commands.iter().enumerate() {
        for (index, argument) in command.args.iter().enumerate() {
            let Err(error) = check_argument(argument) else { continue };
            let field = if matches!(error, InvalidArgument::Pattern(_)) { "pattern" } else { "default" };
            let message = format!(
                "BotPlugin \"{}\": command \"{}\": argument \"{}\": {error}",
                plugin.name, command.name, argument.name
            );
            let span = plugin.node.locate(&format!("spec.commands[{at}].args[{index}].{field}"));
            found.push(plugin.diagnostic(Verdict::AtFault, span, message));
        }
    }
}

/// What an emoji runs may be a command of another plugin: whether there is one depends on the bot.
fn reactions(manifests: &Manifests, bot: &Object<ChatBot>, found: &mut Vec<Diagnostic>) {
    let resolution = resolve(&bot.object, manifests.plugins_around(&bot.object));
    let placement = Placement::Local { as_production: false };
    let config = render(
        bot.namespace.as_deref().unwrap_or_default(),
        &bot.name,
        &bot.object.spec,
        &resolution,
        &placement,
    );
    for report in Program::load(&config).1 {
        let Some(plugin) = manifests.plugins.iter().find(|plugin| plugin.name == report.name) else {
            continue;
        };
        let declared = &plugin.object.spec.reactions;
        for fault in report.faults.iter().filter(|fault| fault.code == FaultCode::ReactionInvalid) {
            let (emoji, error) = (fault.arg("emoji"), fault.arg("error"));
            let index = declared.iter().position(|reaction| reaction.emoji == emoji).unwrap_or_default();
            let span = plugin.node.locate(&format!("spec.reactions[{index}].command"));
            let message = format!("BotPlugin \"{}\": reaction \"{emoji}\": {error}", plugin.name);
            found.push(plugin.diagnostic(Verdict::AtFault, span, message));
        }
    }
}

fn matches(plugin: &Object<BotPlugin>, found: &mut Vec<Diagnostic>) {
    let mut templates = Templates::new();
    for (index, declared) in plugin.object.spec.matches.iter().enumerate() {
        let Err(error) = Passive::compile(&plugin.name, declared, &mut templates) else { continue };
        let field = if matches!(error, InvalidMatch::Pattern(_)) { "pattern" } else { "reply" };
        let message = format!("BotPlugin \"{}\": match \"{}\": {error}", plugin.name, declared.pattern);
        let span = plugin.node.locate(&format!("spec.matches[{index}].{field}"));
        found.push(plugin.diagnostic(Verdict::AtFault, span, message));
    }
}

/// Where line `line` of a template stands whose text stands at `span`. A block of text starts on the line after its
/// `|`; other texts start where they stand.
fn line_of_template(text: &str, span: Range<usize>, line: usize) -> Range<usize> {
    let is_block = text[span.start..].starts_with(['|', '>']);
    let skip = if is_block { line } else { line - 1 };
    let mut start = span.start;
    for _ in 0..skip {
        match text[start..span.end].find('\n') {
            Some(end) => start += end + 1,
            None => return span,
        }
    }
    let end = text[start..span.end].find('\n').map_or(span.end, |n| start + n);
    let indent = text[start..end].len() - text[start..end].trim_start().len();
    start + indent..end
}

impl<K> Object<K> {
    fn diagnostic(&self, verdict: Verdict, span: Range<usize>, message: String) -> Diagnostic {
        Diagnostic { verdict, message, file: self.file.clone(), span }
    }
}
