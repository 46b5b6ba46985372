//! Durations as people write them: Gateway API's form (GEP-2257), e.g. `90s`, `5m` or `1h30m`.

use std::time::Duration;

use schemars::{Schema, SchemaGenerator, json_schema};

/// Schema of a duration string; the message names the form.
pub fn duration(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 23,
        "x-kubernetes-validations": [{
            "rule": "self.matches('^([0-9]{1,5}(h|ms|m|s)){1,4}$')",
            "message": "must be a duration such as \"90s\", \"5m\" or \"1h30m\"",
        }],
    })
}

/// Reads a duration; `None` when it is not of GEP-2257's form.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|n| (1..=5).contains(n))?;
        let amount: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += match &rest[..unit_end] {
            "h" => Duration::from_secs(amount * 3600),
            "m" => Duration::from_secs(amount * 60),
            "s" => Duration::from_secs(amount),
            "ms" => Duration::from_millis(amount),
            _ => return None,
        };
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(total)
}

/// A duration as people say it, in its two largest units, as in `1 h 5 min`.
pub fn spoken(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = duration.as_secs();
    if rest == 0 {
        return format!("{} ms", duration.as_millis());
    }
    let parts = UNITS.iter().filter_map(|(seconds, unit)| {
        let amount = rest / seconds;
        rest %= seconds;
        (amount > 0).then(|| format!("{amount} {unit}"))
    });
    parts.take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_the_gateway_api_form_are_read() {
        assert_eq!(parse("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
    }

    #[test]
    fn durations_are_told_in_their_two_largest_units() {
        let told = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!(
            [told(1), told(65), told(300), told(3_600), told(90_061)],
            ["1 s", "1 min 5 s", "5 min", "1 h", "1 d 1 h"]
        );
        assert_eq!(spoken(Duration::from_millis(250)), "250 ms");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "5", "m", "5 m", "1.5h", "123456s", "-5s", "5d"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
