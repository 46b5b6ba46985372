//! What is built from a ChatBot, as snapshots.

use chatops_crds::{BotPlugin, ChatBot, resolve::resolve};
use chatops_operator::chat_bot::{
    build::{Resources, build},
    validate::validate,
};
use serde_json::{Value, json};

use crate::world::{chat_bot, plugin, settings};

fn built(spec: Value) -> Resources {
    let mut bot = chat_bot(&spec);
    bot["metadata"]["uid"] = json!("11111111-2222-3333-4444-555555555555");
    let bot: ChatBot = serde_json::from_value(bot).unwrap();
    let hello: BotPlugin = serde_json::from_value(plugin("hello", "hello")).unwrap();
    build(&validate(&bot, &resolve(&bot, [&hello]), &settings()).unwrap())
}

fn everything() -> Value {
    json!({
        "image": "registry.example/bot:2",
        "commands": {"timeout": "2h"},
        "storage": {"redis": {
            "addresses": ["redis.data.svc"],
            "credentialsSecretRef": {"name": "redis-auth"},
            "tls": {"caRef": {"name": "redis-ca"}},
        }},
        "dns": {"options": [{"name": "ndots", "value": "2"}, {"name": "use-vc"}], "nameservers": ["10.0.0.53"]},
        "pod": {
            "resources": {"limits": {"cpu": "0.5", "memory": "64Mi"}},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "chat", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
            ],
            "priorityClassName": "chat",
            "labels": {"tier": "chat", "app.kubernetes.io/name": "mine"},
            "annotations": {"example.com/note": "yes", "chatops.dev/restart-hash": "mine"},
            "env": [{"name": "RUST_LOG", "value": "debug"}, {"name": "EMPTY"}],
            "imagePullSecrets": [{"name": "registry"}],
        },
    })
}

#[test]
fn the_smallest_bot_makes_these_objects() {
    let Resources { service_account, config_map, service, network_policy, deployment } = built(json!({}));
    insta::assert_yaml_snapshot!("service_account", service_account.object());
    insta::assert_yaml_snapshot!("config_map", config_map.object());
    insta::assert_yaml_snapshot!("service", service.object());
    insta::assert_yaml_snapshot!("network_policy", network_policy.object());
    insta::assert_yaml_snapshot!("deployment", deployment.object());
}

#[test]
fn a_bot_that_sets_everything_makes_this_deployment() {
    insta::assert_yaml_snapshot!("deployment_with_everything", built(everything()).deployment.object());
}

#[test]
fn the_operators_own_labels_and_annotations_win() {
    let deployment = serde_json::to_value(built(everything()).deployment.object()).unwrap();
    let meta = &deployment["spec"]["template"]["metadata"];
    assert_eq!(meta["labels"]["app.kubernetes.io/name"], "chatops-bot");
    assert_eq!(meta["labels"]["tier"], "chat");
    assert_ne!(meta["annotations"]["chatops.dev/restart-hash"], "mine");
    assert_eq!(meta["annotations"]["example.com/note"], "yes");
}

/// Kubernetes docs, "Pod Security Standards", profile *Restricted*.
#[test]
fn every_pod_passes_the_restricted_standard() {
    for spec in [json!({}), everything()] {
        let deployment = serde_json::to_value(built(spec).deployment.object()).unwrap();
        let pod = &deployment["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        for field in ["hostNetwork", "hostPID", "hostIPC", "initContainers"] {
            assert!(pod[field].is_null(), "{field}");
        }
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
            assert_eq!(context["readOnlyRootFilesystem"], true);
        }
        for volume in pod["volumes"].as_array().unwrap() {
            assert!(volume.get("configMap").or(volume.get("secret")).is_some(), "{volume}");
        }
        assert_eq!(pod["automountServiceAccountToken"], false);
    }
}

#[test]
fn a_change_that_the_bot_takes_up_live_leaves_the_pods_alone_and_another_replaces_them() {
    let template = |spec: Value| {
        let deployment = serde_json::to_value(built(spec).deployment.object()).unwrap();
        deployment["spec"]["template"].clone()
    };
    assert_eq!(template(json!({})), template(json!({"commands": {"prefix": "?"}})));
    assert_ne!(template(json!({})), template(json!({"storage": {"redis": {"addresses": ["redis"]}}})));
    assert_ne!(template(json!({})), template(json!({"image": "other:1"})));
}
