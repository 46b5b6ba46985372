//! From a bot's configuration to the commands in force, and what stands in the way of the others.

use std::{collections::BTreeMap, time::Duration};

use chatops_crds::{
    bot_config::{BotConfig, PluginConfig},
    bot_plugin::{Argument, Command, Reaction},
    bot_report::{Fault, FaultCode, PluginReport},
    chat_bot::commands::{Addressed, Alias, UnknownCommand},
    shared::{durations, visibility::Visibility},
};

use crate::{
    action::{Action, Passive, TemplateError, Templates},
    chat::{Addressing, Incoming},
    command::{Admin, BuiltIn, Catalogue, Entry, Group, Routed, Words, check_argument, route},
};

/// Used where the configuration's timeout is no duration; the CRD's default.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// Everything that a reload replaces at once.
#[derive(Debug)]
pub struct Program {
    /// Namespace of the ChatBot.
    pub namespace: String,
    /// Name of the ChatBot.
    pub bot: String,
    /// How long one command may run.
    pub timeout: Duration,
    /// How the bot is called.
    pub addressed_by: Vec<Addressed>,
    pub catalogue: Catalogue<Runs>,
    /// Who sees answers, and where, unless their command says otherwise.
    pub visibility: Visibility,
    /// The most lines of an answer that is no file, where everybody sees it.
    pub max_lines: Option<usize>,
    /// Answers to messages that are no command.
    pub passives: Vec<Passive>,
    /// What emoji run, by their names.
    pub reactions: BTreeMap<String, String>,
    pub templates: Templates,
    /// What happens to an unknown command in a channel.
    pub unknown: UnknownCommand,
}

/// What runs a command.
#[derive(Debug)]
pub enum Runs {
    BuiltIn(BuiltIn),
    Admin(Admin),
    Action(Action),
}

impl Program {
    /// Compiles the commands of `config`. A command with a template that does not parse, or an argument that makes no
    /// sense, is left out; the report of its plugin tells.
    pub fn load(config: &BotConfig) -> (Program, Vec<PluginReport>) {
        let mut templates = Templates::new();
        let mut passives = Vec::new();
        let (plugins, mut reports): (Vec<_>, Vec<_>) =
            config.plugins.iter().map(|plugin| load(plugin, &mut templates)).unzip();
        for (plugin, report) in config.plugins.iter().zip(&mut reports) {
            listen(plugin, &mut templates, &mut passives, &mut report.faults);
        }
        let admin = admin(&plugins, &config.commands.aliases);
        let groups = std::iter::once(built_in()).chain(plugins).chain([admin]).collect();
        let words = Words {
            names: config.commands.alternate_prefixes.clone(),
            aliases: config.commands.aliases.clone(),
        };
        let mut program = Program {
            namespace: config.namespace.clone(),
            bot: config.name.clone(),
            timeout: durations::parse(&config.commands.timeout).unwrap_or(DEFAULT_TIMEOUT),
            addressed_by: config.commands.addressed_by.clone(),
            catalogue: Catalogue::new(config.commands.prefix.as_str(), groups)
                .called(words)
                .with_call(config.call()),
            unknown: config.commands.unknown_command,
            visibility: config.visibility,
            max_lines: config.long_output.as_ref().and_then(|long| long.max_lines.try_into().ok()),
            passives,
            reactions: BTreeMap::new(),
            templates,
        };
        for (plugin, report) in config.plugins.iter().zip(&mut reports) {
            program.react(plugin, &mut report.faults);
        }
        (program, reports)
    }

    /// Takes up the reactions of `plugin`.
    fn react(&mut self, plugin: &PluginConfig, faults: &mut Vec<Fault>) {
        for reaction @ Reaction { emoji, command } in &plugin.reactions {
            let is_known =
                matches!(route(&self.catalogue, Addressing::Mention, command), Routed::Command { .. });
            let error = if self.reactions.contains_key(emoji) {
                "another plugin has it already".to_owned()
            } else if is_known {
                self.reactions.insert(emoji.clone(), command.clone());
                self.catalogue.reacts(&plugin.name, reaction.clone());
                continue;
            } else {
                format!("there is no command \"{command}\"")
            };
            faults.push(Fault::new(FaultCode::ReactionInvalid).with("emoji", emoji).with("error", error));
        }
    }

