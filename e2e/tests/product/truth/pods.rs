//! The bot's pod cannot run, or its configuration cannot be delivered.

use serde_json::json;

use super::{not_ready, one_event, recovers, says, told_in_time};
use crate::support::{SOON, eventually, in_a_world, objects::plugin_of};

#[tokio::test(flavor = "multi_thread")]
async fn image_that_cannot_be_pulled_at_first() {
    in_a_world(|world| async move {
        world.apply_bot(json!({"image": "localhost:1/no/such:image"})).await;
        not_ready(&world, "ImagePullFailed", &["localhost:1/no/such:image", "spec.image"]).await;
        recovers(&world, "image corrected", world.patch_bot(json!({"image": null}))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn image_that_cannot_be_pulled_in_an_update_leaves_the_old_pod_answering() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        world.patch_bot(json!({"image": "localhost:1/no/such:image"})).await;
        let (condition, _) = world.told("Progressing", "False", "ImagePullFailed").await;
        says(&condition, &["localhost:1/no/such:image", "spec.image"]);
        one_event(&world, &condition).await;
        world.ready().await;
        assert_eq!(world.ask("!echo the old pod").await, "the old pod");
        world.patch_bot(json!({"image": null})).await;
        told_in_time(&world, "image corrected in an update", "Progressing", "RolledOut").await;
        world.ready().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pod_that_no_node_takes() {
    in_a_world(|world| async move {
        world.apply_bot(json!({"pod": {"nodeSelector": {"disk": "none"}}})).await;
        not_ready(&world, "PodUnschedulable", &["spec.pod"]).await;
        recovers(&world, "pod schedulable", world.patch_bot(json!({"pod": {"nodeSelector": null}}))).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_that_no_config_map_holds_leaves_the_one_before_in_force() {
    in_a_world(|world| async move {
        world.apply(&plugin_of("small", json!([{"name": "small", "reply": "still here"}]))).await;
        world.ready_bot(json!({})).await;
        world.answers("!small", "still here").await;
        for part in ["big-a", "big-b"] {
            let commands: Vec<_> =
                (0..60).map(|i| json!({"name": format!("{part} {i}"), "reply": "x".repeat(9_500)})).collect();
            // Too large for the annotation of a client-side apply.
            let object = plugin_of(part, json!(commands));
            let file = tempfile::NamedTempFile::new().expect("a temporary file");
            std::fs::write(file.path(), object.to_string()).expect("the file is written");
            world.kubectl(&format!("create -f {}", file.path().display())).await;
        }
        let (condition, _) = world.told("Accepted", "False", "ConfigTooLarge").await;
        says(&condition, &["bytes", "BotPlugin"]);
        one_event(&world, &condition).await;
        world.ready().await;
        assert_eq!(world.ask("!small").await, "still here");
        world.delete("botplugin big-b").await;
        told_in_time(&world, "config too large", "Accepted", "Accepted").await;
        eventually("the command of the plugin that fits", SOON, || async {
            let said = world.ask("!big-a 7").await;
            if said.starts_with("xxxx") { Ok(()) } else { Err(said) }
        })
        .await;
    })
    .await;
}
