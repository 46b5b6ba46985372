//! What was typed after a command's name → the values of its arguments, or what is wrong with it.

mod wrong;

use std::collections::BTreeMap;

use chatops_crds::bot_plugin::{Argument, ArgumentType};
use serde_json::Value;

use super::{
    shortened::shortened,
    suggest::best,
    tokenize::{Tokens, TypedOption},
    value::{WrongValue, compile_pattern, probably, read},
};
use crate::chat::Reference;
pub use wrong::WrongArguments;

/// Values by the argument's name. An optional argument without default that was not typed is absent, or false if it is a
/// Boolean, or an empty list if it can be repeated.
pub type Arguments = BTreeMap<String, Value>;

/// How much of what was typed is told, in characters: enough to recognise it.
const SHOWN: usize = 40;

/// Values of a repeated argument at most.
const MOST_REPEATED: usize = 50;

/// What a plugin's author has to mend in an argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidArgument {
    #[error("its pattern cannot be used: {0}")]
    Pattern(String),
    #[error("its default must be {0}")]
    Default(WrongValue),
}

/// What is wrong with the declaration of `argument` that its schema does not see.
///
/// # Errors
/// [`InvalidArgument`].
pub fn check(argument: &Argument) -> Result<(), InvalidArgument> {
    if let Some(pattern) = &argument.pattern {
        compile_pattern(pattern).map_err(InvalidArgument::Pattern)?;
    }
    let default = argument.default.as_deref().map(|default| read(argument, default, &[]));
    default.transpose().map(drop).map_err(InvalidArgument::Default)
}

/// Reads the values of `arguments` from `typed`, in which names mean what `references` say. An argument marked `rest`
/// gets what is left when its turn comes, exactly as it was typed, but for switches in front of it.
///
/// # Errors
/// [`WrongArguments`].
pub fn parse(
    arguments: &[Argument],
    typed: &str,
    references: &[Reference],
) -> Result<Arguments, WrongArguments> {
    let mut parser = Parser::new(arguments, typed, references);
    while !parser.tokens.remainder().is_empty() {
        parser.step()?;
    }
    parser.finish()
}

/// What can be read of `typed` before something is wrong.
pub fn parse_partly(arguments: &[Argument], typed: &str, references: &[Reference]) -> Arguments {
    let mut parser = Parser::new(arguments, typed, references);
    while !parser.tokens.remainder().is_empty() && parser.step().is_ok() {}
    parser.values
}

struct Parser<'a> {
    arguments: &'a [Argument],
    references: &'a [Reference],
    values: Arguments,
    tokens: Tokens<'a>,
    /// No `--` was typed yet.
    options: bool,
}

