//! Commands explained: the list of all, and one plugin or command in detail. The same text for every platform.

use std::fmt::{self, Display, Write};

use chatops_crds::bot_plugin::{Argument, ArgumentType, Command, Match, Reaction};

use super::{
    arguments::is_switch,
    catalogue::{Catalogue, Entry, Group},
    enumeration::enumerate,
    suggest::Suggestion,
};

/// Longest summary in a list, in characters.
const SUMMARY: usize = 80;

/// Lists the commands by plugin.
pub fn overview<R>(catalogue: &Catalogue<R>) -> String {
    let prefix = &catalogue.call;
    let mut text = format!("Type {prefix}help and a command or a plugin to learn more about it.\n");
    for group in catalogue.groups().iter().filter(|group| has_something(group)) {
        text.push('\n');
        text.push_str(&if group.folded { first_words(prefix, group) } else { listing(prefix, group) });
    }
    text.truncate(text.trim_end().len());
    text
}

/// The plugin with its commands.
pub fn commands<R>(prefix: &str, group: &Group<R>) -> String {
    listing(prefix, group).trim_end().to_owned()
}

/// Explains the command, the plugin or the first words of commands that `topic` names, or says that there is none.
pub fn about<R>(catalogue: &Catalogue<R>, topic: &str) -> String {
    let (prefix, topic) = (&catalogue.call, topic.trim());
    let topic = topic.strip_prefix(catalogue.prefix.as_str()).unwrap_or(topic).trim_start();
    let named = catalogue.find(topic).filter(|(.., rest)| rest.trim().is_empty());
    let named = named.map(|(group, entry, _)| (group, entry));
    let alias = || catalogue.alias(topic).and_then(|alias| catalogue.find(&alias.command));
    if let Some((group, entry)) = named.or_else(|| alias().map(|(group, entry, _)| (group, entry))) {
        return detail(catalogue, group, &entry.command);
    }
    let is_topic = |name: &str| name.eq_ignore_ascii_case(topic);
    if let Some(group) = catalogue.groups().iter().find(|g| g.plugin.as_deref().is_some_and(is_topic)) {
        return commands(prefix, group);
    }
    let lines: String = catalogue
        .entries()
        .filter(|(_, entry)| !entry.command.hidden && starts_with_words(&entry.command.name, topic))
        .map(|(_, entry)| line(prefix, &entry.command))
        .collect();
    if lines.is_empty() { not_found(catalogue, topic) } else { lines.trim_end().to_owned() }
}

/// Lists the commands in whose name, explanation or plugin `term` stands.
pub fn apropos<R>(catalogue: &Catalogue<R>, term: &str) -> String {
    let wanted = term.trim().to_lowercase();
    let is_about = |text: &str| text.to_lowercase().contains(&wanted);
    let lines: String = catalogue
        .entries()
        .filter(|(_, entry)| !entry.command.hidden)
        .filter(|(group, Entry { command, .. })| {
            let plugin = group.plugin.as_deref().unwrap_or_default();
            let arguments = command.args.iter().flat_map(|argument| [&argument.name, &argument.summary]);
            [plugin, &group.description, &command.name, &command.summary].into_iter().any(is_about)
                || arguments.into_iter().any(|text| is_about(text))
        })
        .map(|(_, entry)| line(&catalogue.call, &entry.command))
        .collect();
    if lines.is_empty() {
        let term: String = term.trim().chars().take(SUMMARY).collect();
        return format!("Nothing is about \"{term}\". Type {}help to see all commands.", catalogue.call);
    }
    lines.trim_end().to_owned()
}

/// Says that a command does not exist, and what to do instead.
pub fn unknown_command(prefix: &str, suggestion: &Suggestion) -> String {
    let Suggestion { typed, names } = suggestion;
    match names.as_slice() {
        [] => format!("Command \"{typed}\" not found. Type {prefix}help to see all commands."),
        names => format!("Command \"{typed}\" not found. Did you mean {}?", either(prefix, names)),
    }
}

