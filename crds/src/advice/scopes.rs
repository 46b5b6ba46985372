//! What a bot cannot do without a scope of Slack's.

/// What does not work without `scope`; none for a scope that this version does not know.
pub fn without(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "chat:write" => "nothing can be said",
        "app_mentions:read" => "mentions are not heard in channels whose messages the bot may not read",
        "channels:history" => "in public channels only mentions of the bot are heard",
        "groups:history" => "in private channels only mentions of the bot are heard",
        "im:history" => "nothing is heard in direct messages",
        "mpim:history" => "in group direct messages only mentions of the bot are heard",
        "reactions:write" => "a command that takes long does not show that it is at work",
        "reactions:read" => "an emoji under a message runs nothing",
        "users:read" => "an emoji under a message runs nothing, as people and bots cannot be told apart",
        "files:write" => "long answers come as several messages, not as files",
        "commands" => "Slack takes no slash command",
        _ => return None,
    })
}

/// The scopes, each with what does not work without it: `im:history (nothing is heard in direct messages)`.
pub fn listed(scopes: &[String]) -> String {
    let one = |scope: &String| match without(scope) {
        Some(effect) => format!("{scope} ({effect})"),
        None => scope.clone(),
    };
    scopes.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_of_a_newer_bot_is_named_without_an_effect() {
        let scopes = ["im:history", "stars:read"].map(String::from);
        assert_eq!(listed(&scopes), "im:history (nothing is heard in direct messages), stars:read");
    }
}
