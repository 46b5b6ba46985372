//! The commands that every bot has, described like those of plugins.

use chatops_crds::{
    bot_plugin::{Argument, Command},
    shared::visibility::Visibility,
};

/// A command of the bot itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    About,
    Apropos,
    Echo,
    Help,
    History,
    Ping,
    Plugins,
    Status,
    Uptime,
    WhoAmI,
}

impl BuiltIn {
    /// All of them, in the order in which help lists them.
    pub const ALL: [BuiltIn; 10] = [
        BuiltIn::About,
        BuiltIn::Apropos,
        BuiltIn::Echo,
        BuiltIn::Help,
        BuiltIn::History,
        BuiltIn::Ping,
        BuiltIn::Plugins,
        BuiltIn::Status,
        BuiltIn::Uptime,
        BuiltIn::WhoAmI,
    ];

    /// Name of its one argument.
    pub const APROPOS_TERM: &str = "term";

    /// Name of its one argument.
    pub const ECHO_TEXT: &str = "text";

    /// Name of its one argument.
    pub const HELP_TOPIC: &str = "topic";

    /// What is typed, and the words for help.
    pub fn command(self) -> Command {
        let (name, summary, args) = match self {
            BuiltIn::About => ("about", "What I am, and in which version", vec![]),
            BuiltIn::Apropos => ("apropos", "Find commands by what they are about", vec![apropos_term()]),
            BuiltIn::Echo => ("echo", "Say it again, exactly as it was typed", vec![echo_text()]),
            BuiltIn::Help => ("help", "List commands, or explain a command or a plugin", vec![help_topic()]),
            BuiltIn::History => ("history", "What you typed last, and how to repeat it", vec![]),
            BuiltIn::Ping => ("ping", "See whether I am there", vec![]),
            BuiltIn::Plugins => ("plugins", "Which plugins I have, and what does not work in them", vec![]),
            BuiltIn::Status => ("status", "How my connections, my storage and my plugins are", vec![]),
            BuiltIn::Uptime => ("uptime", "How long I have been up", vec![]),
            BuiltIn::WhoAmI => ("whoami", "Who you are to me, and where we are", vec![]),
        };
        Command {
            name: name.into(),
            summary: summary.into(),
            args,
            store: None,
            reply: None,
            visibility: (self == BuiltIn::History).then_some(Visibility::Ephemeral),
            timeout: None,
            idempotent: true,
            hidden: false,
        }
    }
}

fn apropos_term() -> Argument {
    rest(BuiltIn::APROPOS_TERM, "A word or a part of one", true)
}

fn echo_text() -> Argument {
    rest(BuiltIn::ECHO_TEXT, "What to say", true)
}

fn help_topic() -> Argument {
    rest(BuiltIn::HELP_TOPIC, "A command or a plugin", false)
}

fn rest(name: &str, summary: &str, required: bool) -> Argument {
    Argument { name: name.into(), summary: summary.into(), required, rest: true, ..Argument::default() }
}

#[cfg(test)]
mod tests {
    use chatops_crds::resolve::BUILT_IN_COMMANDS;

    use super::*;

    #[test]
    fn they_are_the_names_that_plugins_cannot_take() {
        assert_eq!(BuiltIn::ALL.map(|built_in| built_in.command().name), BUILT_IN_COMMANDS);
    }
}
