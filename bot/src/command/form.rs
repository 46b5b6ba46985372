//! Arguments as a form, and a filled form as the line that says the same. Pure.

use std::fmt::Write;

use chatops_crds::bot_plugin::{Argument, ArgumentType, Command};
use serde_json::Value;

use super::arguments::{Arguments, WrongArguments, is_switch, parse, parse_partly};
use crate::chat::{
    Reference,
    form::{Field, Filled, Form, Takes, Wrong},
};

/// The form of `command`, with what `typed` says of it.
pub fn form(command: &Command, typed: &str, references: &[Reference]) -> Form {
    let known = parse_partly(&command.args, typed, references);
    let fields = command.args.iter().map(|argument| field(argument, &known)).collect();
    Form { command: command.name.clone(), fields }
}

/// The line that says what is `filled` in. `references`: who and what is named there.
///
/// # Errors
/// What is wrong with fields.
pub fn line(command: &Command, filled: &Filled, references: &[Reference]) -> Result<String, Wrong> {
    let mut line = command.name.clone();
    let given = |argument: &Argument| given(argument, filled);
    let (last, others): (Vec<_>, Vec<_>) = command.args.iter().partition(|argument| argument.rest);
    for argument in &others {
        // Left out it would be what it is by default, and not what the form showed.
        let is_off = is_switch(argument) && given(argument).next().is_none();
        let is_shown = filled.iter().any(|(name, _)| *name == argument.name);
        if is_off && is_shown && argument.default.as_deref() == Some("true") {
            let _ = write!(line, " --{}=false", argument.name);
        }
        for value in given(argument) {
            // Writing to a string cannot fail.
            let _ = match value {
                "true" if is_switch(argument) => write!(line, " --{}", argument.name),
                value => write!(line, " --{}={}", argument.name, quoted(value)),
            };
        }
    }
    let is_next = others.iter().all(|argument| is_switch(argument) || given(argument).next().is_some());
    for (argument, value) in last.iter().flat_map(|argument| given(argument).map(|value| (*argument, value)))
    {
        let name = if is_next { String::new() } else { format!("--{}=", argument.name) };
        let _ = write!(line, " {name}{}", value.trim());
    }
    let arguments = parse(&command.args, &line[command.name.len()..], references)
        .map_err(|error| wrong(command, error))?;
    let differs = |argument: &&&Argument| {
        let text = arguments.get(&argument.name).and_then(Value::as_str);
        argument.kind == ArgumentType::String && given(argument).any(|value| text != Some(value.trim()))
    };
    match last.iter().find(differs) {
        Some(argument) => {
            Err(vec![(argument.name.clone(), "It must not start like an option of this command.".into())])
        }
        None => Ok(line),
    }
}

/// Values of `argument` that are filled in: of several texts, one a line.
fn given<'f>(argument: &Argument, filled: &'f Filled) -> impl Iterator<Item = &'f str> + use<'f> {
    let values = filled.iter().find(|(name, _)| *name == argument.name).map(|(_, values)| values);
    let is_list = argument.repeated && matches!(takes(argument), Takes::Text { .. });
    let parts = move |value: &'f String| -> Vec<&'f str> {
        if is_list { value.lines().collect() } else { vec![value.as_str()] }
    };
    values.into_iter().flatten().flat_map(parts).filter(|value| !value.trim().is_empty())
}

fn field(argument: &Argument, known: &Arguments) -> Field {
    let default = argument.default.clone().into_iter().collect();
    let takes = takes(argument);
    Field {
        name: argument.name.clone(),
        hint: if argument.repeated && matches!(takes, Takes::Text { .. }) {
            format!("{} One on each line.", argument.summary).trim_start().to_owned()
        } else {
            argument.summary.clone()
        },
        is_required: argument.required,
        takes_many: argument.repeated,
        values: known.get(&argument.name).map_or(default, |value| texts(argument, value)),
        takes,
    }
}

