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
    let prefixed = text.strip_prefix(prefix).map(|behind| (prefix.len(), Address::Prefix(behind)));
    let named = names.iter().filter_map(|name| Some((name.len(), named(name, without(text, name)?)?)));
    let longest = prefixed.into_iter().chain(named).max_by_key(|(length, _)| *length);
    longest.map_or(Address::Nobody, |(_, address)| address)
}

/// What `name` is with this behind it; none if it is a part of a longer word.
fn named<'t>(name: &str, behind: &'t str) -> Option<Address<'t>> {
    if !name.contains(char::is_alphanumeric) {
        return Some(Address::Prefix(behind));
    }
    if let Some(behind) = behind.trim_start().strip_prefix(SEPARATORS) {
        return Some(Address::Name(behind.trim_start()));
    }
    if !name.ends_with(char::is_alphanumeric) {
        return Some(Address::Name(behind.trim_start()));
    }
    behind.starts_with(char::is_whitespace).then(|| Address::Word(behind.trim_start()))
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
    fn signs_are_a_prefix_like_the_other() {
        let of = |text| address(text, "!", &["?".into(), "!ops".into()]);
        assert_eq!(of("?help"), Address::Prefix("help"));
        assert_eq!(of("??"), Address::Prefix("?"));
        assert_eq!(of("!ops help"), Address::Word("help"));
        assert_eq!(of("!opshelp"), Address::Prefix("opshelp"));
    }

    #[test]
    fn a_longer_word_is_no_name() {
        for text in ["opsgenie is down", "op: help", "ops", "", "hey you, help"] {
            assert_eq!(of(text), Address::Nobody, "{text}");
        }
        assert_eq!(of("ops bot help"), Address::Word("help"), "the longest name counts");
        assert_eq!(of("ops bots list"), Address::Word("bots list"), "of those that fit");
    }

    proptest! {
        #[test]
        fn anything_can_be_typed(text in "\\PC*") {
            of(&text);
        }
    }
}
