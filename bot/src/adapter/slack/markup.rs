//! Slack's mark-up → the text that a person typed. Pure.
//!
//! Slack escapes `&`, `<` and `>` and turns what it recognises into `<…>`: links, mentions, channels, keywords (docs:
//! "Formatting message text"). `<address|label>` becomes its label, which is what the person saw while typing.

use crate::chat::{Reference, without_marks};

/// Text without mark-up, and what the names in it mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    pub references: Vec<Reference>,
}

/// The text as it was typed: mark-up becomes what it stands for, e.g. `<@U1>` becomes `@U1`.
pub fn decode(text: &str) -> Decoded {
    let text = without_marks(text);
    let mut decoded = Decoded { text: String::with_capacity(text.len()), references: Vec::new() };
    let mut rest = text.as_str();
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        unescape(before, &mut decoded.text);
        let Some(end) = from.find('>') else {
            rest = from;
            break;
        };
        decoded.entity(&from[1..end]);
        rest = &from[end + 1..];
    }
    unescape(rest, &mut decoded.text);
    decoded
}

impl Decoded {
    /// Appends what `<inner>` stands for.
    fn entity(&mut self, inner: &str) {
        let (address, label) = match inner.split_once('|') {
            Some((address, label)) => (address, Some(label).filter(|label| !label.is_empty())),
            None => (inner, None),
        };
        if let (Some(label), Some(id)) = (label, address.strip_prefix(['@', '#'])) {
            self.named(&address[..1], id, label);
        } else {
            entity(address, label, &mut self.text);
        }
    }

    /// Appends the name of a user or a channel. Of two with one name, the second is called by its id.
    fn named(&mut self, sigil: &str, id: &str, label: &str) {
        let mut text = sigil.to_owned();
        unescape(label.strip_prefix(sigil).unwrap_or(label), &mut text);
        let namesake = self.references.iter().find(|reference| reference.text == text);
        if namesake.is_some_and(|namesake| namesake.id != id) {
            text = format!("{sigil}{id}");
        } else if namesake.is_none() {
            self.references.push(Reference { text: text.clone(), id: id.to_owned() });
        }
        self.text.push_str(&text);
    }
}

/// Appends what `<address|label>` stands for.
fn entity(address: &str, label: Option<&str>, decoded: &mut String) {
    let (sigil, name) = match (address.chars().next(), label) {
        (Some('@'), _) => ("@", &address[1..]),
        (Some('#'), _) => ("#", &address[1..]),
        // A keyword such as `<!here>`, a user group `<!subteam^S1|@group>`, or a date with its fallback text.
        (Some('!'), Some(label)) => ("", label),
        (Some('!'), None) => ("@", address[1..].rsplit('^').next().unwrap_or_default()),
        _ => ("", label.unwrap_or(address)),
    };
    decoded.push_str(sigil);
    unescape(name, decoded);
}

/// Appends `text` with Slack's three escapes resolved, each once.
fn unescape(text: &str, decoded: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, from) = rest.split_at(start);
        decoded.push_str(before);
        let (c, length) = [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>')]
            .into_iter()
            .find_map(|(escape, c)| from.starts_with(escape).then_some((c, escape.len())))
            .unwrap_or(('&', 1));
        decoded.push(c);
        rest = &from[length..];
    }
    decoded.push_str(rest);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{adapter::slack::encode, chat::mention};

    #[test]
    fn mark_up_becomes_what_was_typed() {
        for (marked_up, typed) in [
            ("a &lt;b&gt; &amp; c", "a <b> & c"),
            ("&amp;lt;", "&lt;"),
            ("see <http://a.example|a.example> now", "see a.example now"),
            ("<https://a.example/?x=1&amp;y=2>", "https://a.example/?x=1&y=2"),
            ("<mailto:jo@a.example|jo@a.example>", "jo@a.example"),
            ("<@U1> and <@U2|jo>", "@U1 and @jo"),
            ("<#C1|general> <#C2> <#C3|>", "#general #C2 #C3"),
            ("<!here> <!channel> <!everyone|everyone>", "@here @channel everyone"),
            ("<!subteam^S1|@ops> <!subteam^S2>", "@ops @S2"),
            ("<!date^1700000000^{date}|Nov 14>", "Nov 14"),
            ("a < b", "a < b"),
            ("", ""),
        ] {
            assert_eq!(decode(marked_up).text, typed, "{marked_up}");
        }
    }

    #[test]
    fn the_ids_behind_names_are_kept_and_no_name_means_two() {
        let decoded = decode("<@U2|jo> <@U2|@jo> <@U3|jo> <#C1|a&amp;b> <@U4>");
        assert_eq!(decoded.text, "@jo @jo @U3 #a&b @U4");
        let reference = |text: &str, id: &str| Reference { text: text.into(), id: id.into() };
        assert_eq!(decoded.references, [reference("@jo", "U2"), reference("#a&b", "C1")]);
    }

    #[test]
    fn nobody_can_type_a_neutral_mention() {
        assert_eq!(decode(&mention("U1")).text, "U1");
    }

    proptest! {
        #[test]
        fn plain_text_survives_encoding_and_decoding(text in "[ -~\\n€😀]{0,80}") {
            prop_assert_eq!(decode(&encode::text(&text)).text, text);
        }

        #[test]
        fn anything_can_be_decoded(text in "[<>|@#!&;a^\u{e000}-\u{e001}é]{0,40}") {
            decode(&text);
        }
    }
}
