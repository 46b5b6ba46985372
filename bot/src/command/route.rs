//! A typed message → the command it calls, if it is meant for the bot.

use std::borrow::Cow;

use super::{
    address::{Address, address},
    catalogue::{Catalogue, Entry, Group},
    suggest::Suggestion,
};
use crate::chat::Addressing;

/// Behind the prefix: the last command once more.
const REPEAT: &str = "!";

/// Digits of the place of an earlier command at most.
const LONGEST_PLACE: usize = 3;

/// What a message means to the bot.
#[derive(Debug)]
pub enum Routed<'c, 't, R> {
    /// People talk to each other: nothing is answered.
    NotForUs,
    /// The bot is spoken to without a word that could be a command.
    NoCommand,
    Unknown(Suggestion),
    Command {
        group: &'c Group<R>,
        entry: &'c Entry<R>,
        /// What was typed, without what the bot is called by.
        line: &'t str,
        arguments: Cow<'t, str>,
    },
    /// The command that somebody typed this many commands ago, from 1.
    Repeat(usize),
}

/// Finds the command that `text` calls. In a channel it must start with the prefix, directly before a word: `!` alone
/// or `!?` or `! what` is something that people say. Or it starts with another name of the bot. With the prefix `!`,
/// `!!` stands for the last command, and `!3` for the third last.
pub fn route<'c, 't, R>(
    catalogue: &'c Catalogue<R>,
    addressing: Addressing,
    text: &'t str,
) -> Routed<'c, 't, R> {
    let text = text.trim_start();
    let address = address(text, &catalogue.prefix, &catalogue.words.names);
    if let Some(place) = repeated(catalogue, addressing, address) {
        return Routed::Repeat(place);
    }
    let command = match (addressing, address) {
        (Addressing::Channel, Address::Nobody) => return Routed::NotForUs,
        (Addressing::Channel, Address::Prefix(command) | Address::Word(command))
            if !starts_with_word(command) =>
        {
            return Routed::NotForUs;
        }
        // The first word of a command may be a name of the bot.
        (Addressing::Mention | Addressing::Direct, Address::Word(_)) if find(catalogue, text).is_some() => {
            text
        }
        (_, Address::Prefix(command) | Address::Name(command) | Address::Word(command)) => {
            command.trim_start()
        }
        (_, Address::Nobody) => text,
    };
    if !starts_with_word(command) {
        return Routed::NoCommand;
    }
    let found = find(catalogue, command).or_else(|| match address {
        // People who talk to the bot without it use words that mean something else.
        Address::Prefix(_) => abbreviated(catalogue, command),
        _ => None,
    });
    match (found, addressing, address) {
        (Some(found), ..) => found,
        (None, Addressing::Channel, Address::Word(_)) => Routed::NotForUs,
        (None, ..) => {
            let aliases = catalogue.words.aliases.iter().map(|alias| alias.name.as_str());
            Routed::Unknown(Suggestion::new(
                &catalogue.meant(command),
                catalogue.shown_names().chain(aliases),
            ))
        }
    }
}

fn find<'c, 't, R>(catalogue: &'c Catalogue<R>, command: &'t str) -> Option<Routed<'c, 't, R>> {
    let (group, entry, arguments) = match catalogue.meant(command) {
        Cow::Borrowed(text) => {
            let (group, entry, arguments) = catalogue.find(text)?;
            (group, entry, Cow::Borrowed(arguments))
        }
        Cow::Owned(text) => {
            let (group, entry, arguments) = catalogue.find(&text)?;
            (group, entry, Cow::Owned(arguments.to_owned()))
        }
    };
    Some(Routed::Command { group, entry, line: command.trim_end(), arguments })
}

fn abbreviated<'c, 't, R>(catalogue: &'c Catalogue<R>, command: &'t str) -> Option<Routed<'c, 't, R>> {
    let (group, entry, arguments) = catalogue.abbreviated(command)?;
    Some(Routed::Command { group, entry, line: command.trim_end(), arguments: Cow::Borrowed(arguments) })
}

/// How many commands ago that was typed which is to be repeated.
fn repeated<R>(catalogue: &Catalogue<R>, addressing: Addressing, address: Address<'_>) -> Option<usize> {
    let prefix = catalogue.prefix.as_str();
    let behind = match address {
        // People write `?!` and `+1` to each other.
        Address::Prefix(_) if addressing == Addressing::Channel && prefix.len() == 1 && prefix != REPEAT => {
            return None;
        }
        Address::Prefix(behind) => behind.trim_end(),
        Address::Name(behind) => behind.strip_prefix(catalogue.prefix.as_str())?.trim_end(),
        _ => return None,
    };
    if behind == REPEAT {
        return Some(1);
    }
    let is_place = behind.chars().all(|c| c.is_ascii_digit()) && behind.len() <= LONGEST_PLACE;
    let place = behind.parse().ok().filter(|place| is_place && *place > 0)?;
    catalogue.find(behind).is_none().then_some(place)
}

