//! `spec.slack`: the Slack app a bot speaks through.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::names;

/// The Slack app a bot speaks through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.apiURL.startsWith('https://') || self.allowInsecureHTTP || self.apiURL.matches('^http://(localhost|127[.][0-9.]+|\\\\[::1\\\\])(:[0-9]+)?/')").message("apiURL must start with https:// (plain http is for loopback addresses, or for a test server with allowInsecureHTTP: true)"),
)]
pub struct Slack {
    /// How events arrive. SocketMode needs no address that Slack can reach.
    #[serde(default)]
    pub mode: Mode,

    /// The Secret with the bot token (`xoxb-…`) and the app token (`xapp-…`).
    pub tokens_secret_ref: TokensSecretRef,

    /// Base address of Slack's Web API; government Slack and test servers have others.
    #[serde(default = "slack_api", rename = "apiURL")]
    #[schemars(length(max = 200))]
    #[x_kube(
        validation = Rule::new("self.matches('^https?://[^/@?#]+/([^@?#]*/)?$')").message("apiURL must look like https://slack.com/api/: http or https, a host, a path that ends with '/', and no user info, query or fragment")
    )]
    pub api_url: String,

    /// Sockets that each pod keeps open. With 2, messages arrive over the other one while a lost one is replaced.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 2))]
    pub connections_per_pod: i32,

    /// Allow `apiURL` to be plain http. Tokens then travel unencrypted: for test servers only.
    #[serde(default, rename = "allowInsecureHTTP")]
    pub allow_insecure_http: bool,
}

fn one() -> i32 {
    1
}

fn slack_api() -> String {
    "https://slack.com/api/".into()
}

/// How Slack's events reach the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Over a WebSocket that the bot opens.
    #[default]
    SocketMode,
}

/// The Secret that holds the tokens of the Slack app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokensSecretRef {
    /// Name of the Secret.
    #[schemars(schema_with = "names::object_name")]
    pub name: String,
    /// Which keys of the Secret hold the tokens.
    #[serde(default)]
    pub keys: TokenKeys,
}

/// Keys of the tokens in their Secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenKeys {
    /// Key of the bot token (`xoxb-…`).
    #[serde(default = "bot_token_key")]
    #[schemars(schema_with = "names::data_key")]
    pub bot_token: String,
    /// Key of the app token (`xapp-…`, scope `connections:write`).
    #[serde(default = "app_token_key")]
    #[schemars(schema_with = "names::data_key")]
    pub app_token: String,
}

fn bot_token_key() -> String {
    "bot-token".into()
}

fn app_token_key() -> String {
    "app-token".into()
}

impl Default for TokenKeys {
    fn default() -> Self {
        Self { bot_token: bot_token_key(), app_token: app_token_key() }
    }
}