/// How a command is typed, as in `!deploy <app> [namespace] [message…]`.
pub fn usage(prefix: &str, command: &Command) -> String {
    command.args.iter().fold(format!("{prefix}{}", command.name), |mut usage, argument| {
        let more = if argument.rest || argument.repeated { "…" } else { "" };
        let (open, close) = if argument.required { ('<', '>') } else { ('[', ']') };
        let dashes = if is_switch(argument) { "--" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(usage, " {open}{dashes}{}{more}{close}", argument.name);
        usage
    })
}

fn not_found<R>(catalogue: &Catalogue<R>, topic: &str) -> String {
    let plugins = catalogue.groups().iter().filter_map(|group| group.plugin.as_deref());
    let names: Vec<_> = catalogue.shown_names().chain(plugins).collect();
    let Suggestion { mut names, .. } = Suggestion::new(topic, names.into_iter());
    names.dedup();
    let prefix = &catalogue.call;
    let topic: String = topic.chars().take(SUMMARY).collect();
    match names.as_slice() {
        [] => format!("There is no command or plugin \"{topic}\". Type {prefix}help to see all commands."),
        names => {
            let help = format!("{prefix}help ");
            format!("There is no command or plugin \"{topic}\". Did you mean {}?", either(&help, names))
        }
    }
}

/// `"!a"`, `"!a" or "!b"`, `"!a", "!b" or "!c"`.
fn either(prefix: &str, names: &[String]) -> String {
    enumerate(names.iter().map(|name| format!("\"{prefix}{name}\"")), "or")
}

fn shown<R>(group: &Group<R>) -> impl Iterator<Item = &Entry<R>> {
    group.entries.iter().filter(|entry| !entry.command.hidden)
}

/// Whether there is anything to list.
fn has_something<R>(group: &Group<R>) -> bool {
    shown(group).next().is_some() || group.matches.iter().any(is_explained) || !group.reactions.is_empty()
}

fn is_explained(declared: &Match) -> bool {
    !declared.summary.trim().is_empty()
}

fn listing<R>(prefix: &str, group: &Group<R>) -> String {
    let title = group.plugin.as_deref().unwrap_or("Built in");
    let mut lines: String = shown(group).map(|entry| line(prefix, &entry.command)).collect();
    for Match { pattern, summary, .. } in group.matches.iter().filter(|declared| is_explained(declared)) {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "• what matches {pattern}{}", Summary(summary));
    }
    for Reaction { emoji, command } in &group.reactions {
        let _ = writeln!(lines, "• :{emoji}: under a message runs {prefix}{command}");
    }
    format!("{title}{}\n{lines}", Summary(&group.description))
}

/// The first words of the commands of a group, each once.
fn first_words<R>(prefix: &str, group: &Group<R>) -> String {
    let mut words: Vec<_> = shown(group).filter_map(|entry| entry.command.name.split(' ').next()).collect();
    words.dedup();
    let words: Vec<_> = words.into_iter().map(|word| format!("{prefix}{word}")).collect();
    format!("Built in{}\n• {}\n", Summary(&group.description), words.join(", "))
}

fn line(prefix: &str, command: &Command) -> String {
    format!("• {prefix}{}{}\n", command.name, Summary(&command.summary))
}

fn detail<R>(catalogue: &Catalogue<R>, group: &Group<R>, command: &Command) -> String {
    let prefix = &catalogue.call;
    let mut text = format!("Usage: {}\n", usage(prefix, command));
    if !command.summary.is_empty() {
        text.push_str(command.summary.trim());
        text.push('\n');
    }
    text.extend(command.args.iter().map(argument));
    for alias in catalogue.aliases_of(&command.name) {
        text.push_str(&format!("• {prefix}{} stands for {prefix}{}\n", alias.name, alias.command));
    }
    match &group.plugin {
        Some(plugin) => text + "From plugin " + plugin,
        None => text + "Built in",
    }
}

