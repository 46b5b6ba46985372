//! What plugins say to messages that are no command: patterns, and a template for each.

use std::collections::BTreeMap;

use chatops_crds::bot_plugin::Match;
use minijinja::{Value, context};
use regex::{Captures, Regex, RegexBuilder};

use super::{Template, TemplateError, Templates, context::place, sample::Sample};
use crate::chat::Incoming;

/// Answers to one message at most; more would be noise.
const MOST: usize = 3;

/// Places in one message that a pattern is looked at in.
const MOST_FOUND: usize = 50;

/// How large a compiled pattern may be, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// A pattern with its template, ready to use.
#[derive(Debug)]
pub struct Passive {
    pub plugin: String,
    pattern: Regex,
    reply: Template,
}

/// Why a match cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMatch {
    #[error("it is no regular expression: {0}")]
    Pattern(String),
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Passive {
    /// Compiles what `plugin` declares.
    ///
    /// # Errors
    /// [`InvalidMatch`].
    pub fn compile(
        plugin: &str,
        declared: &Match,
        templates: &mut Templates,
    ) -> Result<Passive, InvalidMatch> {
        let pattern = RegexBuilder::new(&declared.pattern).size_limit(MAX_PATTERN).build();
        let pattern = pattern.map_err(|error| {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default();
            InvalidMatch::Pattern(last.trim_start_matches("error: ").to_owned())
        })?;
        let reply = templates.add("reply", &declared.reply, &Sample::of_match(&pattern))?;
        Ok(Passive { plugin: plugin.to_owned(), pattern, reply })
    }

    /// What it says to each different thing that it finds in `incoming`.
    fn says<'a>(
        &'a self,
        templates: &'a Templates,
        incoming: &'a Incoming,
        bot: &'a str,
    ) -> impl Iterator<Item = Result<String, TemplateError>> + 'a {
        let mut seen = Vec::new();
        let found = self.pattern.captures_iter(&incoming.text).take(MOST_FOUND);
        let different = found.filter(move |found| {
            let text = found[0].to_owned();
            let is_new = !seen.contains(&text);
            seen.push(text);
            is_new
        });
        different.take(MOST).map(move |found| {
            let found = groups(&self.pattern, &found);
            let found = Value::from_pairs([("match", found)]);
            templates.render(&self.reply, context! { ..found, ..place(incoming, bot) })
        })
    }
}

/// What `passives` say to `incoming`, several below each other; none if they find nothing in it. A template that fails
/// says nothing, for nobody asked; `failed` is told.
pub fn overheard(
    passives: &[Passive],
    templates: &Templates,
    incoming: &Incoming,
    bot: &str,
    mut failed: impl FnMut(&str, &TemplateError),
) -> Option<String> {
    let mut said: Vec<String> = Vec::new();
    for passive in passives {
        for text in passive.says(templates, incoming, bot) {
            match text {
                Ok(text) if text.trim().is_empty() || said.contains(&text) => {}
                Ok(text) if said.len() < MOST => said.push(text),
                Ok(_) => break,
                Err(error) => failed(&passive.plugin, &error),
            }
        }
    }
    (!said.is_empty()).then(|| said.join("\n"))
}

fn groups(pattern: &Regex, found: &Captures<'_>) -> Value {
    let text =
        |group: Option<regex::Match<'_>>| group.map_or(Value::UNDEFINED, |group| group.as_str().into());
    let mut groups: BTreeMap<Value, Value> =
        found.iter().enumerate().map(|(number, group)| (Value::from(number), text(group))).collect();
    groups.insert("text".into(), text(found.get(0)));
    let names = pattern.capture_names().flatten();
    groups.extend(names.map(|name| (Value::from(name), text(found.name(name)))));
    Value::from_pairs(groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::tests::typed;

    fn says(declared: &[(&str, &str)], text: &str) -> (Option<String>, Vec<String>) {
        let mut templates = Templates::new();
        let compile = |(pattern, reply): &(&str, &str)| {
            let declared = Match { pattern: (*pattern).into(), reply: (*reply).into(), ..Match::default() };
            Passive::compile("demo", &declared, &mut templates).unwrap()
        };
        let passives: Vec<_> = declared.iter().map(compile).collect();
        let incoming = typed(text);
        let mut failures = Vec::new();
        let failed = |_: &str, error: &TemplateError| failures.push(error.to_string());
        (overheard(&passives, &templates, &incoming, "ops", failed), failures)
    }

    #[test]
    fn what_is_found_is_known_by_name_and_by_number() {
        let ticket = [(
            "INC-(?P<id>[0-9]+)( now)?",
            "{{ match.text }}: {{ match.id }} {{ match[1] }} {{ match[2] is defined }}",
        )];
        assert_eq!(says(&ticket, "see INC-42, please").0.unwrap(), "INC-42: 42 42 False");
        assert_eq!(says(&ticket, "see inc-42, please").0, None);
    }

    #[test]
    fn each_thing_is_answered_once_and_not_too_many_are() {
        let link = [("INC-[0-9]+", "https://incidents/{{ match.text }}"), ("42", "The answer.")];
        let text = says(&link, "INC-1 INC-2 INC-1 42").0.unwrap();
        assert_eq!(text, "https://incidents/INC-1\nhttps://incidents/INC-2\nThe answer.");
        assert_eq!(says(&link, "INC-1 INC-2 INC-3 INC-4 42").0.unwrap().lines().count(), MOST);
    }

    #[test]
    fn a_template_that_fails_or_says_nothing_is_not_heard() {
        let (said, failures) = says(&[("a", "{{ match.text | bytes }}"), ("b", " "), ("c", "yes")], "a b c");
        assert_eq!(said.unwrap(), "yes");
        assert_eq!(failures.len(), 1);
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let wrong = |pattern: &str, reply: &str| {
            let declared = Match { pattern: pattern.into(), reply: reply.into(), ..Match::default() };
            Passive::compile("demo", &declared, &mut Templates::new()).unwrap_err().to_string()
        };
        assert_eq!(wrong("a(", "x"), "it is no regular expression: unclosed group");
        assert!(wrong("a", "{{ x").starts_with("reply, line 1: syntax error"));
        let unknown = "reply, line 1: \"match.nr\" is not known; match has id, text";
        assert_eq!(wrong("(?P<id>a)", "{{ match.nr }}"), unknown);
    }
}
