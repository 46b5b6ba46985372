//! What was typed for one argument → its value, by the argument's type, or what is wrong with it.

mod size;

use std::cmp::Ordering;

use chatops_crds::{
    bot_plugin::{Argument, ArgumentType},
    shared::durations,
};
use jiff::civil::Date;
use regex::{Regex, RegexBuilder};
use serde_json::{Number, Value, json};

use super::{enumeration::enumerate, suggest::best};
use crate::chat::{Reference, mention, mention_channel};

/// What a Boolean may be typed as, the usual word first.
const TRUE: [&str; 4] = ["true", "yes", "on", "1"];
const FALSE: [&str; 4] = ["false", "no", "off", "0"];

/// How large a compiled pattern may be, in bytes: it is compiled for each command that is typed.
const MAX_PATTERN: usize = 1 << 17;

/// Why something cannot be the value of an argument. Its text is for whoever typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongValue {
    #[error("a whole number")]
    NoInteger,
    #[error("a number")]
    NoNumber,
    #[error("true or false")]
    NoBoolean,
    #[error("a duration such as 90s or 1h30m")]
    NoDuration,
    #[error("a size such as 512Mi or 2G")]
    NoSize,
    #[error("a date such as 2026-01-31")]
    NoDate,
    #[error("a person, mentioned with @")]
    NoUser,
    #[error("a channel, named with #")]
    NoChannel,
    #[error("JSON ({0})")]
    NoJson(String),
    #[error("{}", enumerate(.0.clone(), "or"))]
    NoneOf(Vec<String>),
    #[error("at least {0}")]
    TooSmall(String),
    #[error("at most {0}")]
    TooGreat(String),
    #[error("at most {0} characters long")]
    TooLong(i32),
    #[error("of the form {0}")]
    NoMatch(String),
}

/// The value that `typed` is to `argument`, as [`ArgumentType`] says; `references` are what names in it mean.
///
/// # Errors
/// [`WrongValue`].
pub fn read(argument: &Argument, typed: &str, references: &[Reference]) -> Result<Value, WrongValue> {
    let word = typed.trim();
    match argument.kind {
        ArgumentType::String => text(argument, typed),
        ArgumentType::Integer => {
            let number = word.parse::<i64>().map_err(|_| WrongValue::NoInteger)?;
            whole(argument, number)
        }
        ArgumentType::Number => number(argument, word),
        ArgumentType::Boolean => truth(word).map(Value::Bool).ok_or(WrongValue::NoBoolean),
        ArgumentType::Enum => one_of(argument.values.as_deref().unwrap_or_default(), word),
        ArgumentType::Duration => {
            let duration = durations::parse(word).ok_or(WrongValue::NoDuration)?;
            match duration.subsec_millis() {
                0 => whole(argument, i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)),
                _ => fraction(argument, duration.as_secs_f64()).ok_or(WrongValue::NoDuration)?,
            }
        }
        ArgumentType::Size => whole(argument, size::parse(word).ok_or(WrongValue::NoSize)?),
        ArgumentType::Date => {
            let date = word.parse::<Date>().ok().filter(|_| word.len() == "2026-01-31".len());
            date.map(|date| Value::from(date.to_string())).ok_or(WrongValue::NoDate)
        }
        ArgumentType::User => {
            let id = id_of(word, '@', &['U', 'W'], references).ok_or(WrongValue::NoUser)?;
            Ok(json!({"id": id, "mention": mention(id)}))
        }
        ArgumentType::Channel => {
            let id = id_of(word, '#', &['C', 'D', 'G'], references).ok_or(WrongValue::NoChannel)?;
            Ok(json!({"id": id, "mention": mention_channel(id)}))
        }
        ArgumentType::Json => {
            let bare = super::tokenize::without_fence(word);
            serde_json::from_str(bare).map_err(|error| WrongValue::NoJson(error.to_string()))
        }
    }
}

/// The one of `values` that somebody probably meant who typed something else.
pub fn probably(argument: &Argument, typed: &str) -> Option<String> {
    let values = argument.values.as_deref().unwrap_or_default();
    best(typed, values.iter().map(String::as_str)).first().map(|value| (*value).to_owned())
}

