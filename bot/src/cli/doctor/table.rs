//! The checks as people read them.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use super::check::{Check, Outcome};

/// One line a check, and each fix below the line it belongs to, so that its YAML can be copied.
pub(super) fn render(checks: &[Check]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for check in checks {
        let word = match check.outcome {
            Outcome::Ok => "ok",
            Outcome::Warn => "warn",
            Outcome::Fail => "FAIL",
        };
        table.add_row([word, &check.name, &check.what]);
    }
    let mut text = String::new();
    for (line, check) in table.lines().zip(checks) {
        text.push_str(line.trim_end());
        text.push('\n');
        if !check.fix.is_empty() {
            text.push_str("      fix: ");
            text.push_str(&check.fix);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_stands_below_its_check_in_one_line() {
        let checks = [
            Check::ok("DNS slack.com", "203.0.113.5 in 1 ms"),
            Check::fail("TLS slack.com:443", "the certificate is unknown", "trust it: `spec: {}`"),
        ];
        let text = render(&checks);
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        assert!(lines[0].starts_with("ok") && lines[0].ends_with("203.0.113.5 in 1 ms"), "{text}");
        assert!(lines[1].starts_with("FAIL  TLS slack.com:443"), "{text}");
        assert_eq!(lines[2], "fix: trust it: `spec: {}`");
    }
}