fn takes(argument: &Argument) -> Takes {
    match argument.kind {
        ArgumentType::Integer | ArgumentType::Number if !argument.repeated => Takes::Number {
            is_whole: argument.kind == ArgumentType::Integer,
            min: argument.min,
            max: argument.max,
        },
        ArgumentType::Boolean if is_switch(argument) => Takes::Switch,
        ArgumentType::Boolean => Takes::OneOf(vec!["true".into(), "false".into()]),
        ArgumentType::Enum => Takes::OneOf(argument.values.clone().unwrap_or_default()),
        ArgumentType::Date if !argument.repeated => Takes::Day,
        ArgumentType::User => Takes::User,
        ArgumentType::Channel => Takes::Channel,
        _ => Takes::Text {
            is_long: argument.rest || argument.repeated || argument.kind == ArgumentType::Json,
            max_chars: argument.max_length.map(i32::unsigned_abs),
        },
    }
}

/// A value as it could be typed.
fn texts(argument: &Argument, value: &Value) -> Vec<String> {
    match (argument.kind, value) {
        (kind, Value::Array(values)) if kind != ArgumentType::Json => {
            values.iter().flat_map(|value| texts(argument, value)).collect()
        }
        (ArgumentType::Boolean, Value::Bool(false)) if is_switch(argument) => Vec::new(),
        (ArgumentType::Duration, seconds) => {
            let millis = seconds.as_f64().map(|seconds| format!("{}ms", (seconds * 1_000.0).round()));
            vec![seconds.as_i64().map(|seconds| format!("{seconds}s")).or(millis).unwrap_or_default()]
        }
        (ArgumentType::User | ArgumentType::Channel, value) => {
            value["id"].as_str().map(str::to_owned).into_iter().collect()
        }
        (_, Value::String(text)) => vec![text.clone()],
        (_, value) => vec![value.to_string()],
    }
}

/// One value, whatever is in it.
fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@+".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    let is_typographic = value.contains(['“', '”', '„', '‟', '‘', '’', '‚', '‛']);
    if is_typographic && !value.contains("```") {
        return format!("```\n{value}\n```");
    }
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

