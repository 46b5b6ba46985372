//! Replies are Markdown where their templates are, and values in them are what they are. Pure.

use minijinja::{AutoEscape, Error, Output, State, Value, escape_formatter};

use crate::chat::text::{markdown, value, without_markdown};

/// How the template engine escapes in replies.
pub(super) fn escape() -> AutoEscape {
    AutoEscape::Custom("markdown".into())
}

/// What makes Markdown of a word, and is mark-up for some platform.
const INLINE: [char; 4] = ['*', '_', '~', '`'];

/// Writes `of_template` into a reply: text from elsewhere as a value, unless the template says that it is `safe`.
pub(super) fn format(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    of_template: &Value,
) -> Result<(), Error> {
    if matches!(state.auto_escape(), AutoEscape::None) {
        return escape_formatter(out, state, of_template);
    }
    let text = of_template.to_string();
    let text = if of_template.is_safe() || is_a_word(&text) { text } else { value(&text) };
    out.write_str(&text).map_err(Error::from)
}

/// Nothing could take it for mark-up.
fn is_a_word(text: &str) -> bool {
    let is_inert =
        |c: char| c.is_alphanumeric() || matches!(c, ',' | '/' | '@' | '%' | '\u{E000}' | '\u{E001}');
    !text.is_empty() && text.chars().all(is_inert)
}

/// The text of a reply: Markdown, if there is any in it.
pub(super) fn marked(text: &str) -> String {
    if is_markdown(text) { markdown(text) } else { without_markdown(text) }
}

fn is_markdown(text: &str) -> bool {
    text.contains(INLINE) || text.contains("](") || text.contains("<http") || text.lines().any(begins_block)
}

/// A heading, a quote, an item of a list, or what is below the head of a table.
fn begins_block(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = digits.len() < line.len() && (digits.starts_with(". ") || digits.starts_with(") "));
    let is_rule = line.contains("--") && line.chars().all(|c| matches!(c, '|' | ':' | '-' | ' '));
    is_numbered || is_rule || ["#", ">", "- ", "+ "].iter().any(|mark| line.starts_with(mark))
}
