//! Which OAuth scopes a bot needs, what it gets for them, and which of them were not granted. Pure.

use Addressed::{DirectMessage, Mention, Prefix};
use chatops_crds::{bot_config::BotConfig, chat_bot::commands::Addressed};

/// Without it nothing can be said.
pub(super) const WRITE: &str = "chat:write";

/// A scope without which the bot says less well what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Showing {
    pub scope: &'static str,
    /// What the bot does with it.
    pub what: &'static str,
}

const SIGNS: Showing =
    Showing { scope: "reactions:write", what: "shows on a message that its command is being worked on" };

const PEOPLE: Showing =
    Showing { scope: "users:read", what: "tells people from bots where somebody reacts to a message" };

const FILES: Showing = Showing { scope: "files:write", what: "posts a long answer as a file" };

/// A scope that lets the bot hear people somewhere. With a history it also looks, after a lost connection, whether its
/// answer arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hearing {
    pub scope: &'static str,
    /// What Slack sends then, where the app subscribes to it; none for what it sends in any case.
    pub event: Option<&'static str>,
    /// Where people are heard.
    pub place: &'static str,
    /// Ways to call the bot there.
    ways: &'static [Addressed],
}

const READ: [Hearing; 5] = [
    hearing("app_mentions:read", "app_mention", "where the bot is mentioned", &[Mention]),
    hearing("channels:history", "message.channels", "in public channels", &[Prefix]),
    hearing("groups:history", "message.groups", "in private channels", &[Prefix]),
    hearing("im:history", "message.im", "in direct messages", &[Prefix, DirectMessage]),
    hearing("mpim:history", "message.mpim", "in group direct messages", &[Prefix]),
];

const SLASH: Hearing = Hearing { scope: "commands", event: None, place: "by its slash command", ways: &[] };

const REACTIONS: Hearing = Hearing {
    scope: "reactions:read",
    event: Some("reaction_added"),
    place: "by an emoji under a message",
    ways: &[],
};

const fn hearing(
    scope: &'static str,
    event: &'static str,
    place: &'static str,
    ways: &'static [Addressed],
) -> Hearing {
    Hearing { scope, event: Some(event), place, ways }
}

/// What the Slack app of a bot has to be granted besides [`WRITE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Without any of them nothing can be heard.
    pub(super) hearing: Vec<Hearing>,
    pub(super) showing: Vec<Showing>,
}

impl Needs {
    pub fn of(config: &BotConfig) -> Needs {
        // What plugins answer by themselves is said without calling the bot.
        let overhears = config.plugins.iter().any(|plugin| !plugin.matches.is_empty());
        let is_open =
            |way: &Addressed| config.commands.addressed_by.contains(way) || (*way == Prefix && overhears);
        let heard = READ.into_iter().filter(|hearing| hearing.ways.iter().any(is_open));
        let reacts = config.plugins.iter().any(|plugin| !plugin.reactions.is_empty());
        let hearing = heard
            .chain(config.commands.slash_command.is_some().then_some(SLASH))
            .chain(reacts.then_some(REACTIONS))
            .collect();
        let showing = [SIGNS].into_iter().chain(config.long_output.is_some().then_some(FILES));
        let showing = showing.chain(reacts.then_some(PEOPLE)).collect();
        Needs { hearing, showing }
    }

    /// What is missing of `granted`, the value of Slack's `x-oauth-scopes` header: names with commas between them.
    pub(super) fn missing(&self, granted: &str) -> MissingScopes {
        let granted: Vec<_> = granted.split(',').map(str::trim).collect();
        let is_lacking = |scope: &&str| !granted.contains(scope);
        let heard = self.hearing.iter().map(|hearing| hearing.scope);
        let unheard: Vec<String> = heard.filter(is_lacking).map(str::to_owned).collect();
        let mut missing = MissingScopes::default();
        if is_lacking(&WRITE) {
            missing.required.push(WRITE.to_owned());
        }
        if unheard.len() == self.hearing.len() {
            missing.required.extend(unheard);
        } else {
            missing.optional = unheard;
        }
        let shown = self.showing.iter().map(|showing| showing.scope);
        missing.optional.extend(shown.filter(is_lacking).map(str::to_owned));
        missing
    }
}