fn starts_with_word(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::{
        Words,
        help::tests::{catalogue, plugin},
    };

    fn means(addressing: Addressing, text: &str) -> String {
        let catalogue = catalogue(vec![plugin("demo", &["democmd add", "democmd get"])]);
        match route(&catalogue, addressing, text) {
            Routed::NotForUs => "not for us".into(),
            Routed::NoCommand => "no command".into(),
            Routed::Unknown(suggestion) => format!("unknown {}", suggestion.typed),
            Routed::Command { entry, arguments, .. } => format!("{}:{arguments}", entry.command.name),
            Routed::Repeat(place) => format!("repeat {place}"),
        }
    }

    #[test]
    fn an_earlier_command_is_repeated_by_its_place() {
        for addressing in [Addressing::Channel, Addressing::Mention, Addressing::Direct] {
            for (text, place) in [("!!", 1), ("!! ", 1), (" !1", 1), ("!12", 12)] {
                assert_eq!(means(addressing, text), format!("repeat {place}"), "{text}");
            }
        }
        assert_eq!(means(Addressing::Direct, "3"), "unknown 3");
        for text in ["!0", "!1000", "!100000000000000001"] {
            assert_eq!(means(Addressing::Channel, text), format!("unknown {}", &text[1..]));
        }
        assert_eq!(means(Addressing::Channel, "!1st"), "unknown 1st");
    }

    #[test]
    fn with_a_prefix_that_people_write_to_each_other_nothing_is_repeated_in_a_channel() {
        let mut catalogue = catalogue(vec![]);
        catalogue.prefix = "+".into();
        let is_repeat = |addressing, text| matches!(route(&catalogue, addressing, text), Routed::Repeat(1));
        for text in ["+1", "+!"] {
            assert!(!is_repeat(Addressing::Channel, text), "{text}");
            assert!(is_repeat(Addressing::Mention, text), "{text}");
        }
    }

    #[test]
    fn in_a_channel_a_command_starts_with_the_prefix() {
        assert_eq!(means(Addressing::Channel, "!democmd add x"), "democmd add: x");
        assert_eq!(means(Addressing::Channel, " !democmd add"), "democmd add:");
        assert_eq!(means(Addressing::Channel, "!nonsense now"), "unknown nonsense");
        assert_eq!(means(Addressing::Channel, "democmd add x"), "not for us");
    }

    #[test]
    fn what_cannot_be_a_command_is_between_people() {
        for text in ["!", "!!!", "!! nice", "! nice", "!?", "!=", "!\n", "hello", "", "wow!"] {
            assert_eq!(means(Addressing::Channel, text), "not for us", "{text}");
        }
    }

    #[test]
    fn who_speaks_to_the_bot_needs_no_prefix_and_always_gets_an_answer() {
        for addressing in [Addressing::Mention, Addressing::Direct] {
            assert_eq!(means(addressing, "democmd get x"), "democmd get: x");
            assert_eq!(means(addressing, "!democmd get x"), "democmd get: x");
            assert_eq!(means(addressing, "! democmd get x"), "democmd get: x");
            assert_eq!(means(addressing, "good morning"), "unknown good");
            for text in ["", "!", "!!!", "?", "👋"] {
                assert_eq!(means(addressing, text), "no command", "{text}");
            }
        }
    }

    #[test]
    fn by_another_name_the_bot_is_called_where_that_is_certain_or_a_command_follows() {
        let words = Words { names: vec!["ops".into(), "hey ops,".into()], aliases: vec![] };
        let catalogue = catalogue(vec![plugin("demo", &["democmd add", "ops list"])]).called(words);
        let to = |addressing, text| match route(&catalogue, addressing, text) {
            Routed::NotForUs => "not for us".to_owned(),
            Routed::NoCommand => "no command".into(),
            Routed::Unknown(suggestion) => format!("unknown {}", suggestion.typed),
            Routed::Command { entry, arguments, .. } => format!("{}:{arguments}", entry.command.name),
            Routed::Repeat(place) => format!("repeat {place}"),
        };
        let means = |text| to(Addressing::Channel, text);
        assert_eq!(means("Ops democmd add x"), "democmd add: x");
        assert_eq!(means("Hey ops, democmd add x"), "democmd add: x");
        assert_eq!(means("ops: nonsense"), "unknown nonsense");
        for text in ["ops are great", "ops 👍", "ops (the team) said so"] {
            assert_eq!(means(text), "not for us", "{text}");
        }
        assert_eq!(to(Addressing::Direct, "ops list x"), "ops list: x");
        assert_eq!(to(Addressing::Direct, "ops democmd add x"), "democmd add: x");
        assert_eq!(means("hey ops,"), "no command");
        assert_eq!(means("democmd add x"), "not for us");
    }

    proptest! {
        #[test]
        fn anything_can_be_said(text in "!?\\PC*") {
            means(Addressing::Channel, &text);
            prop_assert_ne!(means(Addressing::Direct, &text), "not for us");
        }
    }
}
