//! What plugins store outlives what it should: pods, rollouts, ChatBots, a failover.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use serde_json::{Value, json};

use crate::support::{SOON, World, eventually, in_a_world, objects::Namespaced, shared};

async fn remembering_bot(world: &World, storage: Value) {
    world.apply_shipped("-f", "manifests/samples/democmd.yaml").await;
    world.ready_bot(json!({"storage": storage})).await;
}

async fn exists<K: Namespaced>(world: &World, name: &str) -> bool {
    world.api::<K>().get_opt(name).await.unwrap_or_else(|error| panic!("{name}: {error}")).is_some()
}

async fn gone<K: Namespaced>(world: &World, name: &str) {
    eventually(&format!("{name} is gone"), SOON, || async {
        if exists::<K>(world, name).await { Err("it is there") } else { Ok(()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_redis_keeps_its_data_as_its_deletion_policy_says() {
    in_a_world(|world| async move {
        remembering_bot(&world, json!({"managedRedis": {}})).await;
        world.answers("!democmd add colour blue", "colour saved").await;
        world.delete("chatbot ops").await;
        gone::<k8s_openapi::api::apps::v1::StatefulSet>(&world, "ops-redis").await;
        assert!(exists::<PersistentVolumeClaim>(&world, "ops-redis").await, "the volume is kept");
        assert!(exists::<Secret>(&world, "ops-redis").await, "the password is kept");

        remembering_bot(&world, json!({"managedRedis": {"deletionPolicy": "Delete"}})).await;
        world.answers("!democmd get colour", "blue").await;
        world.delete("chatbot ops").await;
        gone::<PersistentVolumeClaim>(&world, "ops-redis").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_store_keeps_its_data_over_a_rollout_and_as_its_deletion_policy_says() {
    in_a_world(|world| async move {
        remembering_bot(&world, json!({"embedded": {}})).await;
        world.answers("!democmd add colour blue", "colour saved").await;
        world.patch_bot(json!({"dns": {"options": [{"name": "edns0"}]}})).await;
        world.told("Progressing", "True", "RolledOut").await;
        world.ready().await;
        world.answers("!democmd get colour", "blue").await;
        world.delete("chatbot ops").await;
        assert!(exists::<PersistentVolumeClaim>(&world, "ops-bot").await, "the volume is kept");

        remembering_bot(&world, json!({"embedded": {"deletionPolicy": "Delete"}})).await;
        world.answers("!democmd get colour", "blue").await;
        world.delete("chatbot ops").await;
        gone::<PersistentVolumeClaim>(&world, "ops-bot").await;
    })
    .await;
}

/// Waits until a command of kubectl prints `wanted`.
async fn shows(world: &World, what: &str, args: &[&str], wanted: &str) {
    eventually(what, SOON, || async {
        let printed = world.kubectl_args(args).await;
        if printed.contains(wanted) { Ok(()) } else { Err(printed) }
    })
    .await;
}

/// Two servers and a sentinel; the master dies, and the bot goes on with the other, without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn a_failover_is_followed_without_a_restart() {
    in_a_world(|world| async move {
        world
            .kubectl(&format!("apply -f {}", shared::repository("e2e/tests/product/storage/sentinel.yaml")))
            .await;
        for deployment in ["redis-a", "redis-b", "sentinel"] {
            world.kubectl(&format!("rollout status deployment/{deployment} --timeout=90s")).await;
        }
        let sentinel = json!({"redis": {
            "topology": "Sentinel", "master": "main", "addresses": ["sentinel:26379"],
        }});
        remembering_bot(&world, sentinel).await;
        world.answers("!democmd add colour blue", "colour saved").await;
        let before = world.pod_identity().await;
        let value = ["exec", "deploy/redis-b", "--", "redis-cli", "--scan", "--pattern", "*colour*"];
        shows(&world, "the replica has the value", &value, "colour").await;
        // A sentinel asks a master for its replicas every ten seconds; before that there is nobody to promote.
        let replicas =
            ["exec", "deploy/sentinel", "--", "redis-cli", "-p", "26379", "SENTINEL", "REPLICAS", "main"];
        shows(&world, "the sentinel knows the replica", &replicas, "master-link-status\nok").await;
        world.kubectl("scale deployment/redis-a --replicas=0").await;
        world.kubectl("delete pod -l app=redis-a --grace-period=0 --force").await;
        world.answers("!democmd get colour", "blue").await;
        world.answers("!democmd add colour red", "colour saved").await;
        world.ready().await;
        assert_eq!(world.pod_identity().await, before, "the bot's pod was restarted");
    })
    .await;
}