/// The expression that a value matches as a whole.
///
/// # Errors
/// What is wrong with `pattern`, in one line.
pub fn compile_pattern(pattern: &str) -> Result<Regex, String> {
    let alone = RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build();
    // Alone first, as one like `a)|(b` is whole only between other parentheses.
    alone.and_then(|_| whole_pattern(pattern)).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        error => {
            error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

/// Of a pattern that was checked.
fn whole_pattern(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z")).size_limit(MAX_PATTERN).build()
}

fn text(argument: &Argument, typed: &str) -> Result<Value, WrongValue> {
    if let Some(most) = argument.max_length
        && typed.chars().count() > most.unsigned_abs() as usize
    {
        return Err(WrongValue::TooLong(most));
    }
    match &argument.pattern {
        // One that does not compile was found when the plugin was loaded.
        Some(pattern) if !whole_pattern(pattern).is_ok_and(|whole| whole.is_match(typed)) => {
            Err(WrongValue::NoMatch(pattern.clone()))
        }
        _ => Ok(typed.into()),
    }
}

/// A whole number stays one, so that it is printed as it was typed.
fn number(argument: &Argument, word: &str) -> Result<Value, WrongValue> {
    if let Ok(number) = word.parse() {
        return whole(argument, number);
    }
    // Not what only Rust calls a number: `inf`, `NaN`.
    let number = word.parse::<f64>().ok().filter(|_| word.contains(|c: char| c.is_ascii_digit()));
    number.and_then(|number| fraction(argument, number)).ok_or(WrongValue::NoNumber)?
}

fn whole(argument: &Argument, number: i64) -> Result<Value, WrongValue> {
    within(argument, |bound| number.cmp(&bound))?;
    Ok(number.into())
}

/// None: JSON has no such number.
fn fraction(argument: &Argument, number: f64) -> Option<Result<Value, WrongValue>> {
    let value = Number::from_f64(number).map(Value::Number)?;
    Some(within(argument, |bound| number.total_cmp(&(bound as f64))).map(|()| value))
}

/// `compared`: how the number stands to a bound.
fn within(argument: &Argument, compared: impl Fn(i64) -> Ordering) -> Result<(), WrongValue> {
    let told = |bound: i64| match argument.kind {
        ArgumentType::Duration => format!("{bound}s"),
        ArgumentType::Size => format!("{bound} bytes"),
        _ => bound.to_string(),
    };
    match (argument.min, argument.max) {
        (Some(min), _) if compared(min).is_lt() => Err(WrongValue::TooSmall(told(min))),
        (_, Some(max)) if compared(max).is_gt() => Err(WrongValue::TooGreat(told(max))),
        _ => Ok(()),
    }
}

/// What `word` names: by one of the `references`, or by an id that starts with one of `initials` as Slack's do (docs:
/// "Understanding Slack IDs"), with or without `sigil`.
fn id_of<'w>(word: &'w str, sigil: char, initials: &[char], references: &'w [Reference]) -> Option<&'w str> {
    let named = references.iter().find(|reference| reference.text == word && word.starts_with(sigil));
    let bare = word.strip_prefix(sigil).unwrap_or(word);
    let is_id = bare.starts_with(initials)
        && bare.contains(|c: char| c.is_ascii_digit())
        && bare.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    named.map(|reference| reference.id.as_str()).or(is_id.then_some(bare))
}

fn truth(word: &str) -> Option<bool> {
    let is = |names: [&str; 4]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    if is(TRUE) { Some(true) } else { is(FALSE).then_some(false) }
}

fn one_of(values: &[String], word: &str) -> Result<Value, WrongValue> {
    let is_exact = |value: &&String| *value == word;
    let is_alike = |value: &&String| value.to_lowercase() == word.to_lowercase();
    let value = values.iter().find(is_exact).or_else(|| values.iter().find(is_alike));
    value.map(|value| Value::from(value.as_str())).ok_or_else(|| WrongValue::NoneOf(values.to_vec()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: ArgumentType) -> Argument {
        Argument { kind, ..Argument::default() }
    }

    #[track_caller]
    fn reads(argument: &Argument, typed: &str, expected: Value) {
        assert_eq!(read(argument, typed, &[]), Ok(expected), "{typed}");
    }

    #[track_caller]
    fn must_be(argument: &Argument, typed: &str, expected: &str) {
        assert_eq!(read(argument, typed, &[]).unwrap_err().to_string(), expected, "{typed}");
    }

    #[test]
    fn numbers_stay_what_they_were_typed_as() {
        let integer = Argument { min: Some(1), max: Some(10), ..of(ArgumentType::Integer) };
        reads(&integer, "7", json!(7));
        for typed in ["seven", "7.5", "", "99999999999999999999"] {
            must_be(&integer, typed, "a whole number");
        }
        must_be(&integer, "0", "at least 1");
        must_be(&integer, "11", "at most 10");
        let number = Argument { min: Some(0), ..of(ArgumentType::Number) };
        reads(&number, "2", json!(2));
        reads(&number, "0.5", json!(0.5));
        reads(&number, "1e3", json!(1000.0));
        let great = Argument { max: Some(i64::MAX - 1), ..of(ArgumentType::Integer) };
        reads(&great, "9223372036854775806", json!(i64::MAX - 1));
        must_be(&great, "9223372036854775807", "at most 9223372036854775806");
        must_be(&number, "-0.1", "at least 0");
        for typed in ["inf", "NaN", "1,5"] {
            must_be(&number, typed, "a number");
        }
    }

    #[test]
    fn words_mean_the_same_in_upper_and_lower_case() {
        reads(&of(ArgumentType::Boolean), "Yes", json!(true));
        reads(&of(ArgumentType::Boolean), "off", json!(false));
        must_be(&of(ArgumentType::Boolean), "maybe", "true or false");
        let values = Some(["dev", "Staging", "prod"].map(str::to_owned).to_vec());
        let environment = Argument { values, ..of(ArgumentType::Enum) };
        reads(&environment, "staging", json!("Staging"));
        must_be(&environment, "prd", "dev, Staging or prod");
        assert_eq!(probably(&environment, "prd"), Some("prod".into()));
        assert_eq!(probably(&environment, "moon"), None);
    }

    #[test]
    fn a_person_or_a_channel_is_named_or_has_an_id() {
        let reference = |text: &str, id: &str| Reference { text: text.into(), id: id.into() };
        let references = [reference("@jo", "U2"), reference("#general", "C1"), reference("#U2", "C3")];
        let id = |kind, typed| read(&of(kind), typed, &references).map(|value| value["id"].clone());
        for (typed, expected) in [("@jo", "U2"), ("@U012AB3CD", "U012AB3CD"), ("W012", "W012")] {
            assert_eq!(id(ArgumentType::User, typed), Ok(json!(expected)), "{typed}");
        }
        for typed in ["jo", "@al", "#general", "U", "@", "", "U2x", "UP"] {
            assert_eq!(id(ArgumentType::User, typed), Err(WrongValue::NoUser), "{typed}");
        }
        assert_eq!(id(ArgumentType::Channel, "#general"), Ok(json!("C1")));
        assert_eq!(id(ArgumentType::Channel, "general"), Err(WrongValue::NoChannel));
        let value = read(&of(ArgumentType::User), "@jo", &references).unwrap();
        assert_eq!(value["mention"], json!(mention("U2")));
    }

    #[test]
    fn dates_sizes_and_json_are_what_they_say() {
        reads(&of(ArgumentType::Date), "2026-02-28", json!("2026-02-28"));
        for typed in ["2026-02-30", "28.2.2026", "20260228", "2026-02-28T10:00", "today", ""] {
            must_be(&of(ArgumentType::Date), typed, "a date such as 2026-01-31");
        }
        let size = Argument { max: Some(1 << 30), ..of(ArgumentType::Size) };
        reads(&size, "512Mi", json!(536_870_912));
        must_be(&size, "2Gi", "at most 1073741824 bytes");
        must_be(&size, "big", "a size such as 512Mi or 2G");
        let anything = of(ArgumentType::Json);
        for typed in [r#"{"a": [1, null]}"#, "```{\"a\": [1, null]}```", "```\n{\"a\":[1,null]}\n```"] {
            reads(&anything, typed, json!({"a": [1, null]}));
        }
        must_be(&anything, "{a}", "JSON (key must be a string at line 1 column 2)");
    }

    #[test]
    fn a_pattern_is_matched_as_a_whole_in_linear_time() {
        let ticket = Argument { pattern: Some("INC-[0-9]+|none".into()), ..of(ArgumentType::String) };
        reads(&ticket, "INC-42", json!("INC-42"));
        reads(&ticket, "none", json!("none"));
        for typed in ["INC-42 and more", "none\n", "inc-42", ""] {
            must_be(&ticket, typed, "of the form INC-[0-9]+|none");
        }
        assert_eq!(compile_pattern("a(b").unwrap_err(), "unclosed group");
        assert_eq!(compile_pattern("a)|(b").unwrap_err(), "unopened group");
        assert_eq!(compile_pattern("(a{1000}){1000}").unwrap_err(), "it is too large");
        let nested = Argument { pattern: Some("(a+)+b".into()), ..of(ArgumentType::String) };
        must_be(&nested, &"a".repeat(30_000), "of the form (a+)+b");
    }

    #[test]
    fn durations_are_seconds_and_texts_are_bounded() {
        reads(&of(ArgumentType::Duration), "1h30m", json!(5400));
        reads(&of(ArgumentType::Duration), "250ms", json!(0.25));
        must_be(&of(ArgumentType::Duration), "soon", "a duration such as 90s or 1h30m");
        let short = Argument { min: Some(1), max: Some(3600), ..of(ArgumentType::Duration) };
        must_be(&short, "61m", "at most 3600s");
        must_be(&short, "500ms", "at least 1s");
        let short = Argument { max_length: Some(3), ..of(ArgumentType::String) };
        reads(&short, "äöü", json!("äöü"));
        must_be(&short, "four", "at most 3 characters long");
    }
}
