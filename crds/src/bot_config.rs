//! Contract operator → bot: the file a bot runs from.
//!
//! The operator renders it into a ConfigMap and the bot reloads it when it changes; without a cluster the bot renders
//! the same file from the same YAML. Additions keep [`CONTRACT_VERSION`]: an older bot ignores fields it does not
//! know. A change that an older bot would misread raises it.

pub mod render;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{bot_plugin::Command, shared::hash};

pub use render::{Placement, render};

/// Version of this contract. A bot reads its own version and the one before.
pub const CONTRACT_VERSION: u32 = 1;

/// Name of the file in the ConfigMap.
pub const FILE_NAME: &str = "bot.yaml";

/// Folder of a pod where the ConfigMap is mounted.
pub const CONFIG_DIR: &str = "/etc/chatops/config";

/// Folder of a pod where the Slack tokens are mounted, as [`BOT_TOKEN_FILE`] and [`APP_TOKEN_FILE`].
pub const TOKENS_DIR: &str = "/etc/chatops/tokens";

/// File of the bot token in [`TOKENS_DIR`].
pub const BOT_TOKEN_FILE: &str = "bot-token";

/// File of the app token in [`TOKENS_DIR`].
pub const APP_TOKEN_FILE: &str = "app-token";

/// Folder of a pod where the Redis credentials are mounted, as `username` and `password`.
pub const REDIS_CREDENTIALS_DIR: &str = "/etc/chatops/redis-credentials";

/// Folder of a pod where the certificates to trust for Redis are mounted, as [`CA_FILE`].
pub const REDIS_CA_DIR: &str = "/etc/chatops/redis-ca";

/// File of the certificates in [`REDIS_CA_DIR`].
pub const CA_FILE: &str = "ca.crt";

/// Largest rendered file, in bytes. A ConfigMap holds 1 MiB (Kubernetes docs, "ConfigMaps"); the rest is its metadata.
pub const MAX_BYTES: usize = 1_048_576 - 8_192;

/// Everything a bot needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BotConfig {
    /// [`CONTRACT_VERSION`] of the writer.
    pub version: u32,
    /// Namespace of the ChatBot; `local` without a cluster.
    pub namespace: String,
    /// Name of the ChatBot.
    pub name: String,
    pub slack: SlackConfig,
    pub commands: CommandsConfig,
    pub storage: StorageConfig,
    #[serde(default)]
    pub plugins: Vec<PluginConfig>,
}

/// How to reach Slack. A change of it restarts the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlackConfig {
    /// Base address of the Web API; ends with `/`.
    pub api_url: String,
    pub bot_token: SecretSource,
    pub app_token: SecretSource,
}

/// Where a secret value is read from, again whenever it may have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretSource {
    /// A mounted file; surrounding white space is not part of the value.
    File(String),
    /// An environment variable.
    Env(String),
}

/// How commands are typed. A change of it is taken up by the running bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandsConfig {
    /// What commands start with in a channel.
    pub prefix: String,
    /// How long one command may run, as a duration string.
    pub timeout: String,
}

/// Where plugins keep data. A change of it restarts the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StorageConfig {
    Memory {},
    Redis(RedisConfig),
}

/// How to reach Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedisConfig {
    /// `host:port`.
    pub address: String,
    /// Number of the logical database.
    pub database: i32,
    /// First part of every key, without the braces that keep one bot in one slot.
    pub key_prefix: String,
    /// User name; absent or empty for the default user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<SecretSource>,
    /// Password; absent when the server wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// Present: encrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
}

/// What to trust on an encrypted connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// File with PEM certificates; absent: the public authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

/// One plugin with the commands that are this bot's. A change of it is taken up by the running bot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginConfig {
    /// Name of the BotPlugin.
    pub name: String,
    /// Generation of the BotPlugin, which the bot's report repeats.
    #[serde(default)]
    pub generation: i64,
    #[serde(default)]
    pub description: String,
    pub commands: Vec<Command>,
}

impl BotConfig {
    /// The file's text.
    ///
    /// # Errors
    /// [`TooLarge`] when a ConfigMap could not hold it.
    pub fn to_yaml(&self) -> Result<String, TooLarge> {
        #[allow(clippy::expect_used, reason = "strings, numbers, lists and unit-free enums always serialise")]
        let text = serde_yaml::to_string(self).expect("a BotConfig serialises");
        if text.len() > MAX_BYTES { Err(TooLarge { bytes: text.len() }) } else { Ok(text) }
    }

    /// Hash of the part that a running bot cannot take up: when it changes, the pods must be replaced.
    pub fn restart_hash(&self) -> String {
        let json = serde_json::json!([self.version, self.name, self.namespace, self.slack, self.storage]);
        hash(&json.to_string())
    }
}

/// Hash of a configuration file's text: what a bot reports to be in force.
pub fn hash(text: &str) -> String {
    hash::hex(&Sha256::digest(text)[..16])
}

/// The rendered configuration exceeds [`MAX_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the configuration is {bytes} bytes, a ConfigMap holds {MAX_BYTES}")]
pub struct TooLarge {
    /// Size of the text.
    pub bytes: usize,
}
