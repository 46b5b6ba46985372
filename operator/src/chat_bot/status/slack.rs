//! `CredentialsValid` and `Connected`: the Slack side, as the bot reports it.

use chatops_crds::shared::conditions::{CONNECTED, CREDENTIALS_VALID, Reason, Status, Verdict};

use super::{Cause, Facts, faults};

pub fn credentials_valid(facts: &Facts<'_>) -> Verdict {
    let Some(report) = facts.report() else { return facts.hindrance().unknown(CREDENTIALS_VALID) };
    let slack = &report.slack;
    let fault = slack.credentials_fault.as_ref().map(|fault| faults::slack::fault(fault, &facts.bot.spec));
    if let Some(fault) = fault.or_else(|| faults::missing_scopes(&slack.missing_required_scopes)) {
        return fault.on(CREDENTIALS_VALID);
    }
    if let Some(cause) = shared_app(facts) {
        return cause.on(CREDENTIALS_VALID);
    }
    match (&slack.workspace, slack.missing_optional_scopes.as_slice()) {
        (None, _) => facts.hindrance().unknown(CREDENTIALS_VALID),
        (Some(workspace), []) => {
            let message = format!("Workspace {} accepts the tokens", workspace.team);
            Verdict::new(CREDENTIALS_VALID, Status::True, Reason::TokensAccepted, message)
        }
        (Some(workspace), scopes) => {
            let message = format!(
                "Workspace {} accepts the tokens; they lack the optional scopes {}",
                workspace.team,
                scopes.join(", ")
            );
            Verdict::new(CREDENTIALS_VALID, Status::True, Reason::TokensAccepted, message)
        }
    }
}

/// Other bots take a part of the messages.
pub fn shared_app(facts: &Facts<'_>) -> Option<Cause> {
    let others: Vec<_> = facts.sharing.iter().map(|bot| format!("{}/{}", bot.namespace, bot.name)).collect();
    let message = || {
        format!(
            "ChatBot {} works as the same Slack app, and Slack gives each message to one of them: give each an app of its own, or suspend one",
            others.join(", ")
        )
    };
    (!others.is_empty()).then(|| Cause::new(Status::False, Reason::SlackAppShared, message()))
}

pub fn connected(facts: &Facts<'_>) -> Verdict {
    let Some(report) = facts.report() else { return facts.hindrance().unknown(CONNECTED) };
    let slack = &report.slack;
    if slack.connections > 0 {
        let all = facts.reports().count();
        let message = match facts.reports().filter(|report| report.slack.connections > 0).count() {
            open if open == all => "A connection to Slack is open".to_owned(),
            open => format!("{open} of {all} pods have a connection to Slack open"),
        };
        return Verdict::new(CONNECTED, Status::True, Reason::Connected, message);
    }
    match slack.connection_fault.as_ref().or(slack.credentials_fault.as_ref()) {
        Some(fault) => faults::slack::fault(fault, &facts.bot.spec).on(CONNECTED),
        None => {
            let hindrance = facts.hindrance();
            Verdict::new(CONNECTED, Status::False, hindrance.reason, hindrance.message)
        }
    }
}
