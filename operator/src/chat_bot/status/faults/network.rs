//! Names, and the way out: told as `chatops-bot doctor` tells them, with the objects that the spec names.

use chatops_crds::{
    ChatBotSpec, advice,
    bot_report::{Fault, FaultCode},
    shared::conditions::{Reason, Status},
};

use super::{super::Cause, certificates_missing};

/// A fault of the network, whatever the spec says.
pub fn fault(fault: &Fault) -> Cause {
    match advice::network(fault) {
        Some(advice) => Cause::new(Status::False, advice.reason, advice.to_string()),
        // A code of a newer bot.
        None => Cause::new(
            Status::False,
            Reason::SlackUnreachable,
            format!("Slack cannot be reached at {}: the bot's log shows why", advice::place(fault, "host")),
        ),
    }
}

/// A fault whose object the spec names.
pub fn named_fault(fault: &Fault, spec: &ChatBotSpec) -> Option<Cause> {
    let network = &spec.network;
    let secret = network.proxy.as_ref().and_then(|proxy| proxy.credentials_secret_ref.as_ref());
    let (reason, message) = match (fault.code, secret, &network.trusted_ca_ref) {
        (FaultCode::TrustedCaNotFound, _, Some(ca)) => {
            (Reason::TrustedCANotFound, certificates_missing("spec.network.trustedCARef", ca))
        }
        (FaultCode::ProxySecretNotFound, Some(secret), _) => (
            Reason::ProxySecretNotFound,
            format!(
                "Secret \"{}\" (spec.network.proxy.credentialsSecretRef) does not exist or has no value under key \"{}\": create it with keys \"username\" and \"password\"",
                secret.name,
                fault.arg("key")
            ),
        ),
        (FaultCode::ProxyAuthFailed, Some(secret), _) => (
            Reason::ProxyAuthFailed,
            format!(
                "the proxy {} refuses the credentials in Secret \"{}\" ({}): correct its keys \"username\" and \"password\"",
                fault.arg("proxy"),
                secret.name,
                fault.arg("status")
            ),
        ),
        _ => return None,
    };
    Some(Cause::new(Status::False, reason, message))
}
