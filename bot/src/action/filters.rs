//! Filters for what chat shows: tables, code, amounts and times as people say them, JSON and YAML. Those of the template
//! engine itself are there too.

mod table;

use std::time::{Duration, SystemTime};

use chatops_crds::shared::durations;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use minijinja::{Environment, Error, ErrorKind, State, Value, value::Kwargs};

use crate::chat::{mention, mention_channel, text::value as verbatim};

/// Opens and closes a block of code.
const FENCE: &str = "```";

/// Where `truncate` cuts if it is not told, in characters.
const TRUNCATED: usize = 80;

/// Bytes that a filter may look at or write for one unit of fuel, as the engine counts its own.
const BYTES_A_UNIT: usize = 64;

/// Gives `environment` the filters.
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("ago", |value: &Value| ago(value, SystemTime::now()));
    environment.add_filter("bytes", bytes);
    environment.add_filter("code", |state: &State<'_, '_>, value: &Value| {
        code(state, value).map(Value::from_safe_string)
    });
    environment.add_filter("duration", duration);
    environment.add_filter("json", json);
    environment.add_filter("mention", mentioned);
    environment.add_filter("table", |state: &State<'_, '_>, rows: &Value, options: Kwargs| {
        table::table(state, rows, options).map(Value::from_safe_string)
    });
    // What those of the engine return is escaped for HTML, and then passes for mark-up.
    environment.add_filter("tojson", |state: &State<'_, '_>, value: &Value| {
        let text = serde_json::to_string(value).map_err(|error| unwritten("JSON", &error.to_string()))?;
        pay(state, text.len())?;
        Ok::<_, Error>(text)
    });
    for name in ["escape", "e"] {
        environment.add_filter(name, |value: &Value| value.to_string());
    }
    environment.add_filter("truncate", truncate);
    environment.add_filter("yaml", yaml);
}

/// `5 min ago`, `in 2 d`, `just now`, of a time as RFC 3339 has it, a date, or seconds since 1970.
fn ago(value: &Value, now: SystemTime) -> Result<String, Error> {
    let then = time(value).ok_or_else(|| {
        refused("ago", "a time such as 2026-01-31T09:30:00Z, a date, or seconds since 1970", value)
    })?;
    Ok(match now.duration_since(then) {
        Ok(past) if past.as_secs() == 0 => "just now".to_owned(),
        Ok(past) => format!("{} ago", durations::spoken(past)),
        Err(future) => format!("in {}", durations::spoken(future.duration())),
    })
}

