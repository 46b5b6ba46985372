//! From the bot's codes to words: what happened, which object and field, and the fix.

pub mod network;
pub mod slack;
pub mod storage;

use chatops_crds::{
    bot_report::{BotReport, Fault, FaultCode},
    shared::{
        conditions::{Reason, Status},
        references::{CaKind, CaRef},
    },
};

use super::{Cause, Facts};
use crate::bots::pods::BotPod;

/// Why the pod's process, which runs and reports, does not answer messages.
pub fn reported(pod: &BotPod, facts: &Facts<'_>) -> Option<Cause> {
    let report = pod.says()?;
    let (slack, spec) = (&report.slack, &facts.bot.spec);
    let connection = || slack.connection_fault.as_ref().filter(|_| slack.connections == 0);
    slack
        .credentials_fault
        .as_ref()
        .map(|fault| names_cause(fault, report).unwrap_or_else(|| slack::fault(fault, spec)))
        .or_else(|| missing_scopes(&slack.missing_required_scopes))
        .or_else(|| storage::cause(report, facts))
        .or_else(|| {
            connection().map(|fault| names_cause(fault, report).unwrap_or_else(|| slack::fault(fault, spec)))
        })
}

/// Why a name does not resolve, where the bot has found that out.
fn names_cause(fault: &Fault, report: &BotReport) -> Option<Cause> {
    let names = report.dns.fault.as_ref().filter(|_| fault.code == FaultCode::DnsUnresolvable)?;
    Some(network::fault(names))
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

/// The mounted configuration cannot be read by the bot.
pub fn config_fault(fault: &Fault) -> Cause {
    let message = format!(
        "the bot cannot read its configuration ({}): spec.image names a bot of another version than the operator's",
        fault.arg("error")
    );
    Cause::new(Status::False, Reason::ConfigUnreadable, message)
}

/// `certificates` as `field` of the spec names them.
fn certificates_missing(field: &str, certificates: &CaRef) -> String {
    let kind = match certificates.kind {
        CaKind::ConfigMap => "ConfigMap",
        CaKind::Secret => "Secret",
    };
    format!(
        "{kind} \"{}\" ({field}) does not exist, or its key \"{}\" holds no certificates: create it",
        certificates.name, certificates.key
    )
}
