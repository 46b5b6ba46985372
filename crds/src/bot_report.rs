//! Contract bot → operator: what a bot pod knows, served as JSON at `GET /status`.
//!
//! Facts are codes with arguments, never free text that the operator would have to trust. Nothing in a report changes
//! while nothing happens, so that an unchanged report has an unchanged hash and a long poll can wait for a change:
//! `GET /status?since=HASH&wait=10s` answers as soon as the report's hash differs from `HASH`, or after `wait`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of this contract. An operator reads its own version and the one before.
pub const CONTRACT_VERSION: u32 = 1;

/// Port of the bot's HTTP server: `/status`, `/healthz`, `/readyz`, `/metrics`.
pub const PORT: i32 = 8080;

/// Longest `wait` that a bot honours, in seconds.
pub const MAX_WAIT_SECONDS: u64 = 30;

/// A report with the hash that a long poll compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Hex of the SHA-256 of the report's JSON.
    pub hash: String,
    pub report: BotReport,
    /// The last look-ups of names, for people. They change with every look and are no part of the hash.
    #[serde(default)]
    pub lookups: Vec<Lookup>,
}

/// One question to one name server, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lookup {
    /// The host that the bot wants to reach.
    pub host: String,
    /// The name that was asked for, with a final dot: the host itself, or with a search domain.
    pub name: String,
    /// Type of record: `A` or `AAAA`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Address of the name server.
    pub server: String,
    /// The addresses with commas between them, or the error: `NXDOMAIN`, `NODATA`, `SERVFAIL`, `timeout`, …
    pub outcome: String,
    pub milliseconds: u64,
}

impl Envelope {
    /// Wraps `report` with its hash.
    pub fn new(report: BotReport) -> Self {
        let json = serde_json::to_vec(&report).unwrap_or_default();
        Self { hash: crate::shared::hash::hex(&Sha256::digest(json)), report, lookups: Vec::new() }
    }
}

/// What one bot pod knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BotReport {
    /// [`CONTRACT_VERSION`] of the bot.
    pub version: u32,
    /// Version of the bot's program, e.g. `0.1.0`.
    pub bot_version: String,
    /// [`crate::bot_config::hash`] of the configuration in force.
    pub config_hash: String,
    /// Set when the mounted configuration cannot be read; the one before stays in force.
    pub config_fault: Option<Fault>,
    /// Readiness of the pod: latches once connected and stored, false again at shutdown only.
    pub ready: bool,
    pub slack: SlackReport,
    pub storage: StorageReport,
    pub dns: DnsReport,
    /// One entry per plugin of the configuration.
    pub plugins: Vec<PluginReport>,
}

/// The Slack side of one pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SlackReport {
    /// Open sockets whose `hello` was seen.
    pub connections: i32,
    /// What `auth.test` said last; none before its first success.
    pub workspace: Option<Workspace>,
    /// Scopes without which nothing can be answered.
    pub missing_required_scopes: Vec<String>,
    /// Scopes without which something less important does not work.
    pub missing_optional_scopes: Vec<String>,
    /// What is wrong with the tokens.
    pub credentials_fault: Option<Fault>,
    /// Why no socket is open.
    pub connection_fault: Option<Fault>,
}

/// Who the bot is in Slack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Workspace {
    /// Name of the workspace.
    pub team: String,
    /// Id of the workspace, `T…`.
    pub team_id: String,
    /// Name of the bot user, without `@`.
    pub bot_user: String,
    /// Id of the bot user, `U…`.
    pub bot_user_id: String,
}

/// The storage of one pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StorageReport {
    pub kind: StorageKind,
    /// Storage answered the last time it was asked.
    pub ready: bool,
    /// Why it did not.
    pub fault: Option<Fault>,
}

/// How names resolve in one pod.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DnsReport {
    /// The bot has looked its hosts up at least once.
    pub checked: bool,
    /// What keeps names from resolving as they should, the gravest first if there are several.
    pub fault: Option<Fault>,
}

/// What kind of storage a bot uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum StorageKind {
    #[default]
    Memory,
    Redis,
    Embedded,
}

impl StorageKind {
    /// The word as people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            StorageKind::Memory => "Memory",
            StorageKind::Redis => "Redis",
            StorageKind::Embedded => "Embedded",
        }
    }
}

/// How one plugin of the configuration fares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PluginReport {
    /// Name of the BotPlugin.
    pub name: String,
    /// Generation of the BotPlugin that this speaks of.
    pub generation: i64,
    /// Commands at work.
    pub commands: i32,
    /// One entry per command that is not at work.
    pub faults: Vec<Fault>,
}

/// Something that is wrong: a code, and arguments by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: FaultCode,
    /// Short values such as a host, a key or Slack's error code; never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Fault {
    /// A fault without arguments.
    pub fn new(code: FaultCode) -> Self {
        Self { code, args: BTreeMap::new() }
    }

    /// The same fault with one argument more; values are cut at 200 characters.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.args.insert(name.into(), value.as_ref().chars().take(200).collect());
        self
    }

    /// An argument, or `?` where a bot of another version did not send it.
    pub fn arg(&self, name: &str) -> &str {
        self.args.get(name).map_or("?", String::as_str)
    }
}

