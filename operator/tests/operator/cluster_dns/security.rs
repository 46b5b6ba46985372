//! The author of a ChatBot chooses neither a zone nor a name server.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{Dns, KUBEADM, asking, corefile_of};
use crate::world::chat_bot;

/// Verb, resource and name.
type Right = (String, String, String);

/// What the Roles of the opt-in manifests grant.
fn granted(manifest: &str) -> BTreeSet<Right> {
    let documents =
        serde_yaml::Deserializer::from_str(manifest).map(|text| Value::deserialize(text).unwrap());
    let mut rights = BTreeSet::new();
    for role in documents.filter(|object| !object["rules"].is_null()) {
        for rule in role["rules"].as_array().unwrap() {
            let words = |field: &str| {
                let list = rule[field].as_array().unwrap_or_else(|| panic!("a rule without {field}")).clone();
                list.into_iter().map(|word| word.as_str().unwrap().to_owned())
            };
            for (verb, resource) in
                words("verbs").flat_map(|v| words("resources").map(move |r| (v.clone(), r)))
            {
                rights.extend(words("resourceNames").map(|name| (verb.clone(), resource.clone(), name)));
            }
        }
    }
    rights
}

/// Everything that an author could hope to smuggle in.
fn attempts() -> Vec<Value> {
    let evil = "evil.example";
    vec![
        json!({"dns": {"clusterStubZone": "Apply"}}),
        json!({"dns": {"clusterStubZone": "Apply", "nameservers": ["6.6.6.6", "6.6.6.7"]}}),
        json!({"dns": {"clusterStubZone": "Apply", "options": [{"name": "ndots", "value": "1} evil.example {"}]}}),
        json!({"dns": {"clusterStubZone": "Apply", "zones": [evil], "upstreams": ["6.6.6.6"], "stubZones": {evil: ["6.6.6.6"]}}}),
        json!({"dns": {"clusterStubZone": "Apply"}, "slack": {"tokensSecretRef": {"name": "ops-slack"}, "apiURL": "https://evil.example"}}),
        json!({"dns": {"clusterStubZone": "Apply"}, "network": {"proxy": {"url": "http://evil.example:3128"}}}),
        json!({"dns": {"clusterStubZone": "Apply"}, "storage": {"redis": {"addresses": ["evil.example:6379"]}}}),
        json!({"dns": {"clusterStubZone": "Apply"}, "displayName": "x\n} evil.example {\n forward . 6.6.6.6\n"}),
    ]
}

#[tokio::test(start_paused = true)]
async fn whatever_a_chat_bot_says_the_zones_and_servers_are_those_of_the_flags() {
    let mut written = Vec::new();
    for spec in attempts() {
        let dns = Dns::new("apply");
        let mut bot = chat_bot(&spec);
        bot["metadata"]["annotations"] = json!({
            "chatops.dev/cluster-dns": "{\"zones\":[\"evil.example\"],\"upstreams\":[\"6.6.6.6\"]}",
            "chatops.dev/cluster-dns-zone": "evil.example",
        });
        bot["metadata"]["labels"] = json!({"cluster-dns-upstream": "6.6.6.6"});
        dns.api.put("chatbots", bot);
        dns.told("True/StubZoneApplied").await;
        let text = corefile_of(&dns.api);
        assert!(!text.contains("evil") && !text.contains("6.6.6"), "{spec}: {text}");
        written.push(dns.api.system("configmaps", "coredns").unwrap()["data"].clone());
    }
    written.dedup();
    assert_eq!(written.len(), 1, "one and the same file for every spec");
}

#[tokio::test(start_paused = true)]
async fn the_opt_in_roles_grant_what_is_used_and_nothing_else() {
    let diagnose = granted(include_str!("../../../../manifests/cluster-dns/diagnose/rbac.yaml"));
    let apply = granted(include_str!("../../../../manifests/cluster-dns/apply/rbac.yaml"));
    let used = Arc::new(Mutex::new(BTreeSet::new()));
    for dns in [Dns::new("apply"), Dns::of_kube_dns()] {
        let kept = used.clone();
        dns.api.on_request(move |call| {
            if call.namespace == "kube-system" || call.resource == "dnses" {
                let verb = if call.method == Method::PUT {
                    "update".into()
                } else {
                    call.method.as_str().to_lowercase()
                };
                kept.lock().unwrap().insert((verb, call.resource.clone(), call.name.clone()));
            }
            None
        });
        dns.api.put("chatbots", asking("Apply"));
        dns.told("True/StubZoneApplied").await;
        if dns.stub_domains().is_none() {
            dns.set_corefile(&format!("{KUBEADM}import custom/*.server\n"));
            dns.api.put("configmaps", json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "coredns-custom", "namespace": "kube-system"},
            }));
            dns.rest(300).await;
        }
    }
    let all: BTreeSet<Right> = diagnose.union(&apply).cloned().collect();
    assert_eq!(*used.lock().unwrap(), all);
    assert!(
        diagnose.iter().all(|(verb, ..)| verb == "get") && apply.iter().all(|(verb, ..)| verb == "update")
    );
}
