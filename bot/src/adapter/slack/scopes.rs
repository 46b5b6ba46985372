//! Which OAuth scopes the bot needs, what it gets for them, and which of them were not granted. Pure.

/// Without it nothing can be said.
pub(super) const WRITE: &str = "chat:write";

/// A scope that lets the bot hear people somewhere.
#[derive(Debug)]
pub(super) struct Hearing {
    pub scope: &'static str,
    /// What Slack sends then, where the app subscribes to it.
    pub event: &'static str,
    /// Where people are heard.
    pub place: &'static str,
}

/// Without any of them nothing can be heard. With a history the bot also looks, after a lost connection, whether its
/// answer arrived.
pub(super) const READ: [Hearing; 5] = [
    hearing("app_mentions:read", "app_mention", "where the bot is mentioned"),
    hearing("channels:history", "message.channels", "in public channels"),
    hearing("groups:history", "message.groups", "in private channels"),
    hearing("im:history", "message.im", "in direct messages"),
    hearing("mpim:history", "message.mpim", "in group direct messages"),
];

const fn hearing(scope: &'static str, event: &'static str, place: &'static str) -> Hearing {
    Hearing { scope, event, place }
}

/// Scopes that are not granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MissingScopes {
    /// Without them nothing can be answered.
    pub required: Vec<String>,
    /// Without them something less important does not work.
    pub optional: Vec<String>,
}

/// What is missing of `granted`, the value of Slack's `x-oauth-scopes` header: names with commas between them.
pub(super) fn missing(granted: &str) -> MissingScopes {
    let granted: Vec<_> = granted.split(',').map(str::trim).collect();
    let is_lacking = |scope: &&str| !granted.contains(scope);
    let unheard: Vec<String> =
        READ.iter().map(|hearing| hearing.scope).filter(is_lacking).map(str::to_owned).collect();
    let mut missing = MissingScopes::default();
    if is_lacking(&WRITE) {
        missing.required.push(WRITE.to_owned());
    }
    if unheard.len() == READ.len() {
        missing.required.extend(unheard);
    } else {
        missing.optional = unheard;
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str =
        "chat:write,app_mentions:read, channels:history,groups:history,im:history,mpim:history,files:write";

    #[test]
    fn nothing_is_missing_when_every_scope_is_granted() {
        assert_eq!(missing(ALL), MissingScopes::default());
    }

    #[test]
    fn a_bot_that_cannot_write_can_do_nothing() {
        assert_eq!(missing(&ALL.replace("chat:write,", "")).required, ["chat:write"]);
    }

    #[test]
    fn a_bot_that_hears_people_somewhere_lacks_only_optional_scopes() {
        let missing = missing("chat:write,app_mentions:read");
        assert_eq!(missing.required, [] as [&str; 0]);
        assert_eq!(missing.optional, ["channels:history", "groups:history", "im:history", "mpim:history"]);
    }

    #[test]
    fn a_bot_that_hears_nobody_can_do_nothing() {
        let required = READ.map(|hearing| hearing.scope.to_owned()).into();
        assert_eq!(missing("chat:write"), MissingScopes { required, optional: vec![] });
    }
}
