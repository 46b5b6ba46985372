//! From the bot's codes to words: what happened, which object and field, and the fix.

use chatops_crds::{
    ChatBotSpec,
    bot_config::{APP_TOKEN_FILE, BOT_TOKEN_FILE},
    bot_report::{Fault, FaultCode},
    shared::{
        conditions::{Reason, Status},
        references::CaKind,
    },
};

use super::Cause;
use crate::bots::pods::BotPod;

/// Why the pod's process, which runs and reports, does not answer messages.
pub fn reported(pod: &BotPod, spec: &ChatBotSpec) -> Option<Cause> {
    let report = pod.says()?;
    let slack = &report.slack;
    let connection = || slack.connection_fault.as_ref().filter(|_| slack.connections == 0);
    slack
        .credentials_fault
        .as_ref()
        .map(|fault| slack_fault(fault, spec))
        .or_else(|| missing_scopes(&slack.missing_required_scopes))
        .or_else(|| {
            report.storage.fault.as_ref().filter(|_| !report.storage.ready).map(|f| storage_fault(f, spec))
        })
        .or_else(|| connection().map(|fault| slack_fault(fault, spec)))
}

/// Scopes without which nothing can be answered.
pub fn missing_scopes(scopes: &[String]) -> Option<Cause> {
    (!scopes.is_empty()).then(|| {
        let message = format!(
            "the Slack app lacks the scopes {}, without which nothing can be answered: add them under \"OAuth & Permissions\" of the app and install it again",
            scopes.join(", ")
        );
        Cause::new(Status::False, Reason::MissingScopes, message)
    })
}

/// A fault with the tokens or the connection to Slack.
pub fn slack_fault(fault: &Fault, spec: &ChatBotSpec) -> Cause {
    let (reason, message) = token_fault(fault, spec).unwrap_or_else(|| connection_fault(fault));
    Cause::new(Status::False, reason, message)
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

fn connection_fault(fault: &Fault) -> (Reason, String) {
    match fault.code {
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
        FaultCode::DnsUnresolvable => (
            Reason::DNSUnresolvable,
            format!(
                "the host name {} cannot be resolved from the bot's pod: check spec.slack.apiURL, the cluster's DNS and spec.dns",
                fault.arg("host")
            ),
        ),
        _ => (
            Reason::SlackUnreachable,
            format!(
                "Slack cannot be reached at {}: check the network's way out and spec.slack.apiURL",
                place(fault, "host")
            ),
        ),
    }
}

/// A fault with storage.
pub fn storage_fault(fault: &Fault, spec: &ChatBotSpec) -> Cause {
    let redis = spec.storage.redis.as_ref();
    let secret =
        redis.and_then(|redis| redis.credentials_secret_ref.as_ref()).map_or("?", |secret| &secret.name);
    let (reason, message) = match fault.code {
        FaultCode::StorageAuthFailed if secret == "?" => (
            Reason::StorageAuthFailed,
            format!(
                "Redis at {} asks for a password ({}): name a Secret with key \"password\" in spec.storage.redis.credentialsSecretRef",
                fault.arg("address"),
                fault.arg("error")
            ),
        ),
        FaultCode::StorageAuthFailed => (
            Reason::StorageAuthFailed,
            format!(
                "Redis at {} refuses the credentials in Secret \"{secret}\" ({}): correct its key \"password\", and \"username\" if the server has users",
                fault.arg("address"),
                fault.arg("error")
            ),
        ),
        FaultCode::StorageSecretNotFound => (
            Reason::StorageSecretNotFound,
            format!(
                "Secret \"{secret}\" (spec.storage.redis.credentialsSecretRef) does not exist or has no key \"password\": create it"
            ),
        ),
        FaultCode::TrustedCaNotFound => (Reason::TrustedCANotFound, certificates_missing(spec)),
        FaultCode::DnsUnresolvable => (
            Reason::DNSUnresolvable,
            format!(
                "the host name {} of spec.storage.redis.addresses cannot be resolved from the bot's pod: correct it, or start the server",
                fault.arg("host")
            ),
        ),
        _ => (
            Reason::StorageUnreachable,
            format!(
                "Redis cannot be reached at {}: check that it runs and spec.storage.redis.addresses",
                place(fault, "address")
            ),
        ),
    };
    Cause::new(Status::False, reason, message)
}

/// The mounted configuration cannot be read by the bot.
pub fn config_fault(fault: &Fault) -> Cause {
    let message = format!(
        "the bot cannot read its configuration ({}): spec.image names a bot of another version than the operator's",
        fault.arg("error")
    );
    Cause::new(Status::False, Reason::ConfigUnreadable, message)
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

fn certificates_missing(spec: &ChatBotSpec) -> String {
    let ca = spec.storage.redis.as_ref().and_then(|redis| redis.tls.as_ref()?.ca_ref.as_ref());
    let Some(ca) = ca else { return "the certificates to trust for Redis are missing".into() };
    let kind = match ca.kind {
        CaKind::ConfigMap => "ConfigMap",
        CaKind::Secret => "Secret",
    };
    format!(
        "{kind} \"{}\" (spec.storage.redis.tls.caRef) does not exist, or its key \"{}\" holds no certificates: create it",
        ca.name, ca.key
    )
}

/// Where and why, e.g. `redis:6379 (refused)`.
fn place(fault: &Fault, argument: &str) -> String {
    match (fault.arg("cause"), fault.args.get("detail").map(String::as_str)) {
        (cause, Some(detail)) if !detail.is_empty() => format!("{} ({cause}: {detail})", fault.arg(argument)),
        (cause, _) => format!("{} ({cause})", fault.arg(argument)),
    }
}
