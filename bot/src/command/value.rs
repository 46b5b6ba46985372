//! What was typed for one argument → its value, by the argument's type, or what is wrong with it.

use std::cmp::Ordering;

use chatops_crds::{
    bot_plugin::{Argument, ArgumentType},
    shared::durations,
};
use serde_json::{Number, Value};

use super::{enumeration::enumerate, suggest::best};

/// What a Boolean may be typed as, the usual word first.
const TRUE: [&str; 4] = ["true", "yes", "on", "1"];
const FALSE: [&str; 4] = ["false", "no", "off", "0"];

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
    #[error("{}", enumerate(.0.clone(), "or"))]
    NoneOf(Vec<String>),
    #[error("at least {0}")]
    TooSmall(i64),
    #[error("at most {0}")]
    TooGreat(i64),
    #[error("at most {0} characters long")]
    TooLong(i32),
}

/// The value that `typed` is to `argument`: a text, a number, a truth value, or the seconds of a duration.
///
/// # Errors
/// [`WrongValue`].
pub fn read(argument: &Argument, typed: &str) -> Result<Value, WrongValue> {
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
            Ok(match duration.subsec_millis() {
                0 => duration.as_secs().into(),
                _ => duration.as_secs_f64().into(),
            })
        }
    }
}

/// The one of `values` that somebody probably meant who typed something else.
pub fn probably(argument: &Argument, typed: &str) -> Option<String> {
    let values = argument.values.as_deref().unwrap_or_default();
    best(typed, values.iter().map(String::as_str)).first().map(|value| (*value).to_owned())
}

fn text(argument: &Argument, typed: &str) -> Result<Value, WrongValue> {
    match argument.max_length {
        Some(most) if typed.chars().count() > most.unsigned_abs() as usize => Err(WrongValue::TooLong(most)),
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
    let number = number.ok_or(WrongValue::NoNumber)?;
    within(argument, |bound| number.total_cmp(&(bound as f64)))?;
    Number::from_f64(number).map(Value::Number).ok_or(WrongValue::NoNumber)
}

fn whole(argument: &Argument, number: i64) -> Result<Value, WrongValue> {
    within(argument, |bound| number.cmp(&bound))?;
    Ok(number.into())
}

/// `compared`: how the number stands to a bound.
fn within(argument: &Argument, compared: impl Fn(i64) -> Ordering) -> Result<(), WrongValue> {
    match (argument.min, argument.max) {
        (Some(min), _) if compared(min).is_lt() => Err(WrongValue::TooSmall(min)),
        (_, Some(max)) if compared(max).is_gt() => Err(WrongValue::TooGreat(max)),
        _ => Ok(()),
    }
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
        assert_eq!(read(argument, typed), Ok(expected), "{typed}");
    }

    #[track_caller]
    fn must_be(argument: &Argument, typed: &str, expected: &str) {
        assert_eq!(read(argument, typed).unwrap_err().to_string(), expected, "{typed}");
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
    fn durations_are_seconds_and_texts_are_bounded() {
        reads(&of(ArgumentType::Duration), "1h30m", json!(5400));
        reads(&of(ArgumentType::Duration), "250ms", json!(0.25));
        must_be(&of(ArgumentType::Duration), "soon", "a duration such as 90s or 1h30m");
        let short = Argument { max_length: Some(3), ..of(ArgumentType::String) };
        reads(&short, "äöü", json!("äöü"));
        must_be(&short, "four", "at most 3 characters long");
    }
}
