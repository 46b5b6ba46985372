//! Changes reach a running bot: plugins and prefix without a restart, the rest by a rollout without a gap.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use serde_json::json;

use crate::support::{
    SOON, eventually, in_a_world,
    objects::{plugin, plugin_of},
};

/// How soon a plugin's change is in force, as the README promises. The median of several is compared: a single one
/// may be held up by whatever else the machine does.
const IN_FORCE: Duration = Duration::from_secs(2);

/// Each adds, edits and removes a plugin.
const ROUNDS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_added_edited_or_removed_changes_the_running_bot() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        let before = world.pod_identity().await;

        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            world.apply(&plugin("greeter", "greet", "Good morning")).await;
            times.push(world.answers("!greet", "Good morning").await);
            world.apply(&plugin("greeter", "greet", "Good evening")).await;
            times.push(world.answers("!greet", "Good evening").await);
            world.plugin_told("greeter", "True", "Programmed").await;
            world.delete("botplugin greeter").await;
            let gone = eventually("the command is gone", SOON, || async {
                let said = world.ask("!greet").await;
                if said.contains("not found") { Ok(()) } else { Err(said) }
            });
            times.push(gone.await.1);
        }
        times.sort();
        println!("changes of a plugin in force after {times:.1?}");
        assert!(times[times.len() / 2] <= IN_FORCE, "{times:.1?}");
        assert_eq!(world.pod_identity().await, before, "the pod was restarted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_prefix_is_taken_up_without_a_restart() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        let before = world.pod_identity().await;
        world.patch_bot(json!({"commands": {"prefix": "?"}})).await;
        world.answers("?echo changed", "changed").await;
        assert_eq!(world.pod_identity().await, before, "the pod was restarted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_suspended_and_comes_back() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        world.patch_bot(json!({"suspend": true})).await;
        world.told("Ready", "False", "Suspended").await;
        eventually("no pod is left", SOON, || async {
            let pods = world.pods().await.len();
            if pods == 0 { Ok(()) } else { Err(pods) }
        })
        .await;
        world.patch_bot(json!({"suspend": false})).await;
        world.ready().await;
        assert_eq!(world.ask("!echo back").await, "back");

        world.kubectl("scale chatbot/ops --replicas=0").await;
        world.told("Ready", "False", "Suspended").await;
        world.kubectl("scale chatbot/ops --replicas=1").await;
        world.ready().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_image_or_dns_is_rolled_out_and_the_bot_answers_on() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        let (before, _) = world.pod_identity().await;
        let image = world
            .deployment()
            .await
            .spec
            .and_then(|s| s.template.spec)
            .and_then(|s| s.containers[0].image.clone());
        let image = image.expect("the bot has an image");
        world
            .patch_bot(json!({
                "image": format!("library/{image}"),
                "dns": {"options": [{"name": "ndots", "value": "2"}]},
            }))
            .await;
        eventually("a new pod answers alone", SOON, || async {
            assert_eq!(world.ask("!echo on").await, "on", "a rollout must leave no gap");
            let uids: Vec<_> = world.pods().await.into_iter().filter_map(|pod| pod.metadata.uid).collect();
            if uids.len() == 1 && uids[0] != before { Ok(()) } else { Err(uids) }
        })
        .await;
        world.told("Progressing", "True", "RolledOut").await;
        let deployment: Deployment = world.deployment().await;
        let options =
            deployment.spec.and_then(|s| s.template.spec).and_then(|s| s.dns_config).and_then(|d| d.options);
        let options = options.expect("dns options");
        assert!(
            options.iter().any(|o| o.name.as_deref() == Some("ndots") && o.value.as_deref() == Some("2"))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selector_decides_which_plugins_a_bot_loads() {
    in_a_world(|world| async move {
        let mut labelled = plugin("mine", "mine", "yes");
        labelled["metadata"]["labels"] = json!({"team": "platform"});
        world.apply(&labelled).await;
        world.apply(&plugin_of("other", json!([{"name": "other", "reply": "no"}]))).await;
        world.ready_bot(json!({"plugins": {"selector": {"matchLabels": {"team": "platform"}}}})).await;
        world.answers("!mine", "yes").await;
        assert!(world.ask("!other").await.contains("not found"));
        world.plugin_told("other", "False", "NoBot").await;
        world.patch_bot(json!({"plugins": {"selector": null}})).await;
        world.answers("!other", "no").await;
    })
    .await;
}
