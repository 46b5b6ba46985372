//! The commands of one bot, and finding them by what was typed.

use std::{borrow::Cow, collections::HashMap};

use chatops_crds::{
    bot_plugin::{Command, Match, Reaction},
    chat_bot::commands::Alias,
};

/// Commands by name. `R` is what runs one, of which nothing here needs to know.
#[derive(Debug)]
pub struct Catalogue<R> {
    /// What a command starts with in a channel.
    pub prefix: String,
    /// What people are told to type before a command, which is the prefix wherever it works.
    pub call: String,
    pub words: Words,
    /// Who the commands belong to; the first is the bot itself.
    groups: Vec<Group<R>>,
    /// Places of commands by the parts of their names: `a b`, `a-b` and `a_b` are typed alike.
    index: HashMap<String, Vec<(usize, usize)>>,
    /// Parts of the longest name.
    longest: usize,
}

/// How the bot and its commands are called besides.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// What else a command starts with in a channel.
    pub names: Vec<String>,
    pub aliases: Vec<Alias>,
}

/// The commands of one plugin, or of the bot itself.
#[derive(Debug)]
pub struct Group<R> {
    /// Name of the plugin; none for the bot itself.
    pub plugin: Option<String>,
    pub description: String,
    /// What it answers by itself.
    pub matches: Vec<Match>,
    /// What an emoji runs.
    pub reactions: Vec<Reaction>,
    /// Help shows only the first words of its commands until somebody asks for more.
    pub folded: bool,
    pub entries: Vec<Entry<R>>,
}

/// One command.
#[derive(Debug)]
pub struct Entry<R> {
    pub command: Command,
    pub runs: R,
}

impl<R> Catalogue<R> {
    /// A catalogue of `groups`, whose commands have different names.
    pub fn new(prefix: impl Into<String>, groups: Vec<Group<R>>) -> Catalogue<R> {
        let prefix = prefix.into();
        let mut catalogue = Catalogue {
            call: prefix.clone(),
            prefix,
            words: Words::default(),
            groups,
            index: HashMap::new(),
            longest: 0,
        };
        for (g, group) in catalogue.groups.iter().enumerate() {
            for (e, entry) in group.entries.iter().enumerate() {
                let parts: Vec<&str> = entry.command.name.split([' ', '-']).collect();
                catalogue.longest = catalogue.longest.max(parts.len());
                catalogue.index.entry(parts.join(" ")).or_default().push((g, e));
            }
        }
        catalogue
    }

    /// The same where people are told to type `call` before a command.
    pub fn with_call(self, call: String) -> Catalogue<R> {
        Catalogue { call, ..self }
    }

    /// What stands before what repeats a command.
    pub fn call_again(&self) -> String {
        if self.call == self.prefix { self.prefix.clone() } else { format!("{}{}", self.call, self.prefix) }
    }

    /// The same with other words for the bot and its commands.
    pub fn called(self, words: Words) -> Catalogue<R> {
        Catalogue { words, ..self }
    }

    /// An emoji runs a command for `plugin`.
    pub fn reacts(&mut self, plugin: &str, reaction: Reaction) {
        let its = self.groups.iter_mut().find(|group| group.plugin.as_deref() == Some(plugin));
        its.into_iter().for_each(|group| group.reactions.push(reaction.clone()));
    }

    pub fn groups(&self) -> &[Group<R>] {
        &self.groups
    }

    /// All commands with the group they belong to.
    pub fn entries(&self) -> impl Iterator<Item = (&Group<R>, &Entry<R>)> {
        self.groups.iter().flat_map(|group| group.entries.iter().map(move |entry| (group, entry)))
    }

    /// Names of the commands that help shows.
    pub fn shown_names(&self) -> impl Iterator<Item = &str> {
        let shown = self.entries().filter(|(_, entry)| !entry.command.hidden);
        shown.map(|(_, entry)| entry.command.name.as_str())
    }

