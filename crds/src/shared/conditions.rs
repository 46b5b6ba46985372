//! Conditions: their types, their reasons, and how they are put together.
//!
//! One reason has one meaning and one fix, described in `docs/troubleshooting.md`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;

/// Type of the condition that sums up the others, on both kinds.
pub const READY: &str = "Ready";
/// ChatBot: its spec can be built. BotPlugin: its commands are the bot's.
pub const ACCEPTED: &str = "Accepted";
/// ChatBot: the last change of the spec has been rolled out, or is being rolled out.
pub const PROGRESSING: &str = "Progressing";
/// ChatBot: Slack accepts the tokens and they carry the scopes that are needed.
pub const CREDENTIALS_VALID: &str = "CredentialsValid";
/// ChatBot: a Slack connection is open.
pub const CONNECTED: &str = "Connected";
/// ChatBot: storage answers.
pub const STORAGE_READY: &str = "StorageReady";
/// ChatBot: the names of Slack and of storage resolve in the bot's pods.
pub const DNS_READY: &str = "DNSReady";
/// ChatBot: what `spec.dns.clusterStubZone` asks for is in force in the cluster's DNS. Absent where it asks for nothing.
pub const CLUSTER_DNS: &str = "ClusterDNS";
/// ChatBot: every selected plugin is loaded.
pub const PLUGINS_LOADED: &str = "PluginsLoaded";
/// BotPlugin: the bot has loaded the commands.
pub const PROGRAMMED: &str = "Programmed";

/// Longest message of a condition that is written (the API allows 32,768 bytes; people read one line).
pub const MAX_MESSAGE: usize = 1024;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// Why a condition has its status: a CamelCase word, stable for scripts and alerts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason { $($(#[$doc])* $name,)+ }

        impl Reason {
            /// Every reason, in the order of declaration.
            pub const ALL: &[Reason] = &[$(Reason::$name,)+];

            /// The word as it stands in a condition.
            pub fn as_str(self) -> &'static str {
                match self { $(Reason::$name => stringify!($name),)+ }
            }
        }
    };
}

reasons! {
    /// Nothing is wrong: a message typed now will be answered.
    Connected,
    /// The operator has not looked at the object yet.
    Pending,
    /// A rollout is under way.
    Progressing,
    /// The last change is rolled out.
    RolledOut,
    /// The ChatBot is suspended, by `suspend` or by `replicas: 0`.
    Suspended,
    /// The spec can be built.
    Accepted,
    /// The spec is contradictory in a way that the schema cannot see.
    InvalidSpec,
    /// The rendered configuration exceeds what a ConfigMap holds.
    ConfigTooLarge,
    /// The bot cannot read the configuration that the operator wrote.
    ConfigUnreadable,
    /// An object of the needed name exists and belongs to someone else.
    NotOwned,
    /// The Deployment has no available pod, for no reason that is known more precisely.
    DeploymentUnavailable,
    /// The image cannot be pulled.
    ImagePullFailed,
    /// No node takes the pod.
    PodUnschedulable,
    /// The container starts and ends again.
    ContainerCrashing,
    /// The API server does not let the operator or the Deployment create an object (quota, admission).
    CreationForbidden,
    /// The Secret with the tokens does not exist or has none of the keys.
    TokensSecretNotFound,
    /// The Secret exists and a key is missing.
    TokensSecretKeyMissing,
    /// Slack refuses the bot token.
    InvalidBotToken,
    /// Slack refuses the app token.
    InvalidAppToken,
    /// The token was valid once and was revoked.
    TokenRevoked,
    /// The app lacks scopes.
    MissingScopes,
    /// Another bot takes messages of the same Slack app.
    SlackAppShared,
    /// Slack accepts the tokens.
    TokensAccepted,
    /// The app has Socket Mode switched off.
    SocketModeDisabled,
    /// The app has too many open sockets.
    TooManyConnections,
    /// Slack cannot be reached.
    SlackUnreachable,
    /// A host name cannot be resolved.
    DNSUnresolvable,
    /// Every name that the bot needs resolves.
    DNSResolves,
    /// The bot has not looked its names up yet.
    DNSUnchecked,
    /// The cluster's name server has no usable server to ask for external names.
    DNSForwarderUnusable,
    /// The cluster's name server does not reach the one it asks.
    DNSUpstreamUnreachable,
    /// A search domain answers for every name.
    DNSSearchDomainWildcard,
    /// A search domain answers with an error, which ends the look-up.
    DNSSearchDomainFails,
    /// The bot's image is linked with musl, whose resolver fails with this `resolv.conf`.
    DNSMuslResolver,
    /// Names resolve, and slowly.
    DNSSlow,
    /// Long answers need TCP, and the name server takes none.
    DNSTcpBlocked,
    /// The name server cannot be reached from the pod.
    DNSBlocked,
    /// The name server knows no external names.
    DNSNoExternalNames,
    /// One host of Slack or storage does not resolve, the others do.
    DNSHostUnresolvable,
    /// The stub zones are in force.
    StubZoneApplied,
    /// The stub zones are written, and the name server has not taken them up yet.
    StubZonePending,
    /// The change that would be made is told, and nothing is changed.
    StubZoneDiagnosed,
    /// The operator was not started with what the ChatBot asks for.
    StubZoneNotAllowed,
    /// Somebody else has configured one of the zones.
    StubZoneConflict,
    /// Somebody or something takes the change back again and again.
    StubZoneReverted,
    /// Names resolved worse with the change, and it was taken back.
    StubZoneRolledBack,
    /// The cluster's DNS is managed by its provider.
    ClusterDNSManaged,
    /// The cluster's DNS cannot be recognised or read.
    ClusterDNSUnknown,
    /// The bot's pod does not answer the operator.
    StatusUnreachable,
    /// Storage answers.
    StorageConnected,
    /// Data are in memory and are lost when the pod restarts.
    EphemeralStorage,
    /// Storage cannot be reached.
    StorageUnreachable,
    /// Storage refuses the credentials.
    StorageAuthFailed,
    /// The user may not run a command that the bot needs.
    StorageNotPermitted,
    /// The server has no database of that number.
    StorageDatabaseInvalid,
    /// The server is older than the oldest supported one.
    StorageTooOld,
    /// Another bot keeps its data under the same keys.
    StorageInUse,
    /// The Secret with the storage credentials or certificate does not exist or lacks a key.
    StorageSecretNotFound,
    /// The volume of the embedded store cannot be used.
    StorageFileUnusable,
    /// The server that the operator runs is not up.
    ManagedRedisUnavailable,
    /// The ConfigMap or Secret with the certificates to trust does not exist or lacks the key.
    TrustedCANotFound,
    /// The Secret with the proxy's credentials does not exist or lacks a key.
    ProxySecretNotFound,
    /// The proxy refuses the credentials, or wants some.
    ProxyAuthFailed,
    /// The proxy cannot be reached, or does not let the connection through.
    ProxyUnreachable,
    /// Every selected plugin is loaded.
    PluginsLoaded,
    /// At least one plugin is not loaded.
    PluginsFailed,
    /// A plugin that the bot requires does not exist or is not selected.
    RequiredPluginMissing,
    /// Two plugins declare the same command, or a plugin declares a built-in one.
    CommandConflict,
    /// A template cannot be parsed, or speaks of something that does not exist.
    TemplateInvalid,
    /// An argument of a command makes no sense.
    ArgumentInvalid,
    /// The pattern or the template of a match cannot be used.
    MatchInvalid,
    /// An emoji runs a command that does not exist, or one of another plugin already.
    ReactionInvalid,
    /// No bot selects the plugin.
    NoBot,
    /// The bot has loaded the plugin.
    Programmed,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The three values of a condition's status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    True,
    False,
    Unknown,
}

