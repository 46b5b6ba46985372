//! Which cluster this is: asked for until it is known, and not without the right.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use chatops_operator::cluster::identity::of_the_cluster;
use serde_json::json;

use crate::api_server::{ApiServer, Fault};

fn cluster() -> ApiServer {
    let api = ApiServer::new();
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "kube-system", "namespace": "", "uid": "3e5d7f0c"},
    });
    api.put("namespaces", namespace);
    api
}

#[tokio::test(start_paused = true)]
async fn the_identity_of_a_cluster_is_that_of_its_system_namespace() {
    assert_eq!(of_the_cluster(&cluster().client()).await.unwrap(), "3e5d7f0c");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_does_not_answer_is_asked_again() {
    let (api, asked) = (cluster(), Arc::new(AtomicUsize::new(0)));
    api.on_request(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Some(Fault::Refused(503, "ServiceUnavailable")),
        1 => Some(Fault::Hang),
        2 => Some(Fault::Refused(429, "TooManyRequests")),
        _ => None,
    });
    assert_eq!(of_the_cluster(&api.client()).await.unwrap(), "3e5d7f0c");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_the_rule_that_is_missing_is_named() {
    let api = cluster();
    api.on_request(|_| Some(Fault::Refused(403, "Forbidden")));
    let error = of_the_cluster(&api.client()).await.unwrap_err().to_string();
    let rule = r#"{apiGroups: [""], resources: [namespaces], resourceNames: [kube-system], verbs: [get]}"#;
    assert!(error.contains(rule), "{error}");
}