fn wrong(command: &Command, error: WrongArguments) -> Wrong {
    match error {
        WrongArguments::Missing { names } => {
            names.into_iter().map(|name| (name, "The command cannot run without it.".into())).collect()
        }
        WrongArguments::Value { ref name, .. } => vec![(name.clone(), error.to_string())],
        error => {
            command.args.first().map(|first| (first.name.clone(), error.to_string())).into_iter().collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn command(args: Value) -> Command {
        serde_json::from_value(json!({"name": "deploy it", "args": args})).unwrap()
    }

    fn deploy() -> Command {
        command(json!([
            {"name": "app", "required": true},
            {"name": "to", "type": "Enum", "values": ["eu", "us"], "default": "eu"},
            {"name": "count", "type": "Integer", "min": 1},
            {"name": "force", "type": "Boolean"},
            {"name": "within", "type": "Duration"},
            {"name": "note", "rest": true},
        ]))
    }

    fn filled(values: &[(&str, &[&str])]) -> Filled {
        let own = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
        values.iter().map(|(name, values)| ((*name).to_owned(), own(values))).collect()
    }

    #[test]
    fn a_form_knows_what_was_typed_and_the_defaults() {
        let form = form(&deploy(), "--within 90s --force", &[]);
        let known: Vec<_> =
            form.fields.iter().map(|field| (field.name.as_str(), field.values.join("|"))).collect();
        let expected =
            [("app", ""), ("to", "eu"), ("count", ""), ("force", "true"), ("within", "90s"), ("note", "")];
        assert_eq!(known, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(form.fields[2].takes, Takes::Number { is_whole: true, min: Some(1), max: None });
        assert_eq!(form.fields[5].takes, Takes::Text { is_long: true, max_chars: None });
    }

    #[test]
    fn what_is_filled_in_becomes_a_line() {
        let said = |values: &[(&str, &[&str])]| line(&deploy(), &filled(values), &[]).unwrap();
        assert_eq!(said(&[("app", &["web"]), ("to", &[]), ("note", &[" "])]), "deploy it --app=web");
        assert_eq!(
            said(&[("app", &["my web"]), ("force", &["true"]), ("note", &["for \"us\" "])]),
            "deploy it --app=\"my web\" --force --note=for \"us\""
        );
        let all = [
            ("app", &["a"][..]),
            ("to", &["us"]),
            ("count", &["2"]),
            ("within", &["1m"]),
            ("note", &["so it is"]),
        ];
        assert_eq!(said(&all), "deploy it --app=a --to=us --count=2 --within=1m so it is");
    }

    #[test]
    fn what_is_wrong_is_told_of_its_field() {
        let wrong = |values: &[(&str, &[&str])]| line(&deploy(), &filled(values), &[]).unwrap_err();
        assert_eq!(wrong(&[])[0].0, "app");
        let wrong_count = wrong(&[("app", &["a"]), ("count", &["0"])]);
        assert_eq!(wrong_count[0].0, "count");
        assert!(wrong_count[0].1.contains("at least 1"), "{wrong_count:?}");
        let all = [
            ("app", &["a"][..]),
            ("to", &["us"]),
            ("count", &["2"]),
            ("within", &["1m"]),
            ("note", &["--force me"]),
        ];
        assert_eq!(wrong(&all)[0].0, "note");
    }

    #[test]
    fn several_values_are_each_typed() {
        let command = command(json!([{"name": "who", "type": "User", "repeated": true}]));
        assert_eq!(
            line(&command, &filled(&[("who", &["U1", "U2"])]), &[]).unwrap(),
            "deploy it --who=U1 --who=U2"
        );
        let form = form(&command, "@U1 @U2", &[]);
        assert_eq!((form.fields[0].values.join(" "), &form.fields[0].takes), ("U1 U2".into(), &Takes::User));
    }

    #[test]
    fn several_texts_stand_one_on_each_line() {
        let command = command(json!([{"name": "host", "summary": "Which ones.", "repeated": true}]));
        let typed = line(&command, &filled(&[("host", &["a b\n\nc"])]), &[]).unwrap();
        assert_eq!(typed, "deploy it --host=\"a b\" --host=c");
        let form = form(&command, typed.strip_prefix("deploy it").unwrap(), &[]);
        assert_eq!(form.fields[0].values, ["a b", "c"]);
        assert_eq!(form.fields[0].hint, "Which ones. One on each line.");
    }

    #[test]
    fn a_switch_that_is_on_by_default_can_be_switched_off() {
        let command = command(json!([{"name": "wait", "type": "Boolean", "default": "true"}]));
        assert_eq!(form(&command, "", &[]).fields[0].values, ["true"]);
        assert_eq!(line(&command, &filled(&[("wait", &[])]), &[]).unwrap(), "deploy it --wait=false");
        assert_eq!(line(&command, &filled(&[("wait", &["true"])]), &[]).unwrap(), "deploy it --wait");
    }

    #[test]
    fn what_is_cleared_takes_its_default() {
        let command = command(json!([{"name": "note", "rest": true, "default": "none"}]));
        assert_eq!(line(&command, &filled(&[("note", &[])]), &[]).unwrap(), "deploy it");
    }

    proptest! {
        #[test]
        fn a_filled_form_says_what_was_filled_in(text in "[ -~\\n“’é]{1,40}", more in "[ -~“`\\n]{1,40}") {
            prop_assume!(!text.trim().is_empty() && !more.trim().is_empty());
            prop_assume!(!(text.contains("```") && text.contains(['“', '’'])));
            let command = command(json!([{"name": "a"}, {"name": "b"}, {"name": "rest", "rest": true}]));
            let typed = line(&command, &filled(&[("a", &[&text]), ("rest", &[&more])]), &[]).unwrap();
            let values = parse(&command.args, typed.strip_prefix("deploy it").unwrap(), &[]).unwrap();
            prop_assert_eq!(&values["a"], &json!(text));
            prop_assert_eq!(&values["rest"], &json!(more.trim()));
        }
    }
}
