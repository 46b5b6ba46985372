//! The way out: the proxy, and whom to trust behind it.

use super::{Advice, place};
use crate::{
    bot_config::TRUSTED_CA_DIR,
    bot_report::{Fault, FaultCode},
    shared::conditions::Reason,
};

const CREDENTIALS: &str = "spec: {network: {proxy: {credentialsSecretRef: {name: SECRET}}}}";

const TRUSTED_CA: &str = "spec: {network: {trustedCARef: {kind: ConfigMap, name: CONFIGMAP, key: ca.crt}}}";

const PROXY: &str = r#"spec: {network: {proxy: {url: "http://PROXY:3128"}}}"#;

pub(super) fn advice(fault: &Fault) -> Option<Advice> {
    let proxy = fault.arg("proxy");
    Some(match fault.code {
        FaultCode::SlackUnreachable => unreachable(fault),
        FaultCode::ProxySecretNotFound => Advice::new(
            Reason::ProxySecretNotFound,
            format!(
                "the Secret of spec.network.proxy.credentialsSecretRef does not exist or has no value under key \"{}\"",
                fault.arg("key")
            ),
            "create it with keys \"username\" and \"password\"",
        ),
        FaultCode::ProxyAuthFailed => Advice::new(
            Reason::ProxyAuthFailed,
            format!("the proxy {proxy} refuses the credentials, or asks for some ({})", fault.arg("status")),
            "correct the Secret with keys \"username\" and \"password\", or name it",
        )
        .yaml(CREDENTIALS),
        FaultCode::ProxyUnreachable => Advice::new(
            Reason::ProxyUnreachable,
            format!("{} cannot be reached through the proxy {}", fault.arg("host"), place(fault, "proxy")),
            "check that the proxy runs and lets this host through, and spec.network.proxy.url",
        ),
        FaultCode::TrustedCaNotFound if !is_storages(fault) => Advice::new(
            Reason::TrustedCANotFound,
            "the object of spec.network.trustedCARef does not exist, or its key holds no certificates",
            "create it with PEM certificates under that key",
        ),
        _ => return None,
    })
}

fn unreachable(fault: &Fault) -> Advice {
    let what = format!("Slack cannot be reached at {}", place(fault, "host"));
    let advice = |fix: &str| Advice::new(Reason::SlackUnreachable, what.clone(), fix);
    match fault.arg("cause") {
        "tls" => advice(
            "if the network inspects TLS or Slack is behind a private authority, trust its certificate",
        )
        .yaml(TRUSTED_CA),
        "timeout" | "refused" | "reset" => {
            advice("check the network's way out and spec.slack.apiURL; if a proxy is the way out, name it")
                .yaml(PROXY)
        }
        _ => advice("check the network's way out and spec.slack.apiURL"),
    }
}

/// Certificates for Redis are another object's.
fn is_storages(fault: &Fault) -> bool {
    fault.args.get("file").is_some_and(|file| !file.starts_with(TRUSTED_CA_DIR))
}
