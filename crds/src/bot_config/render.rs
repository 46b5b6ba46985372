//! From a ChatBot and its catalogue of commands to the bot's configuration.

use super::{
    APP_TOKEN_FILE, BOT_TOKEN_FILE, BotConfig, CA_FILE, CONTRACT_VERSION, CommandsConfig, PluginConfig,
    REDIS_CA_DIR, REDIS_CREDENTIALS_DIR, RedisConfig, SecretSource, SlackConfig, StorageConfig, TOKENS_DIR,
    TlsConfig,
};
use crate::{ChatBotSpec, chat_bot::storage::Redis, resolve::Resolution};

/// Port of a Redis address that names none (IANA).
const REDIS_PORT: u16 = 6379;

/// Where the bot will run, which decides where it finds its secrets and whose data it sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In a pod, with secrets mounted as files.
    Pod {
        /// DNS domain of the cluster, e.g. `cluster.local`.
        cluster_domain: String,
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
            bot_token: placement.secret(TOKENS_DIR, BOT_TOKEN_FILE, "SLACK_BOT_TOKEN"),
            app_token: placement.secret(TOKENS_DIR, APP_TOKEN_FILE, "SLACK_APP_TOKEN"),
        },
        commands: CommandsConfig {
            prefix: spec.commands.prefix.clone(),
            timeout: spec.commands.timeout.clone(),
        },
        storage: match &spec.storage.redis {
            Some(redis) => StorageConfig::Redis(redis_config(namespace, name, redis, placement)),
            None => StorageConfig::Memory {},
        },
        plugins: resolution
            .plugins
            .iter()
            .map(|plugin| PluginConfig {
                name: plugin.name.clone(),
                generation: plugin.generation,
                description: plugin.description.clone(),
                commands: plugin.commands.clone(),
            })
            .collect(),
    }
}

impl Placement {
    fn secret(&self, dir: &str, file: &str, variable: &str) -> SecretSource {
        match self {
            Placement::Pod { .. } => SecretSource::File(format!("{dir}/{file}")),
            Placement::Local { .. } => SecretSource::Env(variable.into()),
        }
    }
}

fn redis_config(namespace: &str, name: &str, redis: &Redis, placement: &Placement) -> RedisConfig {
    let own_prefix = || format!("{namespace}/{name}");
    let key_prefix = match placement {
        Placement::Local { as_production: false } => own_prefix(),
        _ => redis.key_prefix.clone().unwrap_or_else(own_prefix),
    };
    let has_credentials = redis.credentials_secret_ref.is_some();
    let credential = |file: &str, variable: &str| {
        has_credentials.then(|| placement.secret(REDIS_CREDENTIALS_DIR, file, variable))
    };
    RedisConfig {
        address: redis
            .addresses
            .first()
            .map_or_else(String::new, |a| complete_address(&a.0, redis.tls.is_some(), placement)),
        database: redis.database,
        key_prefix,
        username: credential("username", "REDIS_USERNAME"),
        password: credential("password", "REDIS_PASSWORD"),
        tls: redis.tls.as_ref().map(|tls| TlsConfig {
            ca_file: match placement {
                Placement::Pod { .. } => tls.ca_ref.as_ref().map(|_| format!("{REDIS_CA_DIR}/{CA_FILE}")),
                Placement::Local { .. } => None,
            },
        }),
    }
}

/// Adds the default port, and makes a cluster name absolute: with `ndots:1` a name such as `redis.data.svc` would be
/// asked of the internet first. Names on certificates end in `.svc`, so with TLS the name stays as it is.
fn complete_address(address: &str, tls: bool, placement: &Placement) -> String {
    let port = address
        .rsplit_once(':')
        .filter(|(host, port)| port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')));
    let (host, port) = match port {
        Some((host, port)) => (host, port.to_string()),
        None => (address, REDIS_PORT.to_string()),
    };
    match placement {
        Placement::Pod { cluster_domain } if !tls && host.ends_with(".svc") => {
            format!("{host}.{cluster_domain}.:{port}")
        }
        _ => format!("{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pod() -> Placement {
        Placement::Pod { cluster_domain: "cluster.local".into() }
    }

    #[test]
    fn a_cluster_name_becomes_absolute_so_that_ndots_1_costs_nothing() {
        assert_eq!(
            complete_address("redis.data.svc", false, &in_pod()),
            "redis.data.svc.cluster.local.:6379"
        );
        assert_eq!(
            complete_address("redis.data.svc:6380", false, &in_pod()),
            "redis.data.svc.cluster.local.:6380"
        );
    }

    #[test]
    fn a_name_that_a_certificate_must_match_stays_as_it_is() {
        assert_eq!(complete_address("redis.data.svc", true, &in_pod()), "redis.data.svc:6379");
    }

    #[test]
    fn other_addresses_only_get_the_default_port() {
        assert_eq!(complete_address("redis", false, &in_pod()), "redis:6379");
        assert_eq!(complete_address("10.0.0.7:6380", false, &in_pod()), "10.0.0.7:6380");
        assert_eq!(complete_address("[fd00::1]", false, &in_pod()), "[fd00::1]:6379");
        let local = Placement::Local { as_production: false };
        assert_eq!(complete_address("redis.data.svc", false, &local), "redis.data.svc:6379");
    }
}