/// What can be wrong with a bot. The comment names the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultCode {
    /// No token file is mounted.
    TokensSecretNotFound,
    /// `key`: the key (or, outside a cluster, the environment variable) that is missing or empty.
    TokensSecretKeyMissing,
    /// `error`: Slack's error code, or `format` when the value does not start with `xoxb-`.
    InvalidBotToken,
    /// `error`: Slack's error code, or `format` when the value does not start with `xapp-`.
    InvalidAppToken,
    /// `token`: `bot` or `app`; `error`: Slack's error code.
    TokenRevoked,
    /// The app has Socket Mode switched off (`error`: Slack's error code or disconnect reason).
    SocketModeDisabled,
    /// Slack closed the socket since the app has too many.
    TooManyConnections,
    /// `host`; `cause`: `refused`, `timeout`, `tls`, `reset`, `status`, `closed` or `other`; `detail`: e.g. the HTTP status.
    SlackUnreachable,
    /// `host`.
    DnsUnresolvable,
    /// External names get an error at once while cluster names resolve: the cluster's name server has no usable server
    /// to ask, e.g. since the node's `resolv.conf` names one that only the node reaches. `host`; `error`: `SERVFAIL` or
    /// `REFUSED`; `server`: the name server that was asked.
    DnsForwarderUnusable,
    /// External names time out while cluster names resolve: the cluster's name server does not reach the one it asks.
    /// `host`; `error`: `timeout` or `SERVFAIL`; `server`.
    DnsUpstreamUnreachable,
    /// A search domain answers for every name: `host` became `name`, with `address`.
    DnsSearchDomainWildcard,
    /// A search domain answers with an error, or not at all, instead of "no such name": resolvers give up there or wait. `host`; `domain`;
    /// `error`.
    DnsSearchDomainFails,
    /// The program is linked with musl, whose resolver fails with this `resolv.conf`. `host`; `ndots`.
    DnsMuslResolver,
    /// Names resolve, and slowly. `host`; `server`; `seconds`; `cause`: `lost` (packets on the way to the name server) or
    /// `late` (its answer).
    DnsSlow,
    /// Answers come truncated over UDP, and the name server cannot be asked over TCP. `host`; `server`; `error`.
    DnsTcpBlocked,
    /// No name resolves, neither of the cluster nor external: the name server does not answer. `server`; `error`.
    DnsBlocked,
    /// The name server knows no external name: the internet is reached by a proxy only. `host`; `server`.
    DnsNoExternalNames,
    /// Only this host does not resolve, others do. `host`; `error`; `role`: `api`, `socket`, `file`, `redis`, `proxy`.
    DnsHostUnresolvable,
    /// `address`; `cause` as for `SlackUnreachable`, or `readonly`, `full`, `loading`, `other`; `detail`.
    StorageUnreachable,
    /// `address`; `database`.
    StorageDatabaseInvalid,
    /// `address`; `version`: the server's; `command`: the first one that it lacks, if one was found.
    StorageTooOld,
    /// `address`; `command`: what the user may not do; `user`.
    StorageNotPermitted,
    /// `address`; `keyPrefix`; `owner`: who claimed the keys.
    StorageInUse,
    /// `address`: of a sentinel; `master`: the name that the sentinels do not know or have no server for.
    StorageMasterUnknown,
    /// The files of the client certificate are missing or hold none. `file`.
    StorageCertificateNotFound,
    /// The database file. `path`; `cause`: `full`, `readonly`, `locked`, `damaged`, `other`; `detail`.
    StorageFileUnusable,
    /// `address`; `error`: Redis's error code, e.g. `WRONGPASS` or `NOAUTH`.
    StorageAuthFailed,
    /// No credentials file is mounted.
    StorageSecretNotFound,
    /// The file with the certificates to trust is missing or holds none. `file`.
    TrustedCaNotFound,
    /// No proxy credentials file is mounted. `key`.
    ProxySecretNotFound,
    /// The proxy refuses the credentials, or wants some. `proxy`: host and port; `status`.
    ProxyAuthFailed,
    /// The proxy does not answer, or does not let the connection through. `proxy`; `host`; `cause` as for
    /// `SlackUnreachable`; `detail`.
    ProxyUnreachable,
    /// `command`; `field`: e.g. `reply`; `line`; `error`: what the template engine said.
    TemplateInvalid,
    /// `command`; `argument`; `error`: what has to be mended.
    ArgumentInvalid,
    /// `pattern`; `error`: what has to be mended.
    MatchInvalid,
    /// `emoji`; `error`: what has to be mended.
    ReactionInvalid,
    /// `error`: what is wrong with the mounted configuration.
    ConfigUnreadable,
    /// A code of a newer bot.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_changes_with_the_report_and_only_with_it() {
        let report = BotReport { bot_version: "0.1.0".into(), ..BotReport::default() };
        let changed = BotReport { ready: true, ..report.clone() };
        assert_eq!(Envelope::new(report.clone()).hash, Envelope::new(report.clone()).hash);
        assert_ne!(Envelope::new(report).hash, Envelope::new(changed).hash);
    }

    #[test]
    fn a_fault_code_of_a_newer_bot_is_read_as_other() {
        let fault: Fault = serde_json::from_str(r#"{"code":"MoonPhase","args":{"phase":"full"}}"#).unwrap();
        assert_eq!(fault.code, FaultCode::Other);
        assert_eq!(fault.arg("phase"), "full");
    }

    #[test]
    fn a_report_of_an_older_bot_lacks_fields_and_is_still_read() {
        let report: BotReport = serde_json::from_str(r#"{"version":1,"unknown":true}"#).unwrap();
        assert_eq!(report.version, 1);
    }
}