    /// The alias `name`, typed as a command's name may be.
    pub fn alias(&self, name: &str) -> Option<&Alias> {
        let parts = parts(name.trim(), usize::MAX);
        let is_whole = parts.last().is_some_and(|part| part.end == name.trim().len());
        let key = key(&parts);
        self.words.aliases.iter().find(|alias| is_whole && alias.name.replace('-', " ") == key)
    }

    /// Aliases of the command `name`.
    pub fn aliases_of(&self, name: &str) -> impl Iterator<Item = &Alias> {
        self.words.aliases.iter().filter(move |alias| {
            self.find(&alias.command).is_some_and(|(_, entry, _)| entry.command.name == name)
        })
    }

    /// What `text` means if it starts with an alias, and not with the name of a command that is as long.
    pub fn meant<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = text.trim_start();
        let words = |name: &str| name.split([' ', '-']).count();
        let longest = self.words.aliases.iter().map(|alias| words(&alias.name)).max().unwrap_or_default();
        let parts = parts(text, longest.max(self.longest));
        for n in (1..=parts.len()).rev().filter(|&n| is_word_end(&text[parts[n - 1].end..])) {
            let key = key(&parts[..n]);
            if self.index.contains_key(&key) {
                break;
            }
            let is_meant = |alias: &&Alias| alias.name.replace('-', " ") == key;
            if let Some(alias) = self.words.aliases.iter().find(is_meant) {
                return Cow::Owned(format!("{}{}", alias.command, &text[parts[n - 1].end..]));
            }
        }
        Cow::Borrowed(text)
    }

    /// The command with the longest name that `text` starts with, and what follows the name. Case does not matter,
    /// and `_`, `-` or white space stands between the parts of a name.
    pub fn find<'t>(&self, text: &'t str) -> Option<(&Group<R>, &Entry<R>, &'t str)> {
        let text = text.trim_start();
        let parts = parts(text, self.longest);
        (1..=parts.len()).rev().filter(|&n| is_word_end(&text[parts[n - 1].end..])).find_map(|n| {
            let end = parts[n - 1].end;
            let (g, e) = self.preferred(self.index.get(&key(&parts[..n]))?, &text[..end])?;
            Some((&self.groups[g], &self.groups[g].entries[e], &text[end..]))
        })
    }

    /// The only command whose name `text` abbreviates, word by word, and what follows. Hidden ones are not given away.
    pub fn abbreviated<'t>(&self, text: &'t str) -> Option<(&Group<R>, &Entry<R>, &'t str)> {
        let text = text.trim_start();
        let typed = parts(text, self.longest);
        let n = (1..=typed.len())
            .rev()
            .filter(|&n| is_word_end(&text[typed[n - 1].end..]))
            .find(|&n| self.entries().any(|(_, entry)| is_abbreviation(&typed[..n], &entry.command)))?;
        let mut meant = self.entries().filter(|(_, entry)| is_abbreviation(&typed[..n], &entry.command));
        let (group, entry) = meant.next()?;
        meant.next().is_none().then(|| (group, entry, &text[typed[n - 1].end..]))
    }

    /// Of commands that are typed alike the one that was typed exactly, or else the first.
    fn preferred(&self, places: &[(usize, usize)], typed: &str) -> Option<(usize, usize)> {
        let typed = typed.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let exact = places.iter().find(|(g, e)| self.groups[*g].entries[*e].command.name == typed);
        exact.or(places.first()).copied()
    }
}

/// One part of a name as it was typed, in lower case.
struct Part {
    text: String,
    /// Where it ends, in bytes.
    end: usize,
}

/// The first parts of a name at the start of `text`, at most `limit`.
fn parts(text: &str, limit: usize) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut start = 0;
    while parts.len() < limit {
        let rest = &text[start..];
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        if length == 0 {
            break;
        }
        let end = start + length;
        parts.push(Part { text: rest[..length].to_lowercase(), end });
        let behind = &text[end..];
        let next = behind.strip_prefix(['_', '-']).unwrap_or_else(|| behind.trim_start());
        start = text.len() - next.len();
    }
    parts
}

/// Shortest abbreviation of a word, in bytes.
const SHORTEST: usize = 2;

