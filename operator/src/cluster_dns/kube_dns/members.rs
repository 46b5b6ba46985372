//! The members of a JSON object with the places where they stand, so that one can be put in or taken out and every other
//! byte stays. It knows JSON and nothing else.

use std::ops::Range;

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub key: String,
    pub value: serde_json::Value,
    /// From its key's first quote to the end of its value.
    pub bytes: Range<usize>,
}

/// The members of the object that is `text`, in their order, and the byte after the opening brace. None if it is no
/// JSON object.
pub fn members(text: &str) -> Option<(usize, Vec<Member>)> {
    serde_json::from_str::<serde_json::Value>(text).ok()?.as_object()?;
    // From here on the text is known to be a well-formed object.
    let inside = text.find('{')? + 1;
    let mut members = Vec::new();
    let mut at = skip_space(text, inside);
    while text[at..].starts_with('"') {
        let key_end = value_end(text, at)?;
        let value_start = skip_space(text, skip_space(text, key_end) + 1);
        let end = value_end(text, value_start)?;
        members.push(Member {
            key: serde_json::from_str(&text[at..key_end]).ok()?,
            value: serde_json::from_str(&text[value_start..end]).ok()?,
            bytes: at..end,
        });
        at = skip_space(text, end);
        if text[at..].starts_with(',') {
            at = skip_space(text, at + 1);
        }
    }
    Some((inside, members))
}

/// The object without the member at `bytes` and the comma that separated it. White space stays where it was, since it may
/// be somebody else's.
pub fn without(text: &str, bytes: &Range<usize>) -> String {
    let (before, after) = (&text[..bytes.start], &text[bytes.end..]);
    if let Some(after) = after.trim_start_matches(is_space).strip_prefix(',') {
        return format!("{before}{after}");
    }
    let before = before.trim_end_matches(is_space).strip_suffix(',').unwrap_or(before);
    format!("{before}{after}")
}

fn is_space(ch: char) -> bool {
    matches!(ch, ' ' | '\t' | '\r' | '\n')
}

fn skip_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches(is_space).len()
}

/// The byte after the value that starts at `at`.
fn value_end(text: &str, at: usize) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    Some(at + values.byte_offset())
}
