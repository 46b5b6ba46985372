//! What a template may speak of, and values to try it out with before anybody waits for its answer. Pure.

use std::collections::BTreeMap;

use chatops_crds::bot_plugin::{Argument, ArgumentType, Command, Store};
use minijinja::{Value, context};
use regex::Regex;

/// The names that a template knows.
#[derive(Debug)]
pub(super) struct Sample {
    /// Names with all that they have, so that anything else is a mistake.
    closed: BTreeMap<&'static str, Vec<String>>,
    /// A value for each name.
    values: Value,
}

impl Sample {
    /// What the templates of `command` know.
    pub(super) fn of_command(command: &Command) -> Sample {
        let arguments = command.args.iter().map(|argument| (argument.name.as_str(), of_argument(argument)));
        let mut sample =
            Sample::of("args", command.args.iter().map(|argument| argument.name.clone()).collect());
        let result = command.store.as_ref().map_or(Value::UNDEFINED, result);
        let args = Value::from_pairs(arguments);
        sample.values = context! { args => args, result => result, ..sample.values };
        sample
    }

    /// What the template of a match knows that looks for `pattern`.
    pub(super) fn of_match(pattern: &Regex) -> Sample {
        let groups: Vec<String> = pattern.capture_names().flatten().map(str::to_owned).collect();
        let numbers = (0..pattern.captures_len()).map(|number| (Value::from(number), Value::from("text")));
        let named = groups.iter().map(|name| (Value::from(name.as_str()), Value::from("text")));
        let text = (Value::from("text"), Value::from("text"));
        let found = Value::from_pairs(numbers.chain(named).chain([text]));
        let mut sample = Sample::of("match", groups.into_iter().chain(["text".into()]).collect());
        sample.values = context! { ..Value::from_pairs([("match", found)]), ..sample.values };
        sample
    }

    fn of(name: &'static str, fields: Vec<String>) -> Sample {
        let fixed = [("user", &["id", "name", "mention"][..]), ("channel", &["id"]), ("bot", &["name"])];
        let fixed =
            fixed.map(|(name, fields)| (name, fields.iter().map(|field| (*field).to_owned()).collect()));
        let values = context! {
            user => context! { id => "U1", name => "name", mention => "mention" },
            channel => context! { id => "C1" },
            bot => context! { name => "bot" },
        };
        Sample { closed: fixed.into_iter().chain([(name, fields)]).collect(), values }
    }

    pub(super) fn values(&self) -> Value {
        self.values.clone()
    }

    /// What is wrong with `path`, as in `args.name`, which a template speaks of. `is_global`: the engine knows it.
    pub(super) fn mistake(&self, path: &str, is_global: impl Fn(&str) -> bool) -> Option<String> {
        let mut segments = path.split('.');
        let (name, field) = (segments.next()?, segments.next());
        match (self.closed.get(name), field) {
            (None, _) if is_global(name) || name == "result" && self.closed.contains_key("args") => None,
            (None, _) => {
                let known = self.closed.keys().copied();
                Some(format!("\"{name}\" is not known; known are {}", known.collect::<Vec<_>>().join(", ")))
            }
            (Some(fields), Some(field)) if !fields.iter().any(|known| known == field) => {
                let known = if fields.is_empty() { "nothing".to_owned() } else { fields.join(", ") };
                Some(format!("\"{name}.{field}\" is not known; {name} has {known}"))
            }
            (Some(_), _) => None,
        }
    }
}

fn of_argument(argument: &Argument) -> Value {
    let one = match argument.kind {
        ArgumentType::String | ArgumentType::Json => Value::from("text"),
        ArgumentType::Integer | ArgumentType::Number | ArgumentType::Duration | ArgumentType::Size => {
            Value::from(argument.min.unwrap_or(1).max(1))
        }
        ArgumentType::Boolean => Value::from(true),
        ArgumentType::Enum => {
            Value::from(argument.values.iter().flatten().next().cloned().unwrap_or_default())
        }
        ArgumentType::Date => Value::from("2026-01-31"),
        ArgumentType::User | ArgumentType::Channel => context! { id => "U1", mention => "mention" },
    };
    if argument.repeated { Value::from(vec![one]) } else { one }
}

fn result(store: &Store) -> Value {
    match store {
        Store { list: Some(_), .. } => Value::from(vec![context! { key => "key", value => "value" }]),
        Store { delete: Some(_), .. } => Value::from(true),
        _ => Value::from("value"),
    }
}
