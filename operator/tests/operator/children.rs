//! What the operator creates stays as it should be; nothing of others is touched; an unchanged world is left alone.

use http::Method;
use serde_json::{Value, json};

use crate::{
    api_server::Call,
    world::{CHILD, CHILDREN, World, chat_bot, well},
};

fn of(writes: &[Call], resource: &str) -> usize {
    writes.iter().filter(|call| call.resource == resource).count()
}

#[tokio::test(start_paused = true)]
async fn every_child_is_created_once() {
    let world = World::new();
    world.api.put("chatbots", chat_bot(&json!({})));
    world.all_children().await;
    let writes = world.settled().await;
    for kind in CHILDREN {
        assert_eq!(of(&writes, kind), 1, "{kind}: {writes:#?}");
        let child = world.api.get(kind, CHILD).unwrap();
        assert_eq!(child["metadata"]["ownerReferences"][0]["kind"], "ChatBot", "{kind}");
    }
    assert!(writes.iter().all(|call| call.method == Method::PATCH), "{writes:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_second_reconcile_of_an_unchanged_world_writes_nothing() {
    let world = World::new();
    world.ready_bot().await;
    world.settled().await;
    let before = world.reconciles();
    world.api.edit("chatbots", "ops", |bot| bot["metadata"]["labels"] = json!({"touched": "yes"}));
    world.eventually("a reconcile", |_| (world.reconciles() > before).then_some(())).await;
    assert_eq!(world.settled().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_operator_writes_nothing() {
    let mut world = World::new();
    world.ready_bot().await;
    world.settled().await;
    world.kill();
    world.start();
    world.eventually("a reconcile", |_| (world.reconciles() > 0).then_some(())).await;
    assert_eq!(world.settled().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_operator_writes_nothing_while_a_bot_is_at_fault() {
    let mut world = World::new();
    let fault = chatops_crds::bot_report::Fault::new(chatops_crds::bot_report::FaultCode::SlackUnreachable);
    let mut report = well();
    report.slack.connections = 0;
    report.slack.connection_fault = Some(fault.with("host", "slack.com").with("cause", "refused"));
    world.api.put("chatbots", chat_bot(&json!({})));
    world.pod_runs("ops-bot-1", report).await;
    world.told("Ready", "False/SlackUnreachable").await;
    world.settled().await;
    world.kill();
    world.start();
    world.eventually("a reconcile", |_| (world.reconciles() > 0).then_some(())).await;
    assert_eq!(world.settled().await, []);
}

#[tokio::test(start_paused = true)]
async fn quantities_in_another_form_are_no_reason_to_write() {
    let world = World::new();
    world.api.put("chatbots", chat_bot(&json!({"pod": {"resources": {"limits": {"cpu": "0.5"}}}})));
    world.all_children().await;
    assert_eq!(of(&world.settled().await, "deployments"), 1);
    let deployment = world.api.get("deployments", CHILD).unwrap();
    assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"], "500m");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_child_comes_back() {
    let world = World::new();
    world.ready_bot().await;
    for kind in CHILDREN {
        world.api.delete(kind, CHILD);
        world.eventually(kind, |api| api.get(kind, CHILD)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_edited_child_is_mended_and_what_others_added_stays() {
    let world = World::new();
    world.ready_bot().await;
    world.api.edit("deployments", CHILD, |deployment| {
        deployment["spec"]["replicas"] = json!(7);
        deployment["metadata"]["labels"]["team"] = json!("platform");
        let pod = &mut deployment["spec"]["template"]["spec"];
        pod["automountServiceAccountToken"] = json!(true);
        pod["containers"].as_array_mut().unwrap().push(json!({"name": "sidecar", "image": "sidecar:1"}));
    });
    let deployment = world
        .eventually("the Deployment is mended", |api| {
            api.get("deployments", CHILD).filter(|deployment| deployment["spec"]["replicas"] == 1)
        })
        .await;
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["containers"][1]["name"], "sidecar");
    assert_eq!(deployment["metadata"]["labels"]["team"], "platform");
}

#[tokio::test(start_paused = true)]
async fn a_field_that_is_no_longer_wanted_is_taken_out() {
    let world = World::new();
    world.api.put("chatbots", chat_bot(&json!({"pod": {"nodeSelector": {"disk": "ssd"}}})));
    world.all_children().await;
    let selector = |deployment: &Value| deployment["spec"]["template"]["spec"]["nodeSelector"].clone();
    assert_eq!(selector(&world.api.get("deployments", CHILD).unwrap()), json!({"disk": "ssd"}));
    world.edit_spec(|spec| spec["pod"] = json!({}));
    world
        .eventually("the selector is gone", |api| {
            selector(&api.get("deployments", CHILD)?).is_null().then_some(())
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_label_or_an_owner_that_was_taken_away_comes_back() {
    let world = World::new();
    world.ready_bot().await;
    for kind in CHILDREN {
        world.api.edit(kind, CHILD, |child| child["metadata"]["labels"] = json!({"mine": "yes"}));
        world
            .eventually("the label", |api| {
                (api.get(kind, CHILD)?["metadata"]["labels"]["app.kubernetes.io/managed-by"]
                    == "chatops-operator")
                    .then_some(())
            })
            .await;
        world.api.edit(kind, CHILD, |child| child["metadata"]["ownerReferences"] = json!([]));
        world
            .eventually("the owner", |api| {
                api.get(kind, CHILD)?["metadata"]["ownerReferences"][0].is_object().then_some(())
            })
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_object_of_the_same_name_is_named_and_left_alone() {
    let world = World::new();
    let foreign = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": CHILD, "namespace": "prod"}, "data": {"mine": "yes"},
    });
    world.api.put("configmaps", foreign);
    world.api.put("chatbots", chat_bot(&json!({})));
    let message = world.told("Accepted", "False/NotOwned").await;
    assert!(message.contains("ConfigMap \"ops-bot\""), "{message}");
    world.told("Ready", "False/NotOwned").await;
    assert_eq!(world.events("NotOwned"), [message]);
    assert_eq!(world.api.get("configmaps", CHILD).unwrap()["data"], json!({"mine": "yes"}));
    assert!(world.api.get("deployments", CHILD).is_none(), "a pod would mount what is not ours");

    world.api.delete("configmaps", CHILD);
    world.told("Accepted", "True/Accepted").await;
    world.all_children().await;
}

#[tokio::test(start_paused = true)]
async fn an_invalid_selector_is_reported_and_nothing_is_applied() {
    let world = World::new();
    let selector = json!({"matchExpressions": [{"key": "team", "operator": "Like", "values": ["x"]}]});
    world.api.put("chatbots", chat_bot(&json!({"plugins": {"selector": selector}})));
    let message = world.told("Accepted", "False/InvalidSpec").await;
    assert!(message.contains("spec.plugins.selector"), "{message}");
    world.settled().await;
    for kind in CHILDREN {
        assert_eq!(world.api.get(kind, CHILD), None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_objects_of_a_bot_that_is_being_deleted_are_not_brought_back() {
    let world = World::new();
    world.ready_bot().await;
    world.api.edit("chatbots", "ops", |bot| {
        bot["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        bot["metadata"]["finalizers"] = json!(["foregroundDeletion"]);
    });
    world.settled().await;
    for kind in CHILDREN {
        world.api.delete(kind, CHILD);
    }
    world.settled().await;
    for kind in CHILDREN {
        assert_eq!(world.api.get(kind, CHILD), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_suspended_bot_has_no_pod_and_keeps_the_rest() {
    let world = World::new();
    world.ready_bot().await;
    world.edit_spec(|spec| spec["suspend"] = json!(true));
    world.told("Ready", "False/Suspended").await;
    assert_eq!(world.api.get("deployments", CHILD).unwrap()["spec"]["replicas"], 0);
    world.edit_spec(|spec| spec["suspend"] = json!(false));
    world.told("Ready", "True/Connected").await;
}