impl<'a> Parser<'a> {
    fn new(arguments: &'a [Argument], typed: &'a str, references: &'a [Reference]) -> Parser<'a> {
        let tokens = Tokens::new(typed);
        Parser { arguments, references, values: Arguments::new(), tokens, options: true }
    }

    fn step(&mut self) -> Result<(), WrongArguments> {
        let is_next = |argument: &&Argument| !self.is_taken(argument) && !is_switch(argument);
        let next = self.arguments.iter().find(is_next);
        if let Some(argument) = next.filter(|argument| argument.rest && !self.is_at_switch()) {
            return self.take_rest(argument);
        }
        if self.options && self.tokens.skip_end_of_options() {
            self.options = false;
            return Ok(());
        }
        if let Some(option) = self.tokens.option().filter(|_| self.options) {
            self.tokens = option.behind;
            return self.take_option(option);
        }
        let Some(token) = self.tokens.next() else { return Ok(()) };
        match next {
            Some(argument) => self.take(argument, &token.text),
            None => Err(WrongArguments::TooMany { text: shortened(&token.text, SHOWN) }),
        }
    }

    /// A switch that was not typed yet comes next: in front of free text it is none of it.
    fn is_at_switch(&self) -> bool {
        let option = self.tokens.option().filter(|_| self.options);
        option.is_some_and(|option| {
            let mut switches = self.arguments.iter().filter(|argument| is_switch(argument));
            switches.any(|switch| is_meant(switch, option) && !self.values.contains_key(&switch.name))
        })
    }

    /// It has its value, and can have no other.
    fn is_taken(&self, argument: &Argument) -> bool {
        !argument.repeated && self.values.contains_key(&argument.name)
    }

    fn take(&mut self, argument: &Argument, typed: &str) -> Result<(), WrongArguments> {
        let value = read(argument, typed, self.references).map_err(|wrong| WrongArguments::Value {
            name: argument.name.clone(),
            typed: shortened(typed, SHOWN),
            wrong,
            suggestion: probably(argument, typed),
        })?;
        let name = argument.name.clone();
        if argument.repeated {
            let values = self.values.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            let Value::Array(values) = values else { return Ok(()) };
            if values.len() >= MOST_REPEATED {
                return Err(WrongArguments::TooMany { text: shortened(typed, SHOWN) });
            }
            values.push(value);
        } else {
            self.values.insert(name, value);
        }
        Ok(())
    }

    fn take_rest(&mut self, argument: &Argument) -> Result<(), WrongArguments> {
        let typed = self.tokens.remainder();
        self.tokens = Tokens::new("");
        self.take(argument, typed)
    }

    fn take_option(&mut self, option: TypedOption<'_>) -> Result<(), WrongArguments> {
        let Some(argument) = self.arguments.iter().find(|argument| is_meant(argument, option)) else {
            return Err(self.unknown(option));
        };
        if self.is_taken(argument) {
            return Err(WrongArguments::Twice { option: option.to_string() });
        }
        if argument.rest && !self.tokens.remainder().is_empty() {
            return self.take_rest(argument);
        }
        let value = if option.value_attached {
            self.tokens.attached()
        } else if argument.kind == ArgumentType::Boolean {
            "true".to_owned()
        } else {
            let token = self.tokens.next();
            token.ok_or_else(|| WrongArguments::NoValue { option: option.to_string() })?.text
        };
        self.take(argument, &value)
    }

    fn unknown(&self, option: TypedOption<'_>) -> WrongArguments {
        let names = self.arguments.iter().map(|argument| argument.name.as_str());
        let suggestion = best(option.name, names).first().map(|name| format!("--{name}"));
        WrongArguments::Unknown { option: option.to_string(), suggestion }
    }

    /// Puts defaults in and sees what is missing.
    fn finish(mut self) -> Result<Arguments, WrongArguments> {
        let mut missing = Vec::new();
        for argument in self.arguments {
            match &argument.default {
                _ if self.values.contains_key(&argument.name) => (),
                Some(default) => self.take(argument, default)?,
                None if argument.required => missing.push(argument.name.clone()),
                None if argument.kind == ArgumentType::Boolean => self.take(argument, "false")?,
                None if argument.repeated => {
                    self.values.insert(argument.name.clone(), Value::Array(Vec::new()));
                }
                None => (),
            }
        }
        if missing.is_empty() { Ok(self.values) } else { Err(WrongArguments::Missing { names: missing }) }
    }
}

/// It is typed by its name only, so that no other word can turn it on.
pub fn is_switch(argument: &Argument) -> bool {
    argument.kind == ArgumentType::Boolean && !argument.required
}

fn is_meant(argument: &Argument, option: TypedOption<'_>) -> bool {
    if option.is_long {
        argument.name.eq_ignore_ascii_case(&option.name.replace('-', "_"))
    } else {
        argument.short.as_deref() == Some(option.name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn argument(name: &str) -> Argument {
        Argument { name: name.into(), ..Argument::default() }
    }

    fn required(name: &str) -> Argument {
        Argument { required: true, ..argument(name) }
    }

    /// `app` is required, `namespace` has a default and a short name, `message` takes the rest.
    fn deploy(typed: &str) -> Result<Vec<(String, Value)>, String> {
        let arguments = [
            required("app"),
            Argument { short: Some("n".into()), default: Some("default".into()), ..argument("namespace") },
            Argument { rest: true, ..argument("message") },
        ];
        parse(&arguments, typed, &[])
            .map(|values| values.into_iter().collect())
            .map_err(|error| error.to_string())
    }

    fn deployed(typed: &str, app: &str, namespace: &str, message: Option<&str>) {
        let mut expected = vec![("app".to_owned(), json!(app))];
        expected.extend(message.map(|message| ("message".to_owned(), json!(message))));
        expected.push(("namespace".to_owned(), json!(namespace)));
        assert_eq!(deploy(typed), Ok(expected), "{typed}");
    }

    #[test]
    fn arguments_are_typed_by_position_by_name_and_by_letter() {
        deployed("web", "web", "default", None);
        deployed("web prod", "web", "prod", None);
        deployed("web -n prod", "web", "prod", None);
        deployed("web --namespace prod", "web", "prod", None);
        deployed("--namespace=prod web", "web", "prod", None);
        deployed("—namespace “my prod” --app web", "web", "my prod", None);
        deployed("--namespace= web", "web", "", None);
    }

    #[test]
    fn the_rest_of_the_line_stays_as_it_was_typed() {
        deployed("web prod it's  \"all\"\none --line", "web", "prod", Some("it's  \"all\"\none --line"));
        deployed("web -n prod -- “as it is”", "web", "prod", Some("-- “as it is”"));
        deployed("web --message fix  it -n x", "web", "default", Some("fix  it -n x"));
        deployed("web --message=fix it", "web", "default", Some("fix it"));
    }

    #[test]
    fn quotes_and_two_dashes_say_that_something_is_a_value() {
        deployed("\"-n\" prod", "-n", "prod", None);
        deployed("-- --app prod", "--app", "prod", None);
        deployed("-5 prod", "-5", "prod", None);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (typed, said) in [
            ("", r#""app" is missing."#),
            ("web --namespace", "--namespace needs a value."),
            ("--app web --app x", "--app is given twice."),
            ("web --namspace x", "There is no --namspace. Did you mean --namespace?"),
            ("web -x", "There is no -x. If it is a value, put it in quotes."),
        ] {
            assert_eq!(deploy(typed), Err(said.to_owned()), "{typed}");
        }
        let two = [required("key"), required("value")];
        assert_eq!(parse(&two, "", &[]).unwrap_err().to_string(), r#""key" and "value" are missing."#);
        assert_eq!(parse(&two, "a b c", &[]).unwrap_err().to_string(), r#""c" is one argument too many."#);
    }

    /// `replicas` is a number, `force` is true or false, `to` one of two words.
    fn scale(typed: &str) -> Result<Value, String> {
        let values = Some(vec!["staging".into(), "production".into()]);
        let arguments = [
            Argument { kind: ArgumentType::Integer, max: Some(9), ..required("replicas") },
            Argument { kind: ArgumentType::Boolean, short: Some("f".into()), ..argument("force") },
            Argument { kind: ArgumentType::Enum, values, default: Some("staging".into()), ..argument("to") },
        ];
        let values = parse(&arguments, typed, &[]).map_err(|error| error.to_string())?;
        Ok(values.into_iter().collect::<serde_json::Map<_, _>>().into())
    }

    #[test]
    fn values_have_the_types_of_their_arguments() {
        let all = json!({"replicas": 3, "force": true, "to": "production"});
        for typed in ["3 -f Production", "--to=production -f 3", "--force 3 --to production"] {
            assert_eq!(scale(typed), Ok(all.clone()), "{typed}");
        }
        for typed in ["--force=no 3", "3"] {
            assert_eq!(scale(typed), Ok(json!({"replicas": 3, "force": false, "to": "staging"})));
        }
    }

    #[test]
    fn switches_stand_in_front_of_free_text_and_not_in_it() {
        let say = |typed: &str| {
            let spare = Argument { kind: ArgumentType::Boolean, ..argument("spare") };
            let values = parse(&[spare, Argument { rest: true, ..argument("note") }], typed, &[]).unwrap();
            (
                values["spare"] == json!(true),
                values.get("note").and_then(Value::as_str).unwrap_or("").to_owned(),
            )
        };
        assert_eq!(say("--spare for the fair"), (true, "for the fair".to_owned()));
        assert_eq!(say("for --spare time"), (false, "for --spare time".to_owned()));
        assert_eq!(say("--spare --spare time"), (true, "--spare time".to_owned()));
        assert_eq!(say("-- --spare"), (false, "-- --spare".to_owned()));
        assert_eq!(say("--spare=no --other"), (false, "--other".to_owned()));
    }

    #[test]
    fn a_wrong_value_is_named_with_what_it_must_be() {
        for (typed, said) in [
            ("three", r#""replicas" must be a whole number, and not "three"."#),
            ("10", r#""replicas" must be at most 9, and not "10"."#),
            (
                &"x".repeat(99),
                &format!("\"replicas\" must be a whole number, and not \"{}…\".", "x".repeat(40)),
            ),
            ("3 --force=perhaps", r#""force" must be true or false, and not "perhaps"."#),
            (
                "3 --to prodution",
                r#""to" must be staging or production, and not "prodution". Did you mean "production"?"#,
            ),
        ] {
            assert_eq!(scale(typed), Err(said.to_owned()), "{typed}");
        }
    }

    #[test]
    fn a_repeated_argument_takes_every_value_that_is_left() {
        let tag = |typed: &str| {
            let number = Argument { kind: ArgumentType::Integer, repeated: true, ..argument("numbers") };
            let values = parse(&[required("name"), number], typed, &[]).map_err(|error| error.to_string())?;
            Ok(values["numbers"].clone())
        };
        for typed in ["x 1 2 3", "x --numbers 1 --numbers=2 3", "--numbers 1 x 2 3"] {
            assert_eq!(tag(typed), Ok(json!([1, 2, 3])), "{typed}");
        }
        assert_eq!(tag("x"), Ok(json!([])));
        let wrong = r#""numbers" must be a whole number, and not "two"."#;
        assert_eq!(tag("x 1 two"), Err(wrong.to_owned()));
        let at_least_one = [Argument { repeated: true, ..required("names") }];
        assert_eq!(parse(&at_least_one, "", &[]).unwrap_err().to_string(), r#""names" is missing."#);
        let many = "x ".repeat(MOST_REPEATED);
        assert!(parse(&at_least_one, &many, &[]).is_ok());
        let error = parse(&at_least_one, &(many + "y"), &[]).unwrap_err();
        assert_eq!(error.to_string(), r#""y" is one argument too many."#);
        let default = [Argument { repeated: true, default: Some("a".into()), ..argument("names") }];
        assert_eq!(parse(&default, "", &[]).unwrap()["names"], json!(["a"]));
    }

    #[test]
    fn what_the_schema_does_not_see_is_found_when_the_plugin_is_loaded() {
        let wrong = |argument: Argument| check(&argument).map_err(|error| error.to_string());
        let pattern = |pattern: &str| Argument { pattern: Some(pattern.into()), ..argument("x") };
        assert_eq!(wrong(pattern("a|b")), Ok(()));
        assert_eq!(wrong(pattern("[a")), Err("its pattern cannot be used: unclosed character class".into()));
        let default = |argument: Argument| wrong(Argument { default: Some("2026-02-30".into()), ..argument });
        assert_eq!(default(pattern("a|b")), Err("its default must be of the form a|b".into()));
        let date = Argument { kind: ArgumentType::Date, ..argument("x") };
        assert_eq!(default(date), Err("its default must be a date such as 2026-01-31".into()));
    }

    proptest! {
        #[test]
        fn free_text_comes_back_exactly_as_it_was_typed(typed in "[ -~\n“”‘’—é`]{1,60}") {
            let rest = [Argument { rest: true, ..required("text") }];
            match parse(&rest, &typed, &[]) {
                Ok(values) => prop_assert_eq!(values["text"].as_str(), Some(typed.trim())),
                Err(_) => prop_assert_eq!(typed.trim(), ""),
            }
        }

        #[test]
        fn anything_can_be_typed(typed in "\\PC*") {
            let _ = deploy(&typed);
        }
    }
}
