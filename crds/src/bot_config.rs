//! Contract operator → bot: the file a bot runs from.
//!
//! The operator renders it into a ConfigMap and the bot reloads it when it changes; without a cluster the bot renders
//! the same file from the same YAML. Additions keep [`CONTRACT_VERSION`]: an older bot ignores fields it does not
//! know. A change that an older bot would misread raises it.

pub mod render;

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    bot_plugin::{Command, Match, Reaction},
    chat_bot::{
        commands::{Addressed, Alias, UnknownCommand, every_way},
        replies::LongOutput,
        storage::Topology,
    },
    shared::{hash, visibility::Visibility},
};

pub use render::{Placement, render};

/// Version of this contract. A bot reads its own version and the one before. 2: Redis has several addresses.
pub const CONTRACT_VERSION: u32 = 2;

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

/// Folder of a pod where the credentials of the sentinels are mounted, as `username` and `password`.
pub const SENTINEL_CREDENTIALS_DIR: &str = "/etc/chatops/sentinel-credentials";

/// Folder of a pod where the certificate that the bot shows Redis is mounted, as [`CERTIFICATE_FILE`] and [`KEY_FILE`].
pub const REDIS_CERTIFICATE_DIR: &str = "/etc/chatops/redis-certificate";

/// Folder of a pod where the certificates to trust for Slack and the proxy are mounted, as [`CA_FILE`].
pub const TRUSTED_CA_DIR: &str = "/etc/chatops/trusted-ca";

/// Folder of a pod where the credentials of the proxy are mounted, as `username` and `password`.
pub const PROXY_CREDENTIALS_DIR: &str = "/etc/chatops/proxy-credentials";

/// Folder of a pod where the volume of the embedded store is mounted.
pub const DATA_DIR: &str = "/var/lib/chatops";

/// File of the embedded store in [`DATA_DIR`].
pub const STORE_FILE: &str = "store.redb";

/// File of certificates to trust, in a folder of its own.
pub const CA_FILE: &str = "ca.crt";

/// File of a client's certificate (the key in Secrets of type `kubernetes.io/tls`).
pub const CERTIFICATE_FILE: &str = "tls.crt";

/// File of a client certificate's private key (the key in Secrets of type `kubernetes.io/tls`).
pub const KEY_FILE: &str = "tls.key";

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
    #[serde(default)]
    pub network: NetworkConfig,
    #[serde(default)]
    pub dns: DnsConfig,
    pub commands: CommandsConfig,
    /// Who sees answers, and where. A change of it is taken up by the running bot.
    #[serde(default)]
    pub visibility: Visibility,
    /// What happens to long answers. A change of it is taken up by the running bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_output: Option<LongOutput>,
    pub storage: StorageConfig,
    #[serde(default)]
    pub plugins: Vec<PluginConfig>,
}

impl BotConfig {
    /// What people are told to type before a command.
    pub fn call(&self) -> String {
        let is_open = |way| self.commands.addressed_by.contains(&way);
        match &self.commands.slash_command {
            _ if is_open(Addressed::Prefix) => self.commands.prefix.clone(),
            Some(slash_command) => format!("{slash_command} "),
            None if is_open(Addressed::Mention) => format!("@{} ", self.name),
            None => String::new(),
        }
    }
}

/// How to reach Slack. A change of it restarts the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlackConfig {
    /// Base address of the Web API; ends with `/`.
    pub api_url: String,
    pub bot_token: SecretSource,
    pub app_token: SecretSource,
    /// Sockets to keep open.
    #[serde(default = "one")]
    pub connections: u32,
}

fn one() -> u32 {
    1
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
    /// How the bot is called; from an operator that does not say so, in every way.
    #[serde(default = "every_way")]
    pub addressed_by: Vec<Addressed>,
    /// Slack's slash command that calls the bot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slash_command: Option<String>,
    /// What commands start with in a channel.
    pub prefix: String,
    /// What else they start with there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternate_prefixes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Alias>,
    #[serde(default)]
    pub unknown_command: UnknownCommand,
    /// How long one command may run, as a duration string.
    pub timeout: String,
}

/// The way out. A change of it restarts the bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ProxyConfig>,
    /// File with PEM certificates to trust besides the public ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_ca_file: Option<String>,
}

/// A proxy that connections to Slack are tunnelled through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyConfig {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// Hosts that are reached without it: a host name, a domain with a leading `.`, or an address.
    #[serde(default)]
    pub no_proxy: Vec<String>,
    /// User name; absent when the proxy wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<SecretSource>,
    /// Password; absent when the proxy wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
}

/// What the bot has to know to judge how names resolve. A change of it restarts the bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DnsConfig {
    /// DNS domain of the cluster, e.g. `cluster.local`; none outside a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_domain: Option<String>,
}

/// Where plugins keep data. A change of it restarts the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StorageConfig {
    Memory {},
    Redis(Box<RedisConfig>),
    Embedded(EmbeddedConfig),
}

/// Where the embedded store is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedConfig {
    /// The database file. Its folder exists and can be written to.
    pub path: String,
}

/// How to reach Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedisConfig {
    #[serde(default)]
    pub topology: Topology,
    /// Each `host:port`: of the server, of the sentinels, or of some servers of the cluster.
    #[serde(alias = "address", deserialize_with = "one_or_many")]
    pub addresses: Vec<String>,
    /// Name under which the sentinels watch the servers; present for `Sentinel` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<String>,
    /// Number of the logical database.
    pub database: i32,
    /// First part of every key, without the braces that keep one bot in one slot.
    pub key_prefix: String,
    /// Who this bot is, to be written beside its keys so that no other bot takes them for its own: cluster id, namespace
    /// and name. Absent outside a cluster: such a bot neither claims keys nor respects a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// User name; absent or empty for the default user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<SecretSource>,
    /// Password; absent when the server wants none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    /// The same for the sentinels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentinel_username: Option<SecretSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentinel_password: Option<SecretSource>,
    /// Present: encrypt, also to the sentinels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsConfig>,
}

impl RedisConfig {
    /// One server at `address` (`host:port`) that asks for nothing.
    pub fn standalone(address: impl Into<String>, key_prefix: impl Into<String>) -> Self {
        Self {
            topology: Topology::Standalone,
            addresses: vec![address.into()],
            master: None,
            database: 0,
            key_prefix: key_prefix.into(),
            owner: None,
            username: None,
            password: None,
            sentinel_username: None,
            sentinel_password: None,
            tls: None,
        }
    }
}

/// Version 1 of the contract had one address.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(address) => vec![address],
        OneOrMany::Many(addresses) => addresses,
    })
}

/// What to trust and what to show on an encrypted connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// File with PEM certificates; absent: the public authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// Files with the certificate to show and its key; absent: none is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
}

/// Files of a client certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificate {
    /// PEM certificates, the client's own first.
    pub certificate_file: String,
    /// PEM private key.
    pub key_file: String,
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
    /// Answers to messages that are no command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<Match>,
    /// Commands that are run by an emoji under a message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
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
        let json = serde_json::json!([
            self.version,
            self.name,
            self.namespace,
            self.slack,
            self.network,
            self.dns,
            self.storage
        ]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_address_of_contract_version_1_is_read() {
        let config: RedisConfig =
            serde_yaml::from_str("{address: 'redis:6379', database: 0, keyPrefix: prod/ops}").unwrap();
        assert_eq!(config.addresses, ["redis:6379"]);
    }
}
