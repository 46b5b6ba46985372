//! A typed message → the command it calls, if it is meant for the bot.

use super::{
    catalogue::{Catalogue, Entry, Group},
    suggest::Suggestion,
};
use crate::chat::Addressing;

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
        arguments: &'t str,
    },
}

/// Finds the command that `text` calls. In a channel it must start with the prefix, directly before a word: `!` alone
/// or `!!` or `! what` is something that people say.
pub fn route<'c, 't, R>(
    catalogue: &'c Catalogue<R>,
    addressing: Addressing,
    text: &'t str,
) -> Routed<'c, 't, R> {
    let text = text.trim_start();
    let prefixed = text.strip_prefix(catalogue.prefix.as_str());
    let command = match (addressing, prefixed) {
        (Addressing::Channel, None) => return Routed::NotForUs,
        (Addressing::Channel, Some(command)) if !starts_with_word(command) => return Routed::NotForUs,
        (_, Some(command)) => command.trim_start(),
        (_, None) => text,
    };
    if !starts_with_word(command) {
        return Routed::NoCommand;
    }
    match catalogue.find(command) {
        Some((group, entry, arguments)) => Routed::Command { group, entry, arguments },
        None => Routed::Unknown(Suggestion::new(command, catalogue.shown_names())),
    }
}

fn starts_with_word(text: &str) -> bool {
    text.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::help::tests::{catalogue, plugin};

    fn means(addressing: Addressing, text: &str) -> String {
        let catalogue = catalogue(vec![plugin("demo", &["democmd add", "democmd get"])]);
        match route(&catalogue, addressing, text) {
            Routed::NotForUs => "not for us".into(),
            Routed::NoCommand => "no command".into(),
            Routed::Unknown(suggestion) => format!("unknown {}", suggestion.typed),
            Routed::Command { entry, arguments, .. } => format!("{}:{arguments}", entry.command.name),
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
        for text in ["!", "!!", "!!!", "! nice", "!?", "!=", "!\n", "hello", "", "wow!"] {
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
            for text in ["", "!", "!!", "?", "👋"] {
                assert_eq!(means(addressing, text), "no command", "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_said(text in "!?\\PC*") {
            means(Addressing::Channel, &text);
            prop_assert_ne!(means(Addressing::Direct, &text), "not for us");
        }
    }
}