impl Status {
    /// The word as it stands in a condition.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::True => "True",
            Status::False => "False",
            Status::Unknown => "Unknown",
        }
    }
}

/// What is to be said, before it is known when it became so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub type_: &'static str,
    pub status: Status,
    pub reason: Reason,
    /// What happened, which object and field, and the fix.
    pub message: String,
}

impl Verdict {
    pub fn new(type_: &'static str, status: Status, reason: Reason, message: impl Into<String>) -> Self {
        Self { type_, status, reason, message: message.into() }
    }
}

/// Puts `verdicts` in the form of conditions. The time of a transition is kept from `before` while the status is the
/// same; conditions of types that no verdict names are dropped.
pub fn merge(
    before: &[Condition],
    verdicts: &[Verdict],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<Condition> {
    verdicts
        .iter()
        .map(|verdict| {
            let unchanged =
                before.iter().find(|c| c.type_ == verdict.type_ && c.status == verdict.status.as_str());
            Condition {
                type_: verdict.type_.into(),
                status: verdict.status.as_str().into(),
                reason: verdict.reason.as_str().into(),
                message: shorten(&verdict.message),
                observed_generation: generation,
                last_transition_time: unchanged.map_or(Time(now), |c| c.last_transition_time.clone()),
            }
        })
        .collect()
}

fn shorten(message: &str) -> String {
    if message.len() <= MAX_MESSAGE {
        return message.into();
    }
    let cut = (0..=MAX_MESSAGE - '…'.len_utf8()).rev().find(|i| message.is_char_boundary(*i)).unwrap_or(0);
    format!("{}…", &message[..cut])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ready(status: Status, message: &str) -> Vec<Verdict> {
        vec![Verdict::new(READY, status, Reason::Connected, message)]
    }

    #[test]
    fn the_transition_time_is_kept_while_the_status_is_the_same() {
        let before = merge(&[], &ready(Status::True, "one pod"), Some(1), at(10));
        let after = merge(&before, &ready(Status::True, "two pods"), Some(2), at(20));
        assert_eq!(after[0].last_transition_time, Time(at(10)));
        assert_eq!(after[0].message, "two pods");
        assert_eq!(after[0].observed_generation, Some(2));
    }

    #[test]
    fn the_transition_time_moves_when_the_status_changes() {
        let before = merge(&[], &ready(Status::True, ""), Some(1), at(10));
        let after = merge(&before, &ready(Status::False, ""), Some(1), at(20));
        assert_eq!(after[0].last_transition_time, Time(at(20)));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let conditions = merge(&[], &ready(Status::False, &"é".repeat(2000)), None, at(0));
        assert!(conditions[0].message.len() <= MAX_MESSAGE);
        assert!(conditions[0].message.ends_with('…'));
    }
}
