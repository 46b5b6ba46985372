//! A client of the control API, for a simulator in another process or pod.

use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    control::{Ask, SlashCommand, State, Type},
    faults::Fault,
    journal::Entry,
    message::Message,
    stats::Delivery,
};

/// Longest time for a call that does not wait by itself.
const CALL_DEADLINE: Duration = Duration::from_secs(10);

/// A simulator that is reached over HTTP; mirrors [`super::Slack`].
#[derive(Debug, Clone)]
pub struct Remote {
    base: String,
    client: Client,
}

impl Remote {
    /// A client for a base URL such as `http://127.0.0.1:8080`. Connects when it is used.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        // Another part of the process may have chosen the provider already; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().connect_timeout(CALL_DEADLINE).build()?;
        Ok(Self { base: format!("{}/control", url.trim_end_matches('/')), client })
    }

    /// Types a message.
    ///
    /// # Errors
    /// No such user or channel, or the simulator cannot be reached.
    pub async fn types(&self, user: &str, channel: &str, text: &str) -> anyhow::Result<Message> {
        self.post(
            "type",
            &Type { user: user.into(), channel: channel.into(), text: text.into(), thread_ts: None },
        )
        .await
    }

    /// Types a reply in the thread of a message.
    ///
    /// # Errors
    /// No such user, or the simulator cannot be reached.
    pub async fn types_in_thread(&self, user: &str, of: &Message, text: &str) -> anyhow::Result<Message> {
        let thread_ts = Some(of.thread_ts.unwrap_or(of.ts));
        self.post(
            "type",
            &Type { user: user.into(), channel: of.channel.clone(), text: text.into(), thread_ts },
        )
        .await
    }

    /// Runs a slash command with what follows it.
    ///
    /// # Errors
    /// As for [`Remote::types`].
    pub async fn runs_command(
        &self,
        user: &str,
        channel: &str,
        command: &str,
        text: &str,
    ) -> anyhow::Result<()> {
        let command = SlashCommand {
            user: user.into(),
            channel: channel.into(),
            command: command.into(),
            text: text.into(),
        };
        self.post("command", &command).await
    }

    /// Waits for the bot's first answer to a message.
    ///
    /// # Errors
    /// None came within the deadline (60 s at most), or the simulator cannot be reached.
    pub async fn wait_for_reply(&self, message: &Message, deadline: Duration) -> anyhow::Result<Message> {
        let deadline_millis = u64::try_from(deadline.as_millis())?;
        let ask = Ask { channel: message.channel.clone(), ts: message.ts, deadline_millis };
        let request = self.client.get(self.url("reply")).query(&ask);
        self.send(request.timeout(deadline + CALL_DEADLINE)).await
    }

    /// Types in a channel and waits up to ten seconds for the answer; returns the text as people read it.
    ///
    /// # Errors
    /// No answer in time, or as for [`Remote::types`].
    pub async fn ask(&self, user: &str, channel: &str, text: &str) -> anyhow::Result<String> {
        let question = self.types(user, channel, text).await?;
        Ok(self.wait_for_reply(&question, Duration::from_secs(10)).await?.text)
    }

    /// All messages of a channel, oldest first.
    ///
    /// # Errors
    /// No such channel, or the simulator cannot be reached.
    pub async fn messages(&self, channel: &str) -> anyhow::Result<Vec<Message>> {
        self.send(self.client.get(self.url("messages")).query(&[("channel", channel)]).timeout(CALL_DEADLINE))
            .await
    }

    /// Entries of the journal after a sequence number, waiting up to `wait` for the first one.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn journal(&self, after: u64, wait: Duration) -> anyhow::Result<Vec<Entry>> {
        let query = [("after", after.to_string()), ("wait_millis", wait.as_millis().to_string())];
        self.send(self.client.get(self.url("journal")).query(&query).timeout(wait + CALL_DEADLINE)).await
    }

    /// Ids, tokens, scopes and counters.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn state(&self) -> anyhow::Result<State> {
        self.send(self.client.get(self.url("state")).timeout(CALL_DEADLINE)).await
    }

    /// The last attempts to deliver a payload.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn deliveries(&self) -> anyhow::Result<Vec<Delivery>> {
        self.send(self.client.get(self.url("deliveries")).timeout(CALL_DEADLINE)).await
    }

    /// Makes something go wrong.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn inject(&self, fault: Fault) -> anyhow::Result<()> {
        self.post::<Fault>("faults", &fault).await.map(drop)
    }

    /// Disarms every fault.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn clear_faults(&self) -> anyhow::Result<()> {
        self.send(self.client.delete(self.url("faults")).timeout(CALL_DEADLINE)).await
    }

    /// Grants and takes away scopes; returns what is granted then.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn change_scopes(&self, add: &[&str], remove: &[&str]) -> anyhow::Result<Vec<String>> {
        self.post("scopes", &json!({ "add": add, "remove": remove })).await
    }

    /// Calls with the bot token get this error from now on.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn reject_bot_token(&self, error: &str) -> anyhow::Result<()> {
        self.change_tokens(json!({ "reject_bot": error })).await.map(drop)
    }

    /// Calls with the app-level token get this error from now on.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn reject_app_token(&self, error: &str) -> anyhow::Result<()> {
        self.change_tokens(json!({ "reject_app": error })).await.map(drop)
    }

    /// The app is uninstalled: `token_revoked`, and no more events.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn revoke_bot_token(&self) -> anyhow::Result<()> {
        self.change_tokens(json!("revoke")).await.map(drop)
    }

    /// Both tokens are good again.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn restore_tokens(&self) -> anyhow::Result<()> {
        self.change_tokens(json!("restore")).await.map(drop)
    }

    /// Replaces the bot token and returns the new one.
    ///
    /// # Errors
    /// The simulator cannot be reached.
    pub async fn rotate_bot_token(&self) -> anyhow::Result<String> {
        Ok(self.change_tokens(json!("rotate")).await?.bot_token)
    }

    async fn change_tokens(&self, change: serde_json::Value) -> anyhow::Result<State> {
        self.post("tokens", &change).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        self.send(self.client.post(self.url(path)).json(body).timeout(CALL_DEADLINE)).await
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> anyhow::Result<T> {
        let response =
            request.send().await.with_context(|| format!("no Slack simulator at {}", self.base))?;
        let is_ok = response.status().is_success();
        let body: serde_json::Value = response.json().await.context("the simulator's answer is no JSON")?;
        anyhow::ensure!(is_ok, "{}", body["error"].as_str().unwrap_or("the simulator refused"));
        Ok(serde_json::from_value(body)?)
    }
}
