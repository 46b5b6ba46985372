//! Neutral text: what answers are made of. Private-use characters, which decoders take out of what people type, mark
//! mentions, stretches that are Markdown, and in these the values that are not. Pure.

/// Opens and closes a mention.
const MENTION: (char, char) = ('\u{E000}', '\u{E001}');

/// Opens and closes Markdown; outside of it text is what it is.
const MARKDOWN: (char, char) = ('\u{E002}', '\u{E003}');

/// Opens and closes a value in Markdown, which is what it is.
const VALUE: (char, char) = ('\u{E004}', '\u{E005}');

/// What the id of a channel has in front of it in a mention.
const CHANNEL: char = '#';

/// Neutral text that mentions a user.
pub fn mention(user_id: &str) -> String {
    format!("{}{user_id}{}", MENTION.0, MENTION.1)
}

/// Neutral text that links to a channel.
pub fn mention_channel(channel_id: &str) -> String {
    mention(&format!("{CHANNEL}{channel_id}"))
}

/// Markdown, in which [`value`] marked the values.
pub fn markdown(text: &str) -> String {
    format!("{}{text}{}", MARKDOWN.0, MARKDOWN.1)
}

/// A value in Markdown; mentions in it stay mentions.
pub fn value(text: &str) -> String {
    format!("{}{}{}", VALUE.0, without_markdown(text), VALUE.1)
}

/// Takes the characters out of `text` that mark something.
pub fn without_marks(text: &str) -> String {
    text.chars().filter(|c| !is_mark(*c) && *c != MENTION.0 && *c != MENTION.1).collect()
}

/// The same text where nothing is Markdown.
pub fn without_markdown(text: &str) -> String {
    text.chars().filter(|c| !is_mark(*c)).collect()
}

/// Whether it marks Markdown or a value, and shows nothing.
pub fn is_mark(c: char) -> bool {
    [MARKDOWN.0, MARKDOWN.1, VALUE.0, VALUE.1].contains(&c)
}

/// Where the mention starts that `text` breaks off in, as a byte offset.
pub fn open_mention(text: &str) -> Option<usize> {
    text.rfind(MENTION.0).filter(|start| !text[*start..].contains(MENTION.1))
}

/// Which marks are open somewhere in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    pub markdown: bool,
    pub value: bool,
}

impl Open {
    /// What is open behind `c`.
    #[must_use]
    pub fn behind(self, c: char) -> Open {
        match c {
            _ if c == MARKDOWN.0 || c == MARKDOWN.1 => Open { markdown: c == MARKDOWN.0, value: false },
            _ if c == VALUE.0 || c == VALUE.1 => Open { value: c == VALUE.0, ..self },
            _ => self,
        }
    }

    /// What opens an open value again, and what closes it; nothing where none is open.
    pub fn around_value(self) -> (&'static str, &'static str) {
        if self.value { ("\u{E004}", "\u{E005}") } else { ("", "") }
    }

    /// What opens open Markdown again, and what closes it; nothing where there is none.
    pub fn around_markdown(self) -> (&'static str, &'static str) {
        if self.markdown { ("\u{E002}", "\u{E003}") } else { ("", "") }
    }
}

/// A piece of neutral text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span<'a> {
    /// There may be marks in it that show nothing.
    Text(&'a str),
    /// Id of a mentioned user.
    Mention(&'a str),
    /// Id of a mentioned channel.
    Channel(&'a str),
}

/// The pieces of neutral text, in order.
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(MENTION.0) {
        let after = &rest[start + MENTION.0.len_utf8()..];
        let Some(end) = after.find(MENTION.1) else { break };
        if start > 0 {
            pieces.push(Span::Text(&rest[..start]));
        }
        let id = &after[..end];
        pieces.push(id.strip_prefix(CHANNEL).map_or(Span::Mention(id), Span::Channel));
        rest = &after[end + MENTION.1.len_utf8()..];
    }
    if !rest.is_empty() {
        pieces.push(Span::Text(rest));
    }
    pieces
}

/// Neutral text where nothing is more than text: a mention is the id behind an `@` or a `#`, Markdown stays as it was
/// written.
pub fn plain(text: &str) -> String {
    let text = without_markdown(text);
    let pieces = spans(&text).into_iter().flat_map(|span| match span {
        Span::Text(text) => ["", text],
        Span::Mention(id) => ["@", id],
        Span::Channel(id) => ["#", id],
    });
    pieces.collect()
}

/// The stretches of neutral text, each with whether it is Markdown.
pub fn stretches(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut is_markdown = false;
    text.split_inclusive([MARKDOWN.0, MARKDOWN.1]).map(move |stretch| {
        let (was, inside) = (is_markdown, stretch.strip_suffix([MARKDOWN.0, MARKDOWN.1]));
        is_markdown = stretch.ends_with(MARKDOWN.0);
        (was, inside.unwrap_or(stretch))
    })
}

/// The pieces of Markdown between and in [`value`]s, each with whether it is one.
pub fn values(markdown: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut is_value = false;
    markdown.split_inclusive([VALUE.0, VALUE.1]).map(move |piece| {
        let (was, inside) = (is_value, piece.strip_suffix([VALUE.0, VALUE.1]));
        is_value = piece.ends_with(VALUE.0);
        (was, inside.unwrap_or(piece))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_found_between_text() {
        let text = format!("Hello {}, well met in {}", mention("U1"), mention_channel("C1"));
        let expected =
            [Span::Text("Hello "), Span::Mention("U1"), Span::Text(", well met in "), Span::Channel("C1")];
        assert_eq!(spans(&text), expected);
    }

    #[test]
    fn typed_text_cannot_mark_anything() {
        let typed = format!("{}{}", mention("U1"), markdown(&value("*a*")));
        assert_eq!(without_marks(&typed), "U1*a*");
    }

    #[test]
    fn a_value_cannot_end_itself() {
        let inner = value(&format!("a{}b", value("c")));
        assert_eq!(values(&inner).collect::<Vec<_>>(), [(false, ""), (true, "acb")]);
    }

    #[test]
    fn markdown_is_told_from_what_stands_around_it() {
        let text = format!("a{}b", markdown("*c*"));
        assert_eq!(stretches(&text).collect::<Vec<_>>(), [(false, "a"), (true, "*c*"), (false, "b")]);
        assert_eq!(plain(&text), "a*c*b");
        assert_eq!(plain(&format!("{} :wave:", mention("alice"))), "@alice :wave:");
    }
}
