//! What is known of Slack at the moment, from several sides, and the report that follows from it.

use std::sync::{Mutex, PoisonError};

use chatops_crds::bot_report::{Fault, SlackReport, Workspace};

use super::scopes::MissingScopes;
use crate::report::{Facts, Metrics};

/// Findings of the tasks that deal with Slack. Each fault has its own finder, who also takes it back.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    /// The tokens cannot be read or have the wrong form.
    pub tokens: Option<Fault>,
    /// `auth.test` refused the bot token.
    pub bot_token: Option<Fault>,
    /// `apps.connections.open` refused the app token.
    pub app_token: Option<Fault>,
    /// The Web API cannot be reached.
    pub api: Option<Fault>,
    /// The last attempt to keep a socket open failed.
    pub socket: Option<Fault>,
    /// Open sockets whose `hello` was seen.
    pub connections: i32,
    pub workspace: Option<Workspace>,
    pub missing: MissingScopes,
}

impl Findings {
    fn report(&self) -> SlackReport {
        let no_socket = self.socket.as_ref().filter(|_| self.connections == 0);
        SlackReport {
            connections: self.connections,
            workspace: self.workspace.clone(),
            missing_required_scopes: self.missing.required.clone(),
            missing_optional_scopes: self.missing.optional.clone(),
            credentials_fault: self
                .tokens
                .as_ref()
                .or(self.bot_token.as_ref())
                .or(self.app_token.as_ref())
                .cloned(),
            connection_fault: self.api.as_ref().or(no_socket).cloned(),
        }
    }
}

/// Collects findings and publishes their report.
#[derive(Debug)]
pub(super) struct Health {
    findings: Mutex<Findings>,
    facts: Facts,
    metrics: Metrics,
}

impl Health {
    pub(super) fn new(facts: Facts, metrics: Metrics) -> Health {
        Health { findings: Mutex::default(), facts, metrics }
    }

    /// Applies `change` and publishes what follows.
    pub(super) fn update(&self, change: impl FnOnce(&mut Findings)) {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut findings);
        self.metrics.slack_connections(findings.connections.into());
        self.facts.update(|report| report.slack = findings.report());
    }

    /// Whether a socket is open.
    pub(super) fn is_connected(&self) -> bool {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).connections > 0
    }
}

#[cfg(test)]
mod tests {
    use chatops_crds::bot_report::FaultCode;

    use super::*;

    #[test]
    fn a_failed_attempt_to_replace_a_socket_is_no_fault_while_the_old_one_is_open() {
        let socket = Some(Fault::new(FaultCode::SlackUnreachable));
        let mut findings = Findings { socket: socket.clone(), connections: 1, ..Findings::default() };
        assert_eq!(findings.report().connection_fault, None);
        findings.connections = 0;
        assert_eq!(findings.report().connection_fault, socket);
    }

    #[test]
    fn tokens_that_cannot_be_read_are_told_before_what_slack_said_of_their_predecessors() {
        let tokens = Some(Fault::new(FaultCode::TokensSecretNotFound));
        let bot_token = Some(Fault::new(FaultCode::InvalidBotToken));
        let findings = Findings { tokens: tokens.clone(), bot_token, ..Findings::default() };
        assert_eq!(findings.report().credentials_fault, tokens);
    }
}