fn time(value: &Value) -> Option<SystemTime> {
    if let Some(text) = value.as_str() {
        let date = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
        return Some(text.parse::<Timestamp>().ok().or_else(date)?.into());
    }
    let seconds = f64::try_from(value.clone()).ok().filter(|_| value.is_number())?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

/// `1 h 30 min`, of seconds or of a duration as arguments take it.
fn duration(value: &Value) -> Result<String, Error> {
    let seconds = f64::try_from(value.clone()).ok().filter(|_| value.is_number());
    let duration = match value.as_str() {
        Some(text) => durations::parse(text),
        None => seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    let duration =
        duration.ok_or_else(|| refused("duration", "seconds, or a duration such as 1h30m", value))?;
    Ok(durations::spoken(duration))
}

/// `1.5 GiB`.
fn bytes(value: &Value) -> Result<String, Error> {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let amount = f64::try_from(value.clone()).ok().filter(|_| value.is_number());
    let mut amount = amount.ok_or_else(|| refused("bytes", "a number", value))?;
    let mut unit = 0;
    while amount.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let rounded = (amount * 10.0).round() / 10.0;
    Ok(format!("{rounded} {}", UNITS[unit]))
}

/// The text as code: in a line if it is one, and otherwise as a block.
fn code(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = value.to_string();
    pay(state, text.len())?;
    if text.trim().is_empty() || text.contains('\n') || text.contains('`') {
        return Ok(block(&text));
    }
    Ok(format!("`{}`", verbatim(&text)))
}

/// A block of code, which nothing in it ends.
fn block(text: &str) -> String {
    // Nobody sees a space without width between the backticks.
    let inside = text.trim_end().replace("``", "`\u{200B}`");
    format!("{FENCE}\n{}\n{FENCE}", verbatim(&inside))
}

fn json(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritten("JSON", &error.to_string()))?;
    pay(state, text.len())?;
    Ok(text)
}

fn yaml(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = serde_yaml::to_string(value).map_err(|error| unwritten("YAML", &error.to_string()))?;
    pay(state, text.len())?;
    Ok(text.trim_end().to_owned())
}

/// Mentions a person, or links to a channel, by id or as an argument has it.
fn mentioned(value: &Value) -> Result<String, Error> {
    let of_argument = value.get_attr("mention").ok().filter(|mention| !mention.is_undefined());
    if let Some(mention) = of_argument {
        return Ok(mention.to_string());
    }
    let id = value.as_str().ok_or_else(|| refused("mention", "an id such as U012AB3CD", value))?;
    // Slack's channels (docs: "Understanding Slack IDs").
    Ok(if id.starts_with(['C', 'G', 'D']) { mention_channel(id) } else { mention(id) })
}

/// At most that many characters, the last one `…` if some are left out.
fn truncate(value: &Value, length: Option<usize>) -> String {
    let (text, length) = (value.to_string(), length.unwrap_or(TRUNCATED).max(1));
    if text.chars().nth(length).is_none() {
        return text;
    }
    let kept: String = text.chars().take(length - 1).collect();
    format!("{}…", kept.trim_end())
}

fn pay(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    state.consume_fuel((bytes / BYTES_A_UNIT) as u64)
}

fn refused(filter: &str, takes: &str, value: &Value) -> Error {
    let got = if value.is_undefined() { "nothing".to_owned() } else { truncate(value, Some(40)) };
    Error::new(ErrorKind::InvalidOperation, format!("{filter} takes {takes}, and not \"{got}\""))
}

fn unwritten(format: &str, error: &str) -> Error {
    Error::new(ErrorKind::BadSerialization, format!("no {format} can be made of it: {error}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use minijinja::context;

    use super::*;
    use crate::chat;

    fn render(source: &str, context: Value) -> Result<String, String> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(100_000));
        add(&mut environment);
        environment
            .render_str(source, context)
            .map(|text| chat::text::without_markdown(&text))
            .map_err(|error| format!("{}: {}", error.kind(), error.detail().unwrap_or_default()))
    }

    #[track_caller]
    fn shows(source: &str, context: Value, expected: &str) {
        assert_eq!(render(source, context), Ok(expected.to_owned()), "{source}");
    }

    #[test]
    fn times_are_told_from_now() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        for (value, told) in [
            (Value::from(1_000_000 - 300), "5 min ago"),
            (Value::from(1_000_000.0 + 90_000.0), "in 1 d 1 h"),
            (Value::from("1970-01-12T13:46:40Z"), "just now"),
            (Value::from("1970-01-12T14:46:40+02:00"), "1 h ago"),
            (Value::from("1970-01-12"), "13 h 46 min ago"),
        ] {
            assert_eq!(ago(&value, now).unwrap(), told, "{value}");
        }
        let error = ago(&Value::from("yesterday"), now).unwrap_err();
        assert!(error.detail().unwrap().ends_with("and not \"yesterday\""), "{error}");
    }

    #[test]
    fn amounts_are_told_as_people_say_them() {
        shows(
            "{{ 5400 | duration }}, {{ 0.25 | duration }}, {{ '90s' | duration }}",
            context! {},
            "1 h 30 min, 250 ms, 1 min 30 s",
        );
        shows(
            "{{ 512 | bytes }}, {{ 1536 | bytes }}, {{ (20 * 1024 ** 3) | bytes }}",
            context! {},
            "512 B, 1.5 KiB, 20 GiB",
        );
        let error = render("{{ 'soon' | duration }}", context! {}).unwrap_err();
        assert_eq!(
            error,
            "invalid operation: duration takes seconds, or a duration such as 1h30m, and not \"soon\""
        );
    }

    #[test]
    fn code_ends_where_it_should() {
        shows("{{ 'ls -l' | code }}", context! {}, "`ls -l`");
        shows("{{ text | code }}", context! { text => "a\nb\n" }, "```\na\nb\n```");
        for ticks in 3..10 {
            let text = render("{{ text | code }}", context! { text => "`".repeat(ticks) }).unwrap();
            assert_eq!(text.matches(FENCE).count(), 2, "{text}");
        }
    }

    #[test]
    fn values_are_written_as_json_and_yaml() {
        let value = || context! { value => BTreeMap::from([("a", vec![1, 2])]) };
        shows("{{ value | json }}", value(), "{\n  \"a\": [\n    1,\n    2\n  ]\n}");
        shows("{{ value | yaml }}", value(), "a:\n- 1\n- 2");
        shows("{{ '<b>' | json }}", context! {}, "\"<b>\"");
    }

    #[test]
    fn people_and_channels_are_mentioned_by_id_or_as_arguments() {
        shows("{{ 'U1' | mention }}", context! {}, &chat::mention("U1"));
        shows("{{ 'C1' | mention }}", context! {}, &chat::mention_channel("C1"));
        let argument = context! { who => context! { id => "U2", mention => chat::mention("U2") } };
        shows("{{ who | mention }}", argument, &chat::mention("U2"));
        assert!(render("{{ 5 | mention }}", context! {}).unwrap_err().contains("an id such as"));
    }

    #[test]
    fn long_text_is_cut() {
        shows("{{ 'äöü' | truncate(3) }}{{ 'äöü€' | truncate(3) }}", context! {}, "äöüäö…");
        let long = context! { long => "x".repeat(100) };
        assert_eq!(render("{{ long | truncate }}", long).unwrap().chars().count(), TRUNCATED);
    }
}
