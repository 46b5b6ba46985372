//! From a ChatBot and the plugins around it to a catalogue and all problems.

#![allow(clippy::unwrap_used, reason = "what helps tests fails by panicking")]

use chatops_crds::{
    BotPlugin, ChatBot,
    bot_config::{Placement, SecretSource, StorageConfig, render},
    resolve::{Problem, resolve, selects},
};
use serde_json::{Value, json};

fn bot(spec: Value) -> ChatBot {
    let mut spec = spec;
    spec["slack"] = json!({"tokensSecretRef": {"name": "ops-slack"}});
    serde_json::from_value(json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot",
        "metadata": {"name": "ops", "namespace": "prod"}, "spec": spec,
    }))
    .unwrap()
}

fn plugin(name: &str, created: &str, commands: &[&str]) -> BotPlugin {
    let commands: Vec<_> = commands.iter().map(|c| json!({"name": c, "reply": "ok"})).collect();
    serde_json::from_value(json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin",
        "metadata": {"name": name, "labels": {"plugin": name}, "creationTimestamp": created, "generation": 3},
        "spec": {"commands": commands},
    }))
    .unwrap()
}

const OLDER: &str = "2026-01-01T00:00:00Z";
const NEWER: &str = "2026-01-02T00:00:00Z";

fn commands(resolution: &chatops_crds::resolve::Resolution, plugin: &str) -> Vec<String> {
    let plugin = resolution.plugins.iter().find(|p| p.name == plugin).unwrap();
    plugin.commands.iter().map(|c| c.name.clone()).collect()
}

#[test]
fn without_a_selector_every_plugin_is_loaded_in_the_order_of_names() {
    let plugins = [plugin("b", OLDER, &["two"]), plugin("a", NEWER, &["one"])];
    let resolution = resolve(&bot(json!({})), &plugins);
    assert_eq!(resolution.plugins.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(resolution.problems, []);
    assert_eq!(resolution.command_count(), 2);
}

#[test]
fn the_older_plugin_keeps_a_command_and_the_other_loses_only_that() {
    let plugins = [plugin("a", NEWER, &["deploy", "mine"]), plugin("b", OLDER, &["deploy"])];
    let resolution = resolve(&bot(json!({})), &plugins);
    assert_eq!(commands(&resolution, "b"), ["deploy"]);
    assert_eq!(commands(&resolution, "a"), ["mine"]);
    let conflict =
        Problem::CommandConflict { plugin: "a".into(), command: "deploy".into(), winner: "b".into() };
    assert_eq!(resolution.problems, [conflict]);
}

#[test]
fn plugins_of_the_same_age_are_settled_by_name() {
    let plugins = [plugin("b", OLDER, &["deploy"]), plugin("a", OLDER, &["deploy"])];
    assert_eq!(commands(&resolve(&bot(json!({})), &plugins), "a"), ["deploy"]);
}

#[test]
fn a_built_in_command_cannot_be_taken() {
    let resolution = resolve(&bot(json!({})), &[plugin("a", OLDER, &["help", "mine"])]);
    assert_eq!(commands(&resolution, "a"), ["mine"]);
    assert_eq!(resolution.problems, [Problem::CommandBuiltIn { plugin: "a".into(), command: "help".into() }]);
}

#[test]
fn a_selector_selects_by_labels_and_an_unselected_plugin_conflicts_with_nothing() {
    let plugins = [plugin("a", OLDER, &["deploy"]), plugin("b", NEWER, &["deploy"])];
    let only_b = bot(json!({"plugins": {"selector": {"matchLabels": {"plugin": "b"}}}}));
    let resolution = resolve(&only_b, &plugins);
    assert_eq!(commands(&resolution, "b"), ["deploy"]);
    assert_eq!(resolution.problems, []);
    assert!(!selects(&only_b, &plugins[0]) && selects(&only_b, &plugins[1]));
}

#[test]
fn an_invalid_selector_is_the_only_thing_that_stops_the_build() {
    let selector = json!({"matchExpressions": [{"key": "team", "operator": "Like", "values": ["x"]}]});
    let resolution = resolve(&bot(json!({"plugins": {"selector": selector}})), &[]);
    assert!(resolution.problems[0].is_fatal(), "{:?}", resolution.problems);
    assert!(resolution.problems[0].to_string().contains("spec.plugins.selector"));
}

#[test]
fn a_required_plugin_that_is_missing_is_told_apart_from_one_that_is_not_selected() {
    let bot = bot(json!({"plugins": {
        "selector": {"matchLabels": {"plugin": "b"}}, "required": ["a", "b", "c"],
    }}));
    let resolution = resolve(&bot, &[plugin("a", OLDER, &["one"]), plugin("b", OLDER, &["two"])]);
    assert_eq!(
        resolution.problems,
        [
            Problem::RequiredPluginNotSelected { plugin: "a".into() },
            Problem::RequiredPluginNotFound { plugin: "c".into() },
        ]
    );
    assert!(resolution.plugins[0].required);
}

#[test]
fn in_a_pod_secrets_are_files_and_on_a_laptop_they_are_variables() {
    let redis = json!({"storage": {"redis": {
        "addresses": ["redis.data.svc"], "credentialsSecretRef": {"name": "redis-auth"}, "keyPrefix": "shared",
    }}});
    let bot = bot(redis);
    let resolution = resolve(&bot, &[]);
    let pod = Placement::Pod { cluster_domain: "cluster.local".into(), cluster_id: "c1".into() };
    let in_pod = render("prod", "ops", &bot.spec, &resolution, &pod);
    assert_eq!(in_pod.slack.bot_token, SecretSource::File("/etc/chatops/tokens/bot-token".into()));
    let StorageConfig::Redis(redis) = in_pod.storage else { panic!("redis expected") };
    assert_eq!(redis.key_prefix, "shared");

    let laptop = Placement::Local { as_production: false };
    let local = render("local", "ops", &bot.spec, &resolution, &laptop);
    let StorageConfig::Redis(redis) = local.storage else { panic!("redis expected") };
    assert_eq!(redis.password, Some(SecretSource::Env("REDIS_PASSWORD".into())));
    assert_eq!(redis.key_prefix, "local/ops", "a laptop must not share production's data by accident");
}

#[test]
fn what_a_running_bot_takes_up_leaves_the_restart_hash_alone() {
    let placement = Placement::Pod { cluster_domain: "cluster.local".into(), cluster_id: "c1".into() };
    let rendered = |spec: Value, plugins: &[BotPlugin]| {
        let bot = bot(spec);
        render("prod", "ops", &bot.spec, &resolve(&bot, plugins), &placement)
    };
    let before = rendered(json!({}), &[]);
    let live = rendered(json!({"commands": {"prefix": "?"}}), &[plugin("a", OLDER, &["one"])]);
    let moved = rendered(json!({"storage": {"redis": {"addresses": ["redis"]}}}), &[]);
    assert_eq!(before.restart_hash(), live.restart_hash());
    assert_ne!(before.restart_hash(), moved.restart_hash());
    assert_ne!(before.to_yaml(), live.to_yaml());
}

#[test]
fn a_configuration_that_no_config_map_holds_is_an_error() {
    let mut big = plugin("big", OLDER, &[]);
    big.spec.commands = (0..200)
        .map(|i| {
            serde_json::from_value(json!({"name": format!("c{i}"), "reply": "x".repeat(10_000)})).unwrap()
        })
        .collect();
    let bot = bot(json!({}));
    let config =
        render("prod", "ops", &bot.spec, &resolve(&bot, &[big]), &Placement::Local { as_production: false });
    assert!(config.to_yaml().is_err());
}
