//! Tokens and the connection to Slack.

use chatops_crds::{
    ChatBotSpec,
    bot_config::{APP_TOKEN_FILE, BOT_TOKEN_FILE},
    bot_report::{Fault, FaultCode},
    shared::conditions::{Reason, Status},
};

use super::{super::Cause, network};

/// A fault with the tokens or the connection to Slack.
pub fn fault(fault: &Fault, spec: &ChatBotSpec) -> Cause {
    token_fault(fault, spec)
        .or_else(|| app_fault(fault))
        .map(|(reason, message)| Cause::new(Status::False, reason, message))
        .or_else(|| network::named_fault(fault, spec))
        .unwrap_or_else(|| network::fault(fault))
}

/// Settings of the Slack app.
fn app_fault(fault: &Fault) -> Option<(Reason, String)> {
    Some(match fault.code {
        FaultCode::SocketModeDisabled => (
            Reason::SocketModeDisabled,
            format!(
                "the Slack app has Socket Mode switched off ({}): switch it on under \"Socket Mode\" of the app",
                fault.arg("error")
            ),
        ),
        FaultCode::TooManyConnections => (
            Reason::TooManyConnections,
            "the Slack app has too many open sockets (Slack allows 10): stop other programs that use the same app token".into(),
        ),
        _ => return None,
    })
}

fn token_fault(fault: &Fault, spec: &ChatBotSpec) -> Option<(Reason, String)> {
    let secret = &spec.slack.tokens_secret_ref;
    let (name, keys) = (&secret.name, &secret.keys);
    let error = fault.arg("error");
    Some(match fault.code {
        FaultCode::TokensSecretNotFound => (
            Reason::TokensSecretNotFound,
            format!(
                "Secret \"{name}\" (spec.slack.tokensSecretRef) does not exist or has neither key \"{}\" nor key \"{}\": create it with both",
                keys.bot_token, keys.app_token
            ),
        ),
        FaultCode::TokensSecretKeyMissing => (
            Reason::TokensSecretKeyMissing,
            format!(
                "Secret \"{name}\" (spec.slack.tokensSecretRef) has no value under key \"{}\": add it",
                secret_key(fault.arg("key"), spec)
            ),
        ),
        FaultCode::InvalidBotToken => (
            Reason::InvalidBotToken,
            format!(
                "{} (key \"{}\" of Secret \"{name}\"): put the bot token from \"OAuth & Permissions\" of the Slack app there",
                refused("bot", "xoxb-", error),
                keys.bot_token
            ),
        ),
        FaultCode::InvalidAppToken => (
            Reason::InvalidAppToken,
            format!(
                "{} (key \"{}\" of Secret \"{name}\"): put an app-level token with scope connections:write from \"Basic Information\" of the Slack app there",
                refused("app", "xapp-", error),
                keys.app_token
            ),
        ),
        FaultCode::TokenRevoked => {
            let key = if fault.arg("token") == "app" { &keys.app_token } else { &keys.bot_token };
            let message = format!(
                "Slack has revoked the token under key \"{key}\" of Secret \"{name}\" ({error}): install the app again and put the new token there"
            );
            (Reason::TokenRevoked, message)
        }
        _ => return None,
    })
}

/// The bot knows the names of mounted files, people know the keys of their Secret.
fn secret_key<'a>(file: &'a str, spec: &'a ChatBotSpec) -> &'a str {
    let keys = &spec.slack.tokens_secret_ref.keys;
    match file {
        BOT_TOKEN_FILE => &keys.bot_token,
        APP_TOKEN_FILE => &keys.app_token,
        other => other,
    }
}

fn refused(which: &str, prefix: &str, error: &str) -> String {
    match error {
        "format" => format!("the {which} token does not start with {prefix}"),
        error => format!("Slack refuses the {which} token: {error}"),
    }
}
