//! What the operator creates stays as it should be, and nothing of others is touched.

use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        core::v1::{ConfigMap, Service, ServiceAccount},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::ResourceExt;
use serde_json::{Value, json};

use crate::support::{SOON, World, eventually, in_a_world, objects::Namespaced};

/// Name of every child of ChatBot `ops`.
const CHILD: &str = "ops-bot";

async fn meta<K: Namespaced>(world: &World) -> Option<ObjectMeta> {
    world.api::<K>().get_opt(CHILD).await.expect("the API answers").map(|child| child.meta().clone())
}

/// Deletes the child and waits for its successor.
async fn comes_back<K: Namespaced>(world: &World, kind: &str) {
    let before = meta::<K>(world).await.unwrap_or_else(|| panic!("no {kind} {CHILD}")).uid;
    world.delete(&format!("{kind} {CHILD}")).await;
    eventually(&format!("{kind} {CHILD} comes back"), SOON, || async {
        let now = meta::<K>(world).await;
        if now.as_ref().is_some_and(|meta| meta.uid != before) { Ok(()) } else { Err(now) }
    })
    .await;
}

/// Edits the child and waits until what was edited is as before.
async fn is_mended<K: Namespaced>(world: &World, pointer: &str, patch: Value) {
    let read = || async {
        let child = world.api::<K>().get(CHILD).await.expect("the child exists");
        serde_json::to_value(child).expect("an object is JSON").pointer(pointer).cloned()
    };
    let before = read().await;
    assert!(before.is_some(), "{pointer} is not set");
    let edited = serde_json::to_value(world.patch::<K>(CHILD, patch).await).expect("an object is JSON");
    assert_ne!(edited.pointer(pointer), before.as_ref(), "the edit changed nothing");
    eventually(&format!("{pointer} is mended"), SOON, || async {
        let now = read().await;
        if now == before { Ok(()) } else { Err(now) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_child_that_is_deleted_comes_back() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        comes_back::<ConfigMap>(&world, "configmap").await;
        comes_back::<Service>(&world, "service").await;
        comes_back::<ServiceAccount>(&world, "serviceaccount").await;
        comes_back::<NetworkPolicy>(&world, "networkpolicy").await;
        comes_back::<PodDisruptionBudget>(&world, "poddisruptionbudget").await;
        comes_back::<Deployment>(&world, "deployment").await;
        world.answers("!echo again", "again").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edit_of_what_is_ours_is_mended() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        is_mended::<Deployment>(&world, "/spec/replicas", json!({"spec": {"replicas": 0}})).await;
        let image =
            json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "other:1"}]);
        world.kubectl_args(&["patch", "deployment", CHILD, "--type=json", "-p", &image.to_string()]).await;
        eventually("the image is mended", SOON, || async {
            let image = world
                .deployment()
                .await
                .spec
                .and_then(|s| s.template.spec)
                .map(|s| s.containers[0].image.clone());
            if image.as_ref().is_some_and(|i| i.as_deref() != Some("other:1")) { Ok(()) } else { Err(image) }
        })
        .await;
        is_mended::<ConfigMap>(&world, "/data/bot.yaml", json!({"data": {"bot.yaml": "nonsense"}})).await;
        is_mended::<Service>(
            &world,
            "/spec/selector",
            json!({"spec": {"selector": {"app.kubernetes.io/instance": "x"}}}),
        )
        .await;
        is_mended::<ServiceAccount>(
            &world,
            "/automountServiceAccountToken",
            json!({"automountServiceAccountToken": true}),
        )
        .await;
        is_mended::<NetworkPolicy>(
            &world,
            "/spec/policyTypes",
            json!({"spec": {"policyTypes": ["Ingress", "Egress"]}}),
        )
        .await;
        is_mended::<PodDisruptionBudget>(
            &world,
            "/spec/maxUnavailable",
            json!({"spec": {"maxUnavailable": 0}}),
        )
        .await;
        is_mended::<Deployment>(
            &world,
            "/metadata/labels",
            json!({"metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}}),
        )
        .await;
        world.answers("!echo still", "still").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_added_to_a_child_is_kept() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        let added = json!({"metadata": {
            "labels": {"team": "platform"}, "annotations": {"example.com/note": "mine"},
        }});
        world.patch::<Deployment>(CHILD, added).await;
        world.patch::<ConfigMap>(CHILD, json!({"metadata": {"labels": {"team": "platform"}}})).await;
        world.patch_bot(json!({"commands": {"prefix": "?"}})).await;
        world.answers("?echo changed", "changed").await;
        world.patch_bot(json!({"pod": {"labels": {"tier": "chat"}}})).await;
        eventually("the change is rolled out", SOON, || async {
            let deployment = world.deployment().await;
            let labels = deployment.spec.and_then(|s| s.template.metadata).and_then(|m| m.labels);
            if labels.as_ref().is_some_and(|l| l.contains_key("tier")) { Ok(()) } else { Err(labels) }
        })
        .await;
        let deployment = world.deployment().await;
        assert_eq!(deployment.labels().get("team").map(String::as_str), Some("platform"));
        assert_eq!(deployment.annotations().get("example.com/note").map(String::as_str), Some("mine"));
        let config = meta::<ConfigMap>(&world).await.expect("the ConfigMap");
        assert!(config.labels.is_some_and(|labels| labels.contains_key("team")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_object_of_the_same_name_is_named_and_left_alone() {
    in_a_world(|world| async move {
        let foreign = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CHILD}, "data": {"mine": "yes"},
        });
        world.apply(&foreign).await;
        world.apply_bot(json!({})).await;
        let (condition, _) = world.told("Accepted", "False", "NotOwned").await;
        assert!(
            condition.message.contains("ConfigMap") && condition.message.contains(CHILD),
            "{}",
            condition.message
        );
        let kept: ConfigMap = world.api().get(CHILD).await.expect("it is still there");
        assert_eq!(kept.data.expect("data").keys().collect::<Vec<_>>(), ["mine"]);
        assert!(kept.metadata.owner_references.is_none());

        world.delete(&format!("configmap {CHILD}")).await;
        world.ready().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_chat_bot_leaves_no_object_behind() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        world.delete("chatbot ops").await;
        eventually("every child is gone", SOON, || async {
            let kinds = "deployments,replicasets,pods,configmaps,services,networkpolicies,poddisruptionbudgets,serviceaccounts";
            let left = world.kubectl(&format!("get {kinds} -o name")).await;
            let ours: Vec<_> = left.lines().filter(|name| name.contains(CHILD)).map(str::to_owned).collect();
            if ours.is_empty() { Ok(()) } else { Err(ours) }
        })
        .await;
    })
    .await;
}
