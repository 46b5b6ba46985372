//! Which names the bot needs, from its configuration. Pure.

use std::net::IpAddr;

use chatops_crds::bot_config::{BotConfig, StorageConfig};
use http::Uri;

use crate::network::{Network, Target};

/// Host of Slack's own Web API, for which the other hosts are known before Slack names them.
const SLACK: &str = "slack.com";

/// Where Slack's sockets are, until `apps.connections.open` names another host.
const SLACK_SOCKETS: &str = "wss-primary.slack.com";

/// Where Slack keeps files.
const SLACK_FILES: &str = "files.slack.com";

/// Where Slack takes answers to slash commands from places where the bot is no member.
const SLACK_HOOKS: &str = "hooks.slack.com";

/// What a host is needed for, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Proxy,
    Api,
    Socket,
    File,
    Hooks,
    Redis,
}

/// A name that the bot needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As it is configured, perhaps with a final dot.
    pub name: String,
    pub role: Role,
    /// It is no name of the cluster.
    pub external: bool,
}

impl Role {
    /// The word in the report.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Proxy => "proxy",
            Role::Api => "api",
            Role::Socket => "socket",
            Role::File => "file",
            Role::Hooks => "hooks",
            Role::Redis => "redis",
        }
    }
}

impl Host {
    pub fn new(name: &str, role: Role, cluster_domain: Option<&str>) -> Host {
        let bare = name.trim_end_matches('.');
        let in_cluster = !bare.contains('.')
            || [".svc", ".local"].iter().any(|end| bare.ends_with(end))
            || cluster_domain.is_some_and(|domain| bare.ends_with(&format!(".{domain}")));
        // A short name of Redis, by a search domain that is most likely the cluster's.
        let completed = role == Role::Redis && bare.matches('.').count() == 1 && cluster_domain.is_some();
        let external = !(in_cluster || completed);
        Host { name: name.to_owned(), role, external }
    }
}

/// The host that takes answers to the slash command of `config`, where Slack's own Web API is used.
pub fn hooks(config: &BotConfig) -> Option<&'static str> {
    let api = config.slack.api_url.parse().ok().and_then(|uri: Uri| Target::of(&uri));
    let is_needed = config.commands.slash_command.is_some() && api.is_some_and(|api| api.host == SLACK);
    is_needed.then_some(SLACK_HOOKS)
}

/// The names that `config` needs. `socket`: the socket's host as Slack named it last. What a proxy stands before is
/// looked up by that; addresses need no look-up.
pub fn needed(config: &BotConfig, network: &Network, socket: Option<&str>) -> Vec<Host> {
    let api =
        config.slack.api_url.parse().ok().and_then(|uri: Uri| Target::of(&uri)).map(|target| target.host);
    let is_slack = api.as_deref() == Some(SLACK);
    let slack = [
        (api.as_deref(), Role::Api),
        (socket.or(is_slack.then_some(SLACK_SOCKETS)), Role::Socket),
        (is_slack.then_some(SLACK_FILES), Role::File),
        (hooks(config), Role::Hooks),
    ];
    let slack = slack.into_iter().filter_map(|(name, role)| Some((name?, role))).map(|(name, role)| {
        match network.proxy_for(name) {
            Some(proxy) => (proxy.host.clone(), Role::Proxy),
            None => (name.to_owned(), role),
        }
    });
    let redis = match &config.storage {
        StorageConfig::Redis(redis) => redis.addresses.as_slice(),
        StorageConfig::Memory {} | StorageConfig::Embedded(_) => &[],
    };
    let redis = redis.iter().map(|address| (host_of(address).to_owned(), Role::Redis));
    let mut hosts: Vec<Host> = Vec::new();
    for (name, role) in slack.chain(redis) {
        let known = hosts.iter().any(|host| host.name == name);
        if !known && name.parse::<IpAddr>().is_err() && name != "localhost" {
            hosts.push(Host::new(&name, role, config.dns.cluster_domain.as_deref()));
        }
    }
    hosts
}

/// Host of `host:port`, without brackets.
fn host_of(address: &str) -> &str {
    address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(api_url: &str, storage: &serde_json::Value, network: &serde_json::Value) -> BotConfig {
        let source = json!({"env": "TOKEN"});
        serde_json::from_value(json!({
            "version": 2, "namespace": "chat", "name": "ops",
            "slack": {"apiUrl": api_url, "botToken": source, "appToken": source},
            "network": network, "dns": {"clusterDomain": "cluster.local"},
            "commands": {"prefix": "!", "timeout": "30s"}, "storage": storage,
        }))
        .unwrap()
    }

    fn names(config: &BotConfig, socket: Option<&str>) -> Vec<(String, Role, bool)> {
        let network = Network::new(&config.network).unwrap();
        let hosts = needed(config, &network, socket);
        hosts.into_iter().map(|host| (host.name, host.role, host.external)).collect()
    }

    fn redis(address: &str) -> serde_json::Value {
        json!({"redis": {"addresses": [address], "database": 0, "keyPrefix": "a"}})
    }

    #[test]
    fn answers_to_a_slash_command_need_a_host_of_their_own() {
        let has_hooks = |api_url: &str, slash_command: Option<&str>| {
            let mut config = config(api_url, &json!({"memory": {}}), &json!({}));
            config.commands.slash_command = slash_command.map(Into::into);
            names(&config, None).contains(&("hooks.slack.com".into(), Role::Hooks, true))
        };
        assert!(has_hooks("https://slack.com/api/", Some("/ops")));
        assert!(!has_hooks("https://slack.com/api/", None));
        assert!(!has_hooks("https://slack.example/api/", Some("/ops")));
    }

    #[test]
    fn slacks_hosts_are_known_before_slack_names_them() {
        let config = config("https://slack.com/api/", &json!({"memory": {}}), &json!({}));
        let hosts = |socket: &str| {
            vec![
                ("slack.com".into(), Role::Api, true),
                (socket.into(), Role::Socket, true),
                ("files.slack.com".into(), Role::File, true),
            ]
        };
        assert_eq!(names(&config, None), hosts("wss-primary.slack.com"));
        assert_eq!(names(&config, Some("wss-backup.slack.com")), hosts("wss-backup.slack.com"));
    }

    #[test]
    fn an_address_needs_no_look_up() {
        let config = config("http://198.18.0.2:1234/api/", &redis("[fd00::1]:6379"), &json!({}));
        assert_eq!(names(&config, Some("198.18.0.2")), []);
    }

    #[test]
    fn names_of_the_cluster_are_told_from_external_ones() {
        for (address, external) in [
            ("redis.data.svc.cluster.local.:6379", false),
            ("redis:6379", false),
            ("redis.data:6379", false),
            ("cache.corp.example:6379", true),
        ] {
            let config = config("http://198.18.0.2/api/", &redis(address), &json!({}));
            let name = address.trim_end_matches(":6379").to_owned();
            assert_eq!(names(&config, None), [(name, Role::Redis, external)]);
        }
    }

    #[test]
    fn behind_a_proxy_only_its_own_name_is_looked_up_and_what_is_reached_without_it() {
        let network =
            json!({"proxy": {"url": "http://proxy.corp.example:3128", "noProxy": ["files.slack.com"]}});
        let config = config("https://slack.com/api/", &json!({"memory": {}}), &network);
        assert_eq!(
            names(&config, None),
            [("proxy.corp.example".into(), Role::Proxy, true), ("files.slack.com".into(), Role::File, true)]
        );
    }
}
