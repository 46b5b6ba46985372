//! What a fault of the network means for people: what happened, and the smallest fix with the YAML to add. The operator
//! puts it into conditions and `chatops-bot doctor` into its table, so that both say the same. Knows the report's codes
//! and nothing of the ChatBot they come from.

mod dns;
pub mod scopes;
mod way_out;

use std::fmt;

use crate::{
    bot_report::{Fault, FaultCode},
    shared::conditions::Reason,
};

/// What to tell about a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub reason: Reason,
    /// What happened, with the evidence.
    pub what: String,
    /// What to do about it.
    pub fix: String,
    /// The change in one line of YAML: of a ChatBot (`spec: …`), or an object of its own (`kind: …`). Names and
    /// addresses that only the reader knows are written in capitals.
    pub yaml: Option<String>,
}

impl Advice {
    fn new(reason: Reason, what: impl Into<String>, fix: impl Into<String>) -> Advice {
        Advice { reason, what: what.into(), fix: fix.into(), yaml: None }
    }

    #[must_use]
    fn yaml(self, yaml: impl Into<String>) -> Advice {
        Advice { yaml: Some(yaml.into()), ..self }
    }

    /// The fix with its YAML.
    pub fn remedy(&self) -> String {
        match &self.yaml {
            Some(yaml) => format!("{}: `{yaml}`", self.fix),
            None => self.fix.clone(),
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.remedy())
    }
}

/// Advice on a fault with names or with the way out to Slack; none for other faults.
pub fn network(fault: &Fault) -> Option<Advice> {
    dns::advice(fault).or_else(|| way_out::advice(fault))
}

/// Where and why, e.g. `redis:6379 (refused)`.
pub fn place(fault: &Fault, argument: &str) -> String {
    match (fault.arg("cause"), fault.args.get("detail").map(String::as_str)) {
        (cause, Some(detail)) if !detail.is_empty() => format!("{} ({cause}: {detail})", fault.arg(argument)),
        (cause, _) => format!("{} ({cause})", fault.arg(argument)),
    }
}

/// Whether the code is about names.
pub fn is_about_names(code: FaultCode) -> bool {
    dns::advice(&Fault::new(code)).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::ChatBotSpec;

    const CODES: [FaultCode; 16] = [
        FaultCode::SlackUnreachable,
        FaultCode::DnsUnresolvable,
        FaultCode::DnsForwarderUnusable,
        FaultCode::DnsUpstreamUnreachable,
        FaultCode::DnsSearchDomainWildcard,
        FaultCode::DnsSearchDomainFails,
        FaultCode::DnsMuslResolver,
        FaultCode::DnsSlow,
        FaultCode::DnsTcpBlocked,
        FaultCode::DnsBlocked,
        FaultCode::DnsNoExternalNames,
        FaultCode::DnsHostUnresolvable,
        FaultCode::TrustedCaNotFound,
        FaultCode::ProxySecretNotFound,
        FaultCode::ProxyAuthFailed,
        FaultCode::ProxyUnreachable,
    ];

    /// Faults as the bot reports them, also for storage.
    fn faults() -> impl Iterator<Item = Fault> {
        CODES.into_iter().flat_map(|code| {
            let fault = Fault::new(code).with("host", "slack.com").with("server", "10.0.0.10");
            [fault.clone().with("role", "redis"), fault.clone().with("cause", "tls"), fault]
        })
    }

    #[test]
    fn every_fault_of_the_network_has_a_fix() {
        for fault in faults() {
            let advice = network(&fault).unwrap();
            assert!(!advice.fix.is_empty() && !advice.what.is_empty(), "{fault:?}");
            assert!(advice.to_string().len() <= crate::shared::conditions::MAX_MESSAGE, "{advice}");
            assert!(!advice.to_string().contains('\n'), "{advice}");
        }
    }

    #[test]
    fn the_yaml_of_a_fix_is_a_part_of_a_chat_bot_or_an_object_of_its_own() {
        for fault in faults() {
            let Some(yaml) = network(&fault).and_then(|advice| advice.yaml) else { continue };
            let value: Value = serde_yaml::from_str(&yaml).unwrap();
            if value.get("kind").is_some() {
                continue;
            }
            let mut spec = serde_json::json!({"slack": {"tokensSecretRef": {"name": "slack"}}});
            let parts = value["spec"].as_object().unwrap().clone();
            spec.as_object_mut().unwrap().extend(parts);
            if let Some(proxy) = spec.pointer_mut("/network/proxy").and_then(Value::as_object_mut) {
                proxy.entry("url").or_insert_with(|| "http://proxy:3128".into());
            }
            let read: ChatBotSpec = serde_json::from_value(spec.clone()).unwrap();
            let written = serde_json::to_value(read).unwrap();
            for part in ["dns", "network"] {
                if let Some(part_of_fix) = spec.get(part).and_then(Value::as_object) {
                    for key in part_of_fix.keys() {
                        assert!(written[part].get(key).is_some(), "{yaml}: {part}.{key} is no field");
                    }
                }
            }
        }
    }

    #[test]
    fn a_fault_of_something_else_is_left_to_others() {
        assert_eq!(network(&Fault::new(FaultCode::TemplateInvalid)), None);
        assert!(!is_about_names(FaultCode::ProxyAuthFailed));
    }
}
