//! Which OAuth scopes the bot needs, and which of them were not granted. Pure.

/// Without it nothing can be said.
const WRITE: &str = "chat:write";

/// Each lets the bot hear people somewhere: in channels, private channels, group messages, direct messages, and where
/// it is mentioned. Without any of them nothing can be heard.
const READ: [&str; 5] =
    ["app_mentions:read", "channels:history", "groups:history", "im:history", "mpim:history"];

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
    let lacking = |scope: &&&str| !granted.contains(*scope);
    let unheard: Vec<String> = READ.iter().filter(lacking).map(ToString::to_string).collect();
    let mut missing = MissingScopes::default();
    if lacking(&&WRITE) {
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
        assert_eq!(
            missing("chat:write"),
            MissingScopes { required: READ.map(String::from).into(), optional: vec![] }
        );
    }
}
