//! The adapter under test, with deadlines that tests can wait for.

use std::{path::Path, sync::Arc, time::Duration};

use chatops_bot::{
    adapter::slack::{Needs, Slack, SlackSender, Timing},
    chat::{
        Incoming, Reference,
        form::{Field, Filled, Form, Forms, Takes, Wrong},
    },
    inbox::{Inbox, Meaning, Taken, Ticket, Work},
    network::Network,
    report::{Facts, Metrics},
};
use chatops_crds::{
    bot_config::{BotConfig, NetworkConfig, SecretSource, SlackConfig},
    bot_report::SlackReport,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::server::eventually;

/// Good ones.
pub const TOKENS: [(&str, &str); 2] = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];

pub struct Bot {
    pub inbox: Inbox,
    pub sender: SlackSender,
    pub shutdown: CancellationToken,
    pub task: JoinHandle<()>,
    pub metrics: Metrics,
    needs: watch::Sender<Needs>,
    facts: Facts,
    tokens: TempDir,
    /// What is next in the lane of what was taken last, and the session that has it.
    next: Mutex<Option<(Arc<str>, Taken)>>,
}

/// Deadlines of a test: long enough for a busy machine to answer, short enough to wait for.
pub fn timing() -> Timing {
    let millis = Duration::from_millis;
    Timing {
        resolve: millis(1_000),
        connect: millis(1_000),
        call: millis(1_000),
        post: millis(1_000),
        accept: millis(500),
        handshake: millis(1_000),
        hello: millis(1_000),
        write: millis(2_000),
        ping: millis(50),
        silence: millis(5_000),
        linger: millis(1_000),
        close: millis(300),
        stable: millis(0),
        first_pause: millis(20),
        credentials_pause: millis(100),
        names_pause: millis(100),
        connection_pause: millis(100),
        storm_pause: millis(400),
        recheck: millis(200),
        recheck_scopes: millis(100),
        doubt: millis(10),
        tokens: millis(20),
    }
}

impl Bot {
    /// A bot with good tokens.
    pub fn start(api_url: &str) -> Bot {
        Self::start_with(api_url, timing(), Inbox::in_memory(Box::new(|_| Meaning::Command(None))), &TOKENS)
    }

    pub fn start_with(api_url: &str, timing: Timing, inbox: Inbox, tokens: &[(&str, &str)]) -> Bot {
        Self::start_behind(&NetworkConfig::default(), api_url, timing, inbox, tokens)
    }

    /// A bot with good tokens that keeps so many sockets open.
    pub fn with_connections(api_url: &str, connections: u32) -> Bot {
        let inbox = Inbox::in_memory(Box::new(|_| Meaning::Command(None)));
        Self::start_configured(&NetworkConfig::default(), api_url, timing(), inbox, &TOKENS, connections)
    }

    pub fn start_behind(
        network: &NetworkConfig,
        api_url: &str,
        timing: Timing,
        inbox: Inbox,
        tokens: &[(&str, &str)],
    ) -> Bot {
        Self::start_configured(network, api_url, timing, inbox, tokens, 1)
    }

    fn start_configured(
        network: &NetworkConfig,
        api_url: &str,
        timing: Timing,
        inbox: Inbox,
        tokens: &[(&str, &str)],
        connections: u32,
    ) -> Bot {
        let dir = tempfile::tempdir().unwrap();
        for (key, value) in tokens {
            write(dir.path(), key, value);
        }
        let source = |key| SecretSource::File(dir.path().join(key).to_string_lossy().into_owned());
        let (bot_token, app_token) = (source("bot-token"), source("app-token"));
        let config = SlackConfig { api_url: api_url.into(), bot_token, app_token, connections };
        let (facts, metrics, shutdown) = (Facts::new(), Metrics::new(), CancellationToken::new());
        let network = Arc::new(Network::new(network).unwrap());
        let (needs, needed) = watch::channel(Needs::of(&everything(&config)));
        let slack = Slack::with_timing(
            config,
            needed,
            Arc::new(OneForm),
            network,
            facts.clone(),
            metrics.clone(),
            timing,
        )
        .unwrap();
        let sender = slack.sender();
        let task = tokio::spawn(slack.run(inbox.clone(), shutdown.clone()));
        Bot { inbox, sender, shutdown, task, metrics, needs, facts, tokens: dir, next: Mutex::default() }
    }

    /// From now on it has a slash command.
    pub fn has_slash_command(&self) {
        let source = || SecretSource::Env(String::new());
        let (api_url, bot_token, app_token) = (String::new(), source(), source());
        let mut config = everything(&SlackConfig { api_url, bot_token, app_token, connections: 1 });
        config.commands.slash_command = Some("/ops".into());
        self.needs.send_replace(Needs::of(&config));
    }

    pub fn report(&self) -> SlackReport {
        self.facts.current().slack
    }

    pub async fn connected(&self) {
        eventually("a connection", || self.report().connections > 0).await;
    }

    /// The next message that was taken.
    pub async fn taken(&self) -> Incoming {
        let mut next = self.next.lock().await;
        let (session, taken) = match next.take() {
            Some(next) => next,
            None => {
                let work = tokio::time::timeout(Duration::from_secs(10), self.inbox.next());
                let work = work.await.expect("a message within 10 s").expect("an open inbox");
                let Work::Lane { claim, session } = work else { panic!("{work:?}") };
                (session, claim.run.expect("something to run"))
            }
        };
        // It is done, so that the next one of its lane comes.
        let ticket = Ticket::new(&session, &taken.incoming);
        *next = self.inbox.answer(&ticket, String::new()).await.unwrap().map(|taken| (session, taken));
        taken.incoming
    }

    /// Swaps a token file, as the kubelet does.
    pub fn set_token(&self, key: &str, value: &str) {
        write(self.tokens.path(), key, value);
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The form of the only command that there is.
#[derive(Debug)]
struct OneForm;

impl Forms for OneForm {
    fn form(&self, line: &str, _: &[Reference]) -> Option<Form> {
        let name = Field {
            name: "what".into(),
            hint: "What to deploy".into(),
            is_required: true,
            takes_many: false,
            takes: Takes::Text { is_long: false, max_chars: Some(10) },
            values: vec![],
        };
        (line == "deploy").then(|| Form { command: "deploy".into(), fields: vec![name] })
    }

    fn line(&self, command: &str, filled: &Filled, _: &[Reference]) -> Result<String, Wrong> {
        match filled.as_slice() {
            [(_, values)] if !values.is_empty() => Ok(format!("{command} {}", values.join(" "))),
            _ => Err(vec![("what".into(), "is missing".into())]),
        }
    }
}

/// A bot that is called in every way.
fn everything(slack: &SlackConfig) -> BotConfig {
    serde_json::from_value(json!({
        "version": 2,
        "namespace": "local",
        "name": "ops",
        "slack": slack,
        "commands": {"prefix": "!", "timeout": "30s"},
        "storage": {"memory": {}},
    }))
    .unwrap()
}

fn write(dir: &Path, key: &str, value: &str) {
    let new = dir.join(format!(".{key}"));
    std::fs::write(&new, value).unwrap();
    std::fs::rename(&new, dir.join(key)).unwrap();
}
