//! What the tasks and senders of one Slack connection share.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::{
    Timing,
    health::Health,
    reaction::People,
    tokens::Tokens,
    web_api::{SetupError, WebApi},
};
use crate::{
    adapter::slack::decode::Identity,
    chat::form::Forms,
    network::Network,
    report::{Facts, Metrics},
};

/// The one connection to a workspace.
#[derive(Debug)]
pub(super) struct Link {
    pub web: WebApi,
    pub forms: Arc<dyn Forms>,
    pub network: Arc<Network>,
    /// Where the last socket was to be opened.
    pub socket_host: watch::Sender<Option<String>>,
    pub health: Health,
    pub metrics: Metrics,
    pub people: People,
    pub timing: Timing,
    /// What the bot works with; none until Slack has answered for the first time.
    pub session: watch::Sender<Option<Session>>,
    /// A call failed in a way that casts doubt on the tokens or scopes.
    pub doubt: Notify,
}

/// Tokens that Slack has judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub tokens: Arc<Tokens>,
    /// Who the bot token speaks for; none when Slack refuses it.
    pub identity: Option<Arc<Identity>>,
}

impl Link {
    pub(super) fn new(
        api_url: &str,
        forms: Arc<dyn Forms>,
        network: Arc<Network>,
        facts: Facts,
        metrics: Metrics,
        timing: Timing,
    ) -> Result<Link, SetupError> {
        Ok(Link {
            web: WebApi::new(api_url, network.clone(), metrics.clone(), &timing)?,
            forms,
            network,
            socket_host: watch::Sender::new(None),
            health: Health::new(facts, metrics.clone()),
            metrics,
            people: People::default(),
            timing,
            session: watch::Sender::new(None),
            doubt: Notify::new(),
        })
    }

    /// Publishes `session` to the sockets and senders, if it differs.
    pub(super) fn publish(&self, session: Session) {
        self.session.send_if_modified(|current| {
            let differs = current.as_ref() != Some(&session);
            *current = Some(session);
            differs
        });
    }
}