/// Scopes that are not granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MissingScopes {
    /// Without them nothing can be answered.
    pub required: Vec<String>,
    /// Without them something less important does not work.
    pub optional: Vec<String>,
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The configuration of bot `name`, with these commands and plugins.
    pub fn config(name: &str, commands: Value, plugins: Value) -> BotConfig {
        let mut config = json!({
            "version": 2,
            "namespace": "local",
            "name": name,
            "slack": {"apiUrl": "https://slack.com/api/", "botToken": {"env": "B"}, "appToken": {"env": "A"}},
            "commands": {"prefix": "!", "timeout": "30s"},
            "storage": {"memory": {}},
            "plugins": plugins,
        });
        let own = config["commands"].as_object_mut().unwrap();
        own.extend(commands.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    fn needs(commands: Value) -> Needs {
        Needs::of(&config("ops", commands, json!([])))
    }

    fn scopes(needs: &Needs) -> Vec<&'static str> {
        needs.hearing.iter().map(|hearing| hearing.scope).collect()
    }

    const ALL: &str = "chat:write,app_mentions:read, channels:history,groups:history,im:history,mpim:history,reactions:write";

    #[test]
    fn nothing_is_missing_when_every_scope_is_granted() {
        assert_eq!(needs(json!({})).missing(ALL), MissingScopes::default());
    }

    #[test]
    fn a_bot_that_cannot_write_can_do_nothing() {
        assert_eq!(needs(json!({})).missing(&ALL.replace("chat:write,", "")).required, ["chat:write"]);
    }

    #[test]
    fn a_bot_that_hears_people_somewhere_lacks_only_optional_scopes() {
        let missing = needs(json!({})).missing("chat:write,app_mentions:read,reactions:write");
        assert_eq!(missing.required, [] as [&str; 0]);
        assert_eq!(missing.optional, ["channels:history", "groups:history", "im:history", "mpim:history"]);
    }

    #[test]
    fn a_bot_that_hears_nobody_can_do_nothing() {
        let needs = needs(json!({}));
        let missing = needs.missing("chat:write");
        assert_eq!(missing.required, scopes(&needs));
        assert_eq!(missing.optional, ["reactions:write"]);
    }

    #[test]
    fn what_is_switched_off_needs_no_scope() {
        let of = |ways: Value| scopes(&needs(json!({"addressedBy": ways, "slashCommand": "/ops"})));
        assert_eq!(of(json!([])), ["commands"]);
        assert_eq!(of(json!(["Mention"])), ["app_mentions:read", "commands"]);
        assert_eq!(of(json!(["DirectMessage"])), ["im:history", "commands"]);
        let prefixed = ["channels:history", "groups:history", "im:history", "mpim:history", "commands"];
        assert_eq!(of(json!(["Prefix"])), prefixed);
        assert_eq!(needs(json!({"slashCommand": "/ops"})).missing(ALL).optional, ["commands"]);
    }

    #[test]
    fn reactions_need_to_be_seen_and_people_to_be_known() {
        let plugins = json!([{"name": "a", "generation": 1, "commands": [], "reactions": [{"emoji": "a", "command": "b"}]}]);
        let needs = Needs::of(&config("ops", json!({}), plugins));
        assert_eq!(needs.missing(ALL).optional, ["reactions:read", "users:read"]);
        assert!(needs.hearing.iter().any(|hearing| hearing.event == Some("reaction_added")));
    }

    #[test]
    fn long_answers_as_files_need_a_scope() {
        let mut config = config("ops", json!({}), json!([]));
        config.long_output = Some(serde_json::from_value(json!({})).unwrap());
        let missing = Needs::of(&config).missing(ALL);
        assert_eq!((missing.required.len(), missing.optional), (0, vec!["files:write".to_owned()]));
        assert_eq!(Needs::of(&config).missing(&format!("{ALL},files:write")), MissingScopes::default());
    }

    #[test]
    fn a_plugin_that_overhears_people_needs_to_hear_them() {
        let plugins = json!([{"name": "a", "generation": 1, "commands": [], "matches": [{"pattern": "a", "reply": "b"}]}]);
        let config = config("ops", json!({"addressedBy": ["Mention"]}), plugins);
        assert_eq!(scopes(&Needs::of(&config)).len(), 5);
    }
}
