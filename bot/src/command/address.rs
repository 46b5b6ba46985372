//! Whether a message in a channel calls the bot, by its prefix or by another name that it has. Pure.

/// What a message in a channel starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address<'t> {
    Nobody,
    /// The prefix; a command stands right behind it.
    Prefix(&'t str),
    /// Another name of the bot and what makes it certain that the bot is meant, as in `Hey ops, `.
    Name(&'t str),
    /// Another name of the bot, which may be a word like others, as in `ops are great`.
    Word(&'t str),
}

/// What a name is set apart by.
const SEPARATORS: [char; 3] = [':', ',', ';'];

/// How `text` starts. Names are known in upper and lower case; the longest one that fits counts.
pub fn address<'t>(text: &'t str, prefix: &str, names: &[String]) -> Address<'t> {
    if let Some(behind) = text.strip_prefix(prefix) {
        return Address::Prefix(behind);
    }
    let named = names.iter().filter_map(|name| Some((name.len(), name, without(text, name)?)));
    let Some((_, name, behind)) = named.max_by_key(|(length, ..)| *length) else { return Address::Nobody };
    if let Some(behind) = behind.trim_start().strip_prefix(SEPARATORS) {
        return Address::Name(behind.trim_start());
    }
    if !name.ends_with(char::is_alphanumeric) {
        return Address::Name(behind.trim_start());
    }
    if behind.starts_with(char::is_whitespace) { Address::Word(behind.trim_start()) } else { Address::Nobody }
}

/// `text` behind `start`, which may be in another case.
fn without<'t>(text: &'t str, start: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    for c in start.chars() {
        let typed = rest.next()?;
        if !typed.to_lowercase().eq(c.to_lowercase()) {
            return None;
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> Address<'_> {
        address(text, "!", &["ops".into(), "Hey ops,".into(), "ops bot".into()])
    }

    #[test]
    fn a_name_is_known_in_any_case_and_with_what_sets_it_apart() {
        for text in ["Hey ops, help", "hey OPS,help", "ops: help", "Ops , help", "OPS BOT; help"] {
            assert_eq!(of(text), Address::Name("help"), "{text}");
        }
        assert_eq!(of("ops help"), Address::Word("help"));
        assert_eq!(of("!help"), Address::Prefix("help"));
    }

    #[test]
    fn a_longer_word_is_no_name() {
        for text in ["opsgenie is down", "op: help", "ops", "", "hey you, help"] {
            assert_eq!(of(text), Address::Nobody, "{text}");
        }
        assert_eq!(of("ops bot help"), Address::Word("help"), "the longest name counts");
    }

    proptest! {
        #[test]
        fn anything_can_be_typed(text in "\\PC*") {
            of(&text);
        }
    }
}
