//! What was typed after a command's name → the values of its arguments, or what is wrong with it.

use std::{collections::BTreeMap, fmt};

use chatops_crds::bot_plugin::Argument;

use super::{
    suggest::best,
    tokenize::{Tokens, TypedOption},
};

/// Values by the argument's name. An optional argument without default that was not typed is absent.
pub type Arguments = BTreeMap<String, String>;

/// What is wrong with typed arguments. Its text is for whoever typed them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongArguments {
    #[error("{} {} missing.", Listed(.names), if .names.len() == 1 { "is" } else { "are" })]
    Missing { names: Vec<String> },
    #[error("\"{text}\" is one argument too many.")]
    TooMany { text: String },
    #[error("{option} needs a value.")]
    NoValue { option: String },
    #[error("{option} is given twice.")]
    Twice { option: String },
    #[error("There is no {option}.{}", Hint(.suggestion.as_deref()))]
    Unknown { option: String, suggestion: Option<String> },
}

/// Reads the values of `arguments` from `typed`. An argument marked `rest` gets what is left when its turn comes,
/// exactly as it was typed.
///
/// # Errors
/// [`WrongArguments`].
pub fn parse(arguments: &[Argument], typed: &str) -> Result<Arguments, WrongArguments> {
    let mut parser =
        Parser { arguments, values: Arguments::new(), tokens: Tokens::new(typed), options: true };
    while !parser.tokens.remainder().is_empty() {
        parser.step()?;
    }
    parser.finish()
}

struct Parser<'a> {
    arguments: &'a [Argument],
    values: Arguments,
    tokens: Tokens<'a>,
    /// No `--` was typed yet.
    options: bool,
}

impl Parser<'_> {
    fn step(&mut self) -> Result<(), WrongArguments> {
        let next = self.arguments.iter().find(|argument| !self.values.contains_key(&argument.name));
        if let Some(argument) = next.filter(|argument| argument.rest) {
            self.take_rest(argument);
            return Ok(());
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
            Some(argument) => self.values.insert(argument.name.clone(), token.text),
            None => return Err(WrongArguments::TooMany { text: shortened(&token.text) }),
        };
        Ok(())
    }

    fn take_rest(&mut self, argument: &Argument) {
        self.values.insert(argument.name.clone(), self.tokens.remainder().to_owned());
        self.tokens = Tokens::new("");
    }

    fn take_option(&mut self, option: TypedOption<'_>) -> Result<(), WrongArguments> {
        let Some(argument) = self.arguments.iter().find(|argument| is_meant(argument, option)) else {
            return Err(self.unknown(option));
        };
        if self.values.contains_key(&argument.name) {
            return Err(WrongArguments::Twice { option: option.to_string() });
        }
        if argument.rest && !self.tokens.remainder().is_empty() {
            self.take_rest(argument);
            return Ok(());
        }
        let value = if option.value_attached {
            self.tokens.attached()
        } else {
            let token = self.tokens.next();
            token.ok_or_else(|| WrongArguments::NoValue { option: option.to_string() })?.text
        };
        self.values.insert(argument.name.clone(), value);
        Ok(())
    }

    fn unknown(&self, option: TypedOption<'_>) -> WrongArguments {
        let names = self.arguments.iter().map(|argument| argument.name.as_str());
        let suggestion = best(option.name, names).first().map(|name| format!("--{name}"));
        WrongArguments::Unknown { option: option.to_string(), suggestion }
    }

    /// Puts defaults in and sees what is missing.
    fn finish(mut self) -> Result<Arguments, WrongArguments> {
        let mut missing = Vec::new();
        for Argument { name, default, required, .. } in self.arguments {
            match default {
                _ if self.values.contains_key(name) => (),
                Some(default) => {
                    self.values.insert(name.clone(), default.clone());
                }
                None if *required => missing.push(name.clone()),
                None => (),
            }
        }
        if missing.is_empty() { Ok(self.values) } else { Err(WrongArguments::Missing { names: missing }) }
    }
}

fn is_meant(argument: &Argument, option: TypedOption<'_>) -> bool {
    if option.is_long {
        argument.name.eq_ignore_ascii_case(&option.name.replace('-', "_"))
    } else {
        argument.short.as_deref() == Some(option.name)
    }
}

/// Long enough to recognise what one typed.
fn shortened(text: &str) -> String {
    const MAX: usize = 40;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `"a"`, `"a" and "b"`, `"a", "b" and "c"`.
struct Listed<'a>(&'a [String]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            match i {
                0 => (),
                i if i + 1 == self.0.len() => f.write_str(" and ")?,
                _ => f.write_str(", ")?,
            }
            write!(f, "\"{name}\"")?;
        }
        Ok(())
    }
}

/// What to do about an unknown option.
struct Hint<'a>(Option<&'a str>);

impl fmt::Display for Hint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(suggestion) => write!(f, " Did you mean {suggestion}?"),
            None => f.write_str(" If it is a value, put it in quotes."),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn argument(name: &str) -> Argument {
        Argument {
            name: name.into(),
            summary: String::new(),
            short: None,
            required: false,
            default: None,
            rest: false,
        }
    }

    fn required(name: &str) -> Argument {
        Argument { required: true, ..argument(name) }
    }

    /// `app` is required, `namespace` has a default and a short name, `message` takes the rest.
    fn deploy(typed: &str) -> Result<Vec<(String, String)>, String> {
        let arguments = [
            required("app"),
            Argument { short: Some("n".into()), default: Some("default".into()), ..argument("namespace") },
            Argument { rest: true, ..argument("message") },
        ];
        parse(&arguments, typed).map(|values| values.into_iter().collect()).map_err(|error| error.to_string())
    }

    fn deployed(typed: &str, app: &str, namespace: &str, message: Option<&str>) {
        let mut expected = vec![("app".to_owned(), app.to_owned())];
        expected.extend(message.map(|message| ("message".to_owned(), message.to_owned())));
        expected.push(("namespace".to_owned(), namespace.to_owned()));
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
        assert_eq!(parse(&two, "").unwrap_err().to_string(), r#""key" and "value" are missing."#);
        assert_eq!(parse(&two, "a b c").unwrap_err().to_string(), r#""c" is one argument too many."#);
    }

    proptest! {
        #[test]
        fn free_text_comes_back_exactly_as_it_was_typed(typed in "[ -~\n“”‘’—é`]{1,60}") {
            let rest = [Argument { rest: true, ..required("text") }];
            match parse(&rest, &typed) {
                Ok(values) => prop_assert_eq!(values["text"].as_str(), typed.trim()),
                Err(_) => prop_assert_eq!(typed.trim(), ""),
            }
        }

        #[test]
        fn anything_can_be_typed(typed in "\\PC*") {
            let _ = deploy(&typed);
        }
    }
}
