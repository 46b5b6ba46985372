//! From a ChatBot and its catalogue of commands to the bot's configuration.

use super::{
    APP_TOKEN_FILE, BOT_TOKEN_FILE, BotConfig, CA_FILE, CERTIFICATE_FILE, CONTRACT_VERSION,
    ClientCertificate, CommandsConfig, DATA_DIR, DnsConfig, EmbeddedConfig, KEY_FILE, NetworkConfig,
    PROXY_CREDENTIALS_DIR, PluginConfig, ProxyConfig, REDIS_CA_DIR, REDIS_CERTIFICATE_DIR,
    REDIS_CREDENTIALS_DIR, RedisConfig, SENTINEL_CREDENTIALS_DIR, STORE_FILE, SecretSource, SlackConfig,
    StorageConfig, TOKENS_DIR, TRUSTED_CA_DIR, TlsConfig,
};
use crate::{
    ChatBotSpec,
    chat_bot::{
        Network, Storage,
        storage::{Redis, Topology, redis::RedisTls},
    },
    resolve::Resolution,
};

/// Port of a Redis address that names none (IANA).
const REDIS_PORT: u16 = 6379;

/// Port of a sentinel's address that names none (Redis docs, "High availability with Redis Sentinel").
const SENTINEL_PORT: u16 = 26379;

/// What the name of a managed Redis' Service and Secret adds to the ChatBot's.
const MANAGED_REDIS: &str = "redis";

/// Where the bot will run, which decides where it finds its secrets and whose data it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In a pod, with secrets mounted as files.
    Pod {
        /// DNS domain of the cluster, e.g. `cluster.local`.
        cluster_domain: String,
        /// Identity of the cluster: the UID of its namespace `kube-system`.
        cluster_id: String,
    },
    /// On somebody's own machine, with secrets in the environment. `as_production` keeps the key prefix that the bot
    /// has in the cluster; otherwise it gets one of its own.
    Local { as_production: bool },
}

/// Renders the configuration of the bot `namespace`/`name`.
pub fn render(
    namespace: &str,
    name: &str,
    spec: &ChatBotSpec,
    resolution: &Resolution,
    placement: &Placement,
) -> BotConfig {
    BotConfig {
        version: CONTRACT_VERSION,
        namespace: namespace.into(),
        name: name.into(),
        slack: SlackConfig {
            api_url: spec.slack.api_url.clone(),
            connections: u32::try_from(spec.slack.connections_per_pod).unwrap_or(1),
            bot_token: placement.secret(TOKENS_DIR, BOT_TOKEN_FILE, "SLACK_BOT_TOKEN"),
            app_token: placement.secret(TOKENS_DIR, APP_TOKEN_FILE, "SLACK_APP_TOKEN"),
        },
        network: network_config(&spec.network, placement),
        dns: DnsConfig {
            cluster_domain: match placement {
                Placement::Pod { cluster_domain, .. } => Some(cluster_domain.clone()),
                Placement::Local { .. } => None,
            },
        },
        commands: CommandsConfig {
            addressed_by: spec.commands.addressed_by.clone(),
            slash_command: spec.commands.slash_command.clone(),
            prefix: spec.commands.prefix.clone(),
            alternate_prefixes: spec.commands.alternate_prefixes.clone(),
            aliases: spec.commands.aliases.clone(),
            unknown_command: spec.commands.unknown_command,
            timeout: spec.commands.timeout.clone(),
        },
        visibility: spec.replies.visibility,
        long_output: spec.replies.long_output.clone(),
        storage: storage_config(namespace, name, &spec.storage, placement),
        plugins: resolution
            .plugins
            .iter()
            .map(|plugin| PluginConfig {
                name: plugin.name.clone(),
                generation: plugin.generation,
                description: plugin.description.clone(),
                commands: plugin.commands.clone(),
                matches: plugin.matches.clone(),
                reactions: plugin.reactions.clone(),
            })
            .collect(),
    }
}

/// Name of the Service, and of the Secret with key `password`, of the managed Redis of ChatBot `name`.
pub fn managed_redis_name(name: &str) -> String {
    format!("{name}-{MANAGED_REDIS}")
}

impl Placement {
    fn secret(&self, dir: &str, file: &str, variable: &str) -> SecretSource {
        match self {
            Placement::Pod { .. } => SecretSource::File(format!("{dir}/{file}")),
            Placement::Local { .. } => SecretSource::Env(variable.into()),
        }
    }

    /// A file that only a pod has.
    fn file(&self, dir: &str, file: &str) -> Option<String> {
        match self {
            Placement::Pod { .. } => Some(format!("{dir}/{file}")),
            Placement::Local { .. } => None,
        }
    }

    fn owner(&self, namespace: &str, name: &str) -> Option<String> {
        match self {
            Placement::Pod { cluster_id, .. } => Some(format!("{cluster_id}/{namespace}/{name}")),
            Placement::Local { .. } => None,
        }
    }
}

fn network_config(network: &Network, placement: &Placement) -> NetworkConfig {
    NetworkConfig {
        proxy: network.proxy.as_ref().map(|proxy| {
            let credential = |file: &str, variable: &str| {
                let wanted = proxy.credentials_secret_ref.is_some();
                wanted.then(|| placement.secret(PROXY_CREDENTIALS_DIR, file, variable))
            };
            ProxyConfig {
                url: proxy.url.clone(),
                no_proxy: proxy.no_proxy.iter().map(|host| host.0.clone()).collect(),
                username: credential("username", "PROXY_USERNAME"),
                password: credential("password", "PROXY_PASSWORD"),
            }
        }),
        trusted_ca_file: network
            .trusted_ca_ref
            .as_ref()
            .and_then(|_| placement.file(TRUSTED_CA_DIR, CA_FILE)),
    }
}