    /// What `incoming` calls, if it calls the bot in one of the ways that are open.
    pub(super) fn routed<'p: 't, 't>(&'p self, incoming: &'t Incoming) -> Routed<'p, 't, Runs> {
        let (catalogue, text) = (&self.catalogue, incoming.text.as_str());
        if let Some(emoji) = &incoming.reaction {
            let line = self.reactions.get(emoji);
            return line.map_or(Routed::NotForUs, |line| route(catalogue, Addressing::Mention, line));
        }
        if incoming.is_unmistakable {
            let has_own_call = catalogue.call != catalogue.prefix;
            let behind = text.trim_start().strip_prefix(&catalogue.call).filter(|_| has_own_call);
            return route(catalogue, incoming.addressing, behind.unwrap_or(text));
        }
        let is_open = |way| self.addressed_by.contains(&way);
        let addressing = match incoming.addressing {
            Addressing::Mention if !is_open(Addressed::Mention) => return Routed::NotForUs,
            Addressing::Direct if !is_open(Addressed::DirectMessage) => Addressing::Channel,
            addressing => addressing,
        };
        if addressing == Addressing::Channel && !is_open(Addressed::Prefix) {
            return Routed::NotForUs;
        }
        route(catalogue, addressing, text)
    }
}

fn built_in() -> Group<Runs> {
    let entry = |built_in: BuiltIn| Entry { command: built_in.command(), runs: Runs::BuiltIn(built_in) };
    let entries = BuiltIn::ALL.map(entry).into();
    Group {
        plugin: None,
        description: String::new(),
        matches: vec![],
        reactions: vec![],
        folded: false,
        entries,
    }
}

/// Those of which neither a plugin nor an alias has the name or the first words.
fn admin(plugins: &[Group<Runs>], aliases: &[Alias]) -> Group<Runs> {
    let of_plugins = plugins.iter().flat_map(|plugin| &plugin.entries).map(|entry| &entry.command.name);
    let names = of_plugins.chain(aliases.iter().map(|alias| &alias.name)).map(|name| name.replace('-', " "));
    let taken: Vec<String> = names.collect();
    let is_taken = |name: &str| {
        let behind = |taken: &String| name.strip_prefix(taken.as_str());
        taken.iter().filter_map(behind).any(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let free = Admin::all().filter(|(_, command)| !is_taken(&command.name));
    let entries = free.map(|(admin, command)| Entry { command, runs: Runs::Admin(admin) }).collect();
    Group {
        plugin: None,
        description: "for whoever runs me".into(),
        matches: vec![],
        reactions: vec![],
        folded: true,
        entries,
    }
}

fn load(plugin: &PluginConfig, templates: &mut Templates) -> (Group<Runs>, PluginReport) {
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for command in &plugin.commands {
        let invalid: Vec<_> = command.args.iter().filter_map(|argument| invalid(command, argument)).collect();
        match Action::compile(command, templates) {
            Ok(action) if invalid.is_empty() => {
                entries.push(Entry { command: command.clone(), runs: Runs::Action(action) });
            }
            Ok(_) => {}
            Err(errors) => faults.extend(errors.iter().map(|error| fault(&command.name, error))),
        }
        faults.extend(invalid);
    }
    let report = PluginReport {
        name: plugin.name.clone(),
        generation: plugin.generation,
        commands: i32::try_from(entries.len()).unwrap_or(i32::MAX),
        faults,
    };
    let (name, description) = (Some(plugin.name.clone()), plugin.description.clone());
    let (matches, reactions) = (plugin.matches.clone(), vec![]);
    (Group { plugin: name, description, matches, reactions, folded: false, entries }, report)
}

/// Compiles the matches of `plugin`.
fn listen(
    plugin: &PluginConfig,
    templates: &mut Templates,
    passives: &mut Vec<Passive>,
    faults: &mut Vec<Fault>,
) {
    for declared in &plugin.matches {
        match Passive::compile(&plugin.name, declared, templates) {
            Ok(passive) => passives.push(passive),
            Err(error) => faults.push(
                Fault::new(FaultCode::MatchInvalid)
                    .with("pattern", &declared.pattern)
                    .with("error", error.to_string()),
            ),
        }
    }
}

fn invalid(command: &Command, argument: &Argument) -> Option<Fault> {
    let error = check_argument(argument).err()?;
    let fault = Fault::new(FaultCode::ArgumentInvalid).with("command", &command.name);
    Some(fault.with("argument", &argument.name).with("error", error.to_string()))
}

fn fault(command: &str, TemplateError { field, line, error }: &TemplateError) -> Fault {
    Fault::new(FaultCode::TemplateInvalid)
        .with("command", command)
        .with("field", field)
        .with("line", line.to_string())
        .with("error", error)
}
