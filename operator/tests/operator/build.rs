//! What is built from a ChatBot, as snapshots.

use chatops_crds::{BotPlugin, ChatBot, resolve::resolve};
use chatops_operator::chat_bot::{
    build::{Resources, build, managed_redis::with_password},
    validate::validate,
};
use serde_json::{Value, json};

use crate::world::{CLUSTER, chat_bot, plugin, settings};

pub fn built(spec: Value) -> Resources {
    let mut bot = chat_bot(&spec);
    bot["metadata"]["uid"] = json!("11111111-2222-3333-4444-555555555555");
    let bot: ChatBot = serde_json::from_value(bot).unwrap();
    let hello: BotPlugin = serde_json::from_value(plugin("hello", "hello")).unwrap();
    build(&validate(&bot, &resolve(&bot, [&hello]), &settings(), CLUSTER).unwrap())
}

fn everything() -> Value {
    json!({
        "image": "registry.example/bot:2",
        "commands": {"timeout": "2h"},
        "storage": {"redis": {
            "topology": "Sentinel",
            "addresses": ["redis.data.svc"],
            "master": "main",
            "credentialsSecretRef": {"name": "redis-auth"},
            "sentinelCredentialsSecretRef": {"name": "sentinel-auth"},
            "tls": {"caRef": {"name": "redis-ca"}, "clientCertificateSecretRef": {"name": "redis-client"}},
        }},
        "network": {
            "proxy": {"url": "http://proxy:3128", "credentialsSecretRef": {"name": "proxy-auth"}},
            "trustedCARef": {"kind": "ConfigMap", "name": "corporate-ca", "key": "ca.crt"},
        },
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
    let Resources {
        service_account,
        config_map,
        service,
        network_policy,
        disruption_budget,
        claim,
        managed_redis,
        deployment,
    } = built(json!({}));
    assert!(claim.is_none() && managed_redis.is_none(), "data are in memory");
    insta::assert_yaml_snapshot!("service_account", service_account.object());
    insta::assert_yaml_snapshot!("config_map", config_map.object());
    insta::assert_yaml_snapshot!("service", service.object());
    insta::assert_yaml_snapshot!("network_policy", network_policy.object());
    insta::assert_yaml_snapshot!("disruption_budget", disruption_budget.object());
    insta::assert_yaml_snapshot!("deployment", deployment.object());
}

#[test]
fn a_bot_that_sets_everything_makes_this_deployment() {
    insta::assert_yaml_snapshot!("deployment_with_everything", built(everything()).deployment.object());
}

fn embedded() -> Value {
    json!({"storage": {"embedded": {"size": "2Gi", "storageClassName": "fast"}}})
}

fn managed() -> Value {
    json!({
        "storage": {"managedRedis": {"size": "5Gi"}},
        "pod": {"tolerations": [{"key": "chat", "operator": "Exists"}], "imagePullSecrets": [{"name": "registry"}]},
    })
}

#[test]
fn an_embedded_store_makes_this_volume_and_this_deployment() {
    let Resources { claim, managed_redis, deployment, .. } = built(embedded());
    assert!(managed_redis.is_none());
    insta::assert_yaml_snapshot!("embedded_claim", claim.unwrap().fit(None).object());
    insta::assert_yaml_snapshot!("embedded_deployment", deployment.object().spec);
}

#[test]
fn a_managed_redis_makes_these_objects() {
    let Resources { claim, managed_redis, deployment, config_map, .. } = built(managed());
    let redis = managed_redis.unwrap();
    insta::assert_yaml_snapshot!("redis_claim", claim.unwrap().fit(None).object());
    insta::assert_yaml_snapshot!("redis_secret", with_password(&redis.secret, "example".into()));
    insta::assert_yaml_snapshot!("redis_network_policy", redis.network_policy.object());
    insta::assert_yaml_snapshot!("redis_service", redis.service.object());
    insta::assert_yaml_snapshot!("redis_stateful_set", redis.stateful_set.object());
    let config = config_map.object().data.as_ref().unwrap()["bot.yaml"].clone();
    for line in ["ops-redis.prod.svc.cluster.local.:6379", "/etc/chatops/redis-credentials/password"] {
        assert!(config.contains(line), "{line} is not in\n{config}");
    }
    let deployment = serde_json::to_value(deployment.object()).unwrap();
    assert_eq!(deployment["spec"]["strategy"]["type"], "RollingUpdate");
}

#[test]
fn what_holds_data_has_an_owner_only_if_it_shall_go_with_it() {
    for (policy, owned) in [("Retain", false), ("Delete", true)] {
        for storage in ["embedded", "managedRedis"] {
            let built = built(json!({"storage": {storage: {"deletionPolicy": policy}}}));
            let claim = built.claim.unwrap().fit(None).object().metadata.owner_references.is_some();
            let secret = built.managed_redis.map(|redis| redis.secret.metadata.owner_references.is_some());
            assert_eq!((claim, secret.unwrap_or(owned)), (owned, owned), "{storage}, {policy}");
        }
    }
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
    for spec in [json!({}), everything(), embedded(), managed()] {
        let built = built(spec);
        let mut pods = vec![serde_json::to_value(built.deployment.object()).unwrap()];
        pods.extend(
            built.managed_redis.map(|redis| serde_json::to_value(redis.stateful_set.object()).unwrap()),
        );
        for pod in pods {
            passes_the_restricted_standard(&pod["spec"]["template"]["spec"]);
        }
    }
}

fn passes_the_restricted_standard(pod: &Value) {
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_ne!(pod["securityContext"]["runAsUser"], 0);
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
        let allowed = ["configMap", "secret", "persistentVolumeClaim"];
        assert!(allowed.iter().any(|kind| volume.get(kind).is_some()), "{volume}");
    }
    assert_eq!(pod["automountServiceAccountToken"], false);
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