/// What only a cluster has, a server that the operator runs or a volume, is memory elsewhere.
fn storage_config(namespace: &str, name: &str, storage: &Storage, placement: &Placement) -> StorageConfig {
    match (storage, placement) {
        (Storage { redis: Some(redis), .. }, _) => {
            StorageConfig::Redis(Box::new(redis_config(namespace, name, redis, placement)))
        }
        (Storage { managed_redis: Some(_), .. }, Placement::Pod { .. }) => {
            StorageConfig::Redis(Box::new(managed_redis_config(namespace, name, placement)))
        }
        (Storage { embedded: Some(_), .. }, Placement::Pod { .. }) => {
            StorageConfig::Embedded(EmbeddedConfig { path: format!("{DATA_DIR}/{STORE_FILE}") })
        }
        _ => StorageConfig::Memory {},
    }
}

fn managed_redis_config(namespace: &str, name: &str, placement: &Placement) -> RedisConfig {
    let host = format!("{}.{namespace}.svc", managed_redis_name(name));
    let address = complete_address(&host, REDIS_PORT, false, placement);
    RedisConfig {
        owner: placement.owner(namespace, name),
        password: Some(placement.secret(REDIS_CREDENTIALS_DIR, "password", "REDIS_PASSWORD")),
        ..RedisConfig::standalone(address, format!("{namespace}/{name}"))
    }
}

fn redis_config(namespace: &str, name: &str, redis: &Redis, placement: &Placement) -> RedisConfig {
    let own_prefix = || format!("{namespace}/{name}");
    let key_prefix = match placement {
        Placement::Local { as_production: false } => own_prefix(),
        _ => redis.key_prefix.clone().unwrap_or_else(own_prefix),
    };
    let server = |file: &str, variable: &str| {
        let wanted = redis.credentials_secret_ref.is_some();
        wanted.then(|| placement.secret(REDIS_CREDENTIALS_DIR, file, variable))
    };
    let sentinel = |file: &str, variable: &str| {
        let wanted = redis.sentinel_credentials_secret_ref.is_some();
        wanted.then(|| placement.secret(SENTINEL_CREDENTIALS_DIR, file, variable))
    };
    let default_port = if redis.topology == Topology::Sentinel { SENTINEL_PORT } else { REDIS_PORT };
    let complete = |address: &str| complete_address(address, default_port, redis.tls.is_some(), placement);
    RedisConfig {
        topology: redis.topology,
        addresses: redis.addresses.iter().map(|address| complete(&address.0)).collect(),
        master: redis.master.clone(),
        database: redis.database,
        key_prefix,
        owner: placement.owner(namespace, name),
        username: server("username", "REDIS_USERNAME"),
        password: server("password", "REDIS_PASSWORD"),
        sentinel_username: sentinel("username", "REDIS_SENTINEL_USERNAME"),
        sentinel_password: sentinel("password", "REDIS_SENTINEL_PASSWORD"),
        tls: redis.tls.as_ref().map(|tls| tls_config(tls, placement)),
    }
}

fn tls_config(tls: &RedisTls, placement: &Placement) -> TlsConfig {
    let file = |file: &str| placement.file(REDIS_CERTIFICATE_DIR, file);
    let client_certificate =
        || Some(ClientCertificate { certificate_file: file(CERTIFICATE_FILE)?, key_file: file(KEY_FILE)? });
    TlsConfig {
        ca_file: tls.ca_ref.as_ref().and_then(|_| placement.file(REDIS_CA_DIR, CA_FILE)),
        client_certificate: tls.client_certificate_secret_ref.as_ref().and_then(|_| client_certificate()),
    }
}

/// Adds the default port, and makes a cluster name absolute: with `ndots:1` a name such as `redis.data.svc` would be
/// asked of the internet first. Names on certificates end in `.svc`, so with TLS the name stays as it is.
fn complete_address(address: &str, default_port: u16, tls: bool, placement: &Placement) -> String {
    let port = address
        .rsplit_once(':')
        .filter(|(host, port)| port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')));
    let (host, port) = match port {
        Some((host, port)) => (host, port.to_string()),
        None => (address, default_port.to_string()),
    };
    match placement {
        Placement::Pod { cluster_domain, .. } if !tls && host.ends_with(".svc") => {
            format!("{host}.{cluster_domain}.:{port}")
        }
        _ => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pod() -> Placement {
        Placement::Pod { cluster_domain: "cluster.local".into(), cluster_id: "c1".into() }
    }

    #[test]
    fn a_cluster_name_becomes_absolute_so_that_ndots_1_costs_nothing() {
        assert_eq!(
            complete_address("redis.data.svc", REDIS_PORT, false, &in_pod()),
            "redis.data.svc.cluster.local.:6379"
        );
        assert_eq!(
            complete_address("redis.data.svc:6380", REDIS_PORT, false, &in_pod()),
            "redis.data.svc.cluster.local.:6380"
        );
    }

    #[test]
    fn a_name_that_a_certificate_must_match_stays_as_it_is() {
        assert_eq!(complete_address("redis.data.svc", REDIS_PORT, true, &in_pod()), "redis.data.svc:6379");
    }

    #[test]
    fn other_addresses_only_get_the_default_port() {
        assert_eq!(complete_address("redis", REDIS_PORT, false, &in_pod()), "redis:6379");
        assert_eq!(complete_address("10.0.0.7:6380", REDIS_PORT, false, &in_pod()), "10.0.0.7:6380");
        assert_eq!(complete_address("[fd00::1]", REDIS_PORT, false, &in_pod()), "[fd00::1]:6379");
        let local = Placement::Local { as_production: false };
        assert_eq!(complete_address("redis.data.svc", REDIS_PORT, false, &local), "redis.data.svc:6379");
    }
}
