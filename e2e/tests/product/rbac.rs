//! The shipped Role is enough, and every rule in it is used.

use std::{collections::BTreeSet, fs};

use chatops_e2e::{
    audit::{self, Permission},
    operator,
};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::support::{SOON, eventually, in_a_world, objects::plugin, shared};

/// Every permission of the roles that `manifests/rbac.yaml` binds to the operator, taken apart.
fn granted() -> BTreeSet<Permission> {
    let text = fs::read_to_string(shared::repository("manifests/rbac.yaml")).expect("the file is there");
    let documents: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
        .map(|document| Value::deserialize(document).expect("YAML"))
        .filter(|object| !object.is_null())
        .collect();
    let bound: BTreeSet<_> = documents
        .iter()
        .filter(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Binding")))
        .map(|binding| {
            (binding["roleRef"]["kind"].clone().to_string(), binding["roleRef"]["name"].to_string())
        })
        .collect();
    documents
        .iter()
        .filter(|object| {
            bound.contains(&(object["kind"].to_string(), object["metadata"]["name"].to_string()))
        })
        .flat_map(|role| role["rules"].as_array().cloned().unwrap_or_default())
        .flat_map(|rule| permissions_of(&rule))
        .collect()
}

fn permissions_of(rule: &Value) -> Vec<Permission> {
    let words = |key: &str| -> Vec<String> {
        serde_json::from_value(rule[key].clone()).unwrap_or_else(|_| panic!("{key} of {rule}"))
    };
    let mut permissions = Vec::new();
    for group in words("apiGroups") {
        for resource in words("resources") {
            for verb in words("verbs") {
                permissions.push(Permission { group: group.clone(), resource: resource.clone(), verb });
            }
        }
    }
    permissions
}

#[test]
fn the_operator_may_read_no_secret_and_has_no_wildcards() {
    let granted = granted();
    assert!(!granted.is_empty());
    for permission in granted {
        if permission.resource.starts_with("secrets") {
            assert_eq!((permission.resource.as_str(), permission.verb.as_str()), ("secrets", "create"));
        }
        for word in [&permission.group, &permission.resource, &permission.verb] {
            assert!(!word.contains('*'), "{permission:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_rights_are_enough_and_each_is_used() {
    in_a_world(|world| async move {
        world.apply(&plugin("greeter", "greet", "hello")).await;
        world.ready_bot(json!({})).await;
        world.answers("!greet", "hello").await;
        // A plugin that changes makes the operator nudge the kubelet.
        world.apply(&plugin("greeter", "greet", "good day")).await;
        world.answers("!greet", "good day").await;
        // A standing condition that changes its words repeats its Event, which is a patch.
        world.patch_bot(json!({"suspend": true})).await;
        world.told("Ready", "False", "Suspended").await;
        // A server that the operator runs, its volume, which grows, and its password.
        world.patch_bot(json!({"suspend": false, "storage": {"managedRedis": {"size": "1Gi"}}})).await;
        world.told("StorageReady", "True", "StorageConnected").await;
        world.patch_bot(json!({"storage": {"managedRedis": {"deletionPolicy": "Delete"}}})).await;

        let log = world.cluster.audit_log();
        let user = audit::service_account(operator::NAMESPACE, operator::NAME);
        let unused = || async {
            let requests = audit::requests_of(&log, &user).expect("the audit log");
            let forbidden: Vec<_> = requests.iter().filter(|r| r.is_forbidden()).collect();
            assert!(forbidden.is_empty(), "refused for want of a right: {forbidden:#?}");
            let used = audit::permissions(&requests);
            let unused: Vec<_> = granted().difference(&used).cloned().collect();
            if unused.is_empty() { Ok(()) } else { Err(unused) }
        };
        eventually("every right is used", 3 * SOON, unused).await;
    })
    .await;
}