fn argument(argument: &Argument) -> String {
    let short = argument.short.as_deref().map(|short| format!(" or -{short}")).unwrap_or_default();
    let kind = match (&argument.default, argument.required) {
        (Some(default), _) => format!("default \"{default}\""),
        (None, true) => "required".into(),
        (None, false) => "optional".into(),
    };
    let rest = match (argument.rest, argument.repeated) {
        (true, _) => ", takes the rest of the line",
        (_, true) => ", can be repeated",
        _ => "",
    };
    let takes = takes(argument);
    let summary = argument.summary.trim();
    let dash = if summary.is_empty() { "" } else { " – " };
    format!("• {name}, also --{name}{short}{dash}{summary} ({kind}{takes}{rest})\n", name = argument.name)
}

/// What can be typed for it, if not any text.
fn takes(argument: &Argument) -> String {
    let what = match argument.kind {
        ArgumentType::String => String::new(),
        ArgumentType::Integer => ", a whole number".into(),
        ArgumentType::Number => ", a number".into(),
        ArgumentType::Boolean => ", true or false".into(),
        ArgumentType::Enum => format!(", {}", enumerate(argument.values.clone().unwrap_or_default(), "or")),
        ArgumentType::Duration => ", a duration such as 90s or 1h30m".into(),
        ArgumentType::Size => ", a size such as 512Mi or 2G".into(),
        ArgumentType::Date => ", a date such as 2026-01-31".into(),
        ArgumentType::User => ", a person, mentioned with @".into(),
        ArgumentType::Channel => ", a channel, named with #".into(),
        ArgumentType::Json => ", JSON".into(),
    };
    let unit = match argument.kind {
        ArgumentType::Duration => "s",
        ArgumentType::Size => " bytes",
        _ => "",
    };
    let least = argument.min.map(|min| format!(", at least {min}{unit}")).unwrap_or_default();
    let most = argument.max.map(|max| format!(", at most {max}{unit}")).unwrap_or_default();
    let length = argument.max_length.map(|most| format!(", at most {most} characters")).unwrap_or_default();
    let form = argument.pattern.as_ref().map(|form| format!(", of the form {form}")).unwrap_or_default();
    [what, least, most, length, form].concat()
}

/// The first line of a summary behind a dash, cut at [`SUMMARY`]; nothing for an empty one.
struct Summary<'a>(&'a str);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(line) = self.0.trim().lines().next() else { return Ok(()) };
        match line.char_indices().nth(SUMMARY) {
            Some(_) => write!(f, " – {}…", line.chars().take(SUMMARY - 1).collect::<String>().trim_end()),
            None => write!(f, " – {line}"),
        }
    }
}

fn starts_with_words(name: &str, words: &str) -> bool {
    let words: Vec<_> = words.split_whitespace().map(str::to_lowercase).collect();
    !words.is_empty() && name.split(' ').zip(&words).filter(|(a, b)| a == b).count() == words.len()
}

#[cfg(test)]
pub(in crate::command) mod tests {
    use super::*;
    use crate::command::BuiltIn;

    /// A plugin with commands that have no arguments.
    pub fn plugin(name: &str, commands: &[&str]) -> Group<()> {
        let command = |name: &&str| Command { name: (*name).into(), ..BuiltIn::Ping.command() };
        group(Some(name), commands.iter().map(command).collect())
    }

    pub fn catalogue(plugins: Vec<Group<()>>) -> Catalogue<()> {
        let own = group(None, BuiltIn::ALL.iter().map(|built_in| built_in.command()).collect());
        Catalogue::new("!", std::iter::once(own).chain(plugins).collect())
    }

    fn group(plugin: Option<&str>, commands: Vec<Command>) -> Group<()> {
        let entries = commands.into_iter().map(|command| Entry { command, runs: () }).collect();
        Group {
            plugin: plugin.map(Into::into),
            description: String::new(),
            matches: vec![],
            reactions: vec![],
            folded: false,
            entries,
        }
    }