fn is_abbreviation(typed: &[Part], command: &Command) -> bool {
    let words: Vec<&str> = command.name.split([' ', '-']).collect();
    let starts = |(part, word): (&Part, &&str)| {
        part.text == **word || part.text.len() >= SHORTEST && word.starts_with(&part.text)
    };
    !command.hidden && words.len() == typed.len() && typed.iter().zip(&words).all(starts)
}

/// How `parts` are looked up.
fn key(parts: &[Part]) -> String {
    parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn is_word_end(rest: &str) -> bool {
    rest.chars().next().is_none_or(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::help::tests::{catalogue, plugin};

    #[track_caller]
    fn finds(text: &str, expected: Option<(&str, &str)>) {
        let catalogue =
            catalogue(vec![plugin("demo", &["democmd add", "democmd", "kube-restart", "a-b", "a b"])]);
        let found = catalogue.find(text).map(|(_, entry, rest)| (entry.command.name.as_str(), rest));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn the_longest_name_wins() {
        finds("democmd add x y", Some(("democmd add", " x y")));
        finds("democmd addition", Some(("democmd", " addition")));
        finds("democmd", Some(("democmd", "")));
        finds("demo", None);
    }

    #[test]
    fn case_and_what_stands_between_the_parts_do_not_matter() {
        for text in ["democmd_add x", "DemoCmd  ADD x", "democmd-add x", "democmd\nadd x"] {
            finds(text, Some(("democmd add", " x")));
        }
        for text in ["kube-restart", "kube_restart", "kube restart"] {
            finds(text, Some(("kube-restart", "")));
        }
    }

    #[test]
    fn of_names_that_are_typed_alike_the_one_that_is_typed_exactly_wins() {
        finds("a b c", Some(("a b", " c")));
        finds("a-b c", Some(("a-b", " c")));
    }

    #[test]
    fn a_name_ends_at_white_space() {
        finds("democmd's", None);
        finds("democmd - add", Some(("democmd", " - add")));
        finds("democmd_add-on", None);
    }

    #[test]
    fn an_alias_stands_for_its_command_and_its_arguments() {
        let alias = |name: &str, command: &str| Alias { name: name.into(), command: command.into() };
        let aliases = vec![
            alias("d", "democmd"),
            alias("d a", "democmd add --fast"),
            alias("democmd", "ping"),
            alias("new-one", "democmd add"),
        ];
        let catalogue = catalogue(vec![plugin("demo", &["democmd add", "democmd"])]);
        let catalogue = catalogue.called(Words { names: vec![], aliases });
        for (typed, meant) in [
            ("D  x", "democmd  x"),
            ("d a x", "democmd add --fast x"),
            ("d_a", "democmd add --fast"),
            ("d add x", "democmd add x"),
            ("new one", "democmd add"),
            ("democmd x", "democmd x"),
            ("dx", "dx"),
            ("", ""),
        ] {
            assert_eq!(catalogue.meant(typed), meant, "{typed}");
        }
        let aliases = catalogue.aliases_of("democmd add").map(|alias| alias.name.as_str());
        assert_eq!(aliases.collect::<Vec<_>>(), ["d a", "new-one"]);
    }

    #[test]
    fn an_abbreviation_is_taken_where_it_can_mean_only_one_command() {
        let catalogue =
            catalogue(vec![plugin("demo", &["deploy", "deploy status", "deploy start", "drain"])]);
        let abbreviated = |text| {
            catalogue.abbreviated(text).map(|(_, entry, rest)| format!("{}:{rest}", entry.command.name))
        };
        for (typed, meant) in [
            ("dep web", "deploy: web"),
            ("deploy stat web", "deploy status: web"),
            ("DEP_STAT web", "deploy status: web"),
            ("up", "uptime:"),
        ] {
            assert_eq!(abbreviated(typed).as_deref(), Some(meant), "{typed}");
        }
        for unclear in ["deploy sta web", "d web", "dep's", "nonsense", ""] {
            assert_eq!(abbreviated(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn arguments_keep_their_white_space() {
        finds("democmd add  two\n lines ", Some(("democmd add", "  two\n lines ")));
    }
}