    fn deploy() -> Catalogue<()> {
        let commands: Vec<Command> = serde_yaml::from_str(
            r"
- name: deploy restart
  summary: Restart an app
  args:
  - {name: app, summary: Which one, required: true}
  - {name: namespace, short: n, default: default}
  - {name: message, rest: true}
- name: deploy undo
  summary: This summary is too long to be shown in a list, since it is a good deal longer than eighty characters
- {name: deploy secretly, hidden: true}
",
        )
        .unwrap();
        let description = "Roll out and restart.\nMore lines are for help deploy.".into();
        catalogue(vec![Group { description, ..group(Some("rollouts"), commands) }])
    }

    #[test]
    fn the_overview_lists_commands_by_plugin_and_leaves_hidden_ones_out() {
        insta::assert_snapshot!(overview(&deploy()), @"
        Type !help and a command or a plugin to learn more about it.

        Built in
        • !about – What I am, and in which version
        • !apropos – Find commands by what they are about
        • !echo – Say it again, exactly as it was typed
        • !help – List commands, or explain a command or a plugin
        • !history – What you typed last, and how to repeat it
        • !ping – See whether I am there
        • !plugins – Which plugins I have, and what does not work in them
        • !status – How my connections, my storage and my plugins are
        • !uptime – How long I have been up
        • !whoami – Who you are to me, and where we are

        rollouts – Roll out and restart.
        • !deploy restart – Restart an app
        • !deploy undo – This summary is too long to be shown in a list, since it is a good deal longer…
        ");
    }

    #[test]
    fn a_command_is_explained_with_its_arguments() {
        let expected = about(&deploy(), "deploy restart");
        insta::assert_snapshot!(expected, @r#"
        Usage: !deploy restart <app> [namespace] [message…]
        Restart an app
        • app, also --app – Which one (required)
        • namespace, also --namespace or -n (default "default")
        • message, also --message (optional, takes the rest of the line)
        From plugin rollouts
        "#);
        assert_eq!(about(&deploy(), " !Deploy_Restart "), expected);
    }

    #[test]
    fn a_plugin_or_the_first_word_of_commands_is_explained_by_a_list() {
        assert_eq!(about(&deploy(), "Rollouts").lines().count(), 3);
        assert_eq!(about(&deploy(), "DEPLOY").lines().count(), 2);
    }

    #[test]
    fn commands_are_found_by_what_they_are_about() {
        let found = "• !deploy restart – Restart an app";
        for term in ["an APP", "Restart an", "which one"] {
            assert_eq!(apropos(&deploy(), term), found, "{term}");
        }
        assert_eq!(apropos(&deploy(), "rollouts").lines().count(), 2, "all that help shows of the plugin");
        let none = "Nothing is about \"moon\". Type !help to see all commands.";
        assert_eq!(apropos(&deploy(), " moon "), none);
    }

    #[test]
    fn an_unknown_topic_gets_suggestions() {
        assert_eq!(
            about(&deploy(), "deploy restrat"),
            "There is no command or plugin \"deploy restrat\". Did you mean \"!help deploy restart\"?"
        );
        assert_eq!(
            about(&deploy(), "nonsense"),
            "There is no command or plugin \"nonsense\". Type !help to see all commands."
        );
    }

    #[test]
    fn an_unknown_command_gets_suggestions() {
        let say = |text| {
            let names = ["democmd add", "democmd get", "democmd list"];
            unknown_command("!", &Suggestion::new(text, names.into_iter()))
        };
        assert_eq!(say("demcmd add x"), r#"Command "demcmd add" not found. Did you mean "!democmd add"?"#);
        let three =
            r#"Command "democmd" not found. Did you mean "!democmd add", "!democmd get" or "!democmd list"?"#;
        assert_eq!(say("democmd"), three);
        assert_eq!(say("xyz"), r#"Command "xyz" not found. Type !help to see all commands."#);
    }
}
