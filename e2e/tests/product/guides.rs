//! What the guides in `docs/` tell people to type does what they say.

use serde_json::json;

use crate::support::{World, guide::follow, in_a_world};

const STORAGE: &str = "docs/storage.md";

/// A bot with the samples' Redis, as the guide expects it. Returns the name of its pod.
async fn sample_bot(world: &World) -> String {
    world.apply_shipped("-f", "manifests/samples/redis.yaml").await;
    world.apply_shipped("-f", "manifests/samples/democmd.yaml").await;
    world.kubectl("rollout status deployment/redis --timeout=60s").await;
    world.ready_bot(json!({"storage": {"redis": {"addresses": ["redis:6379"]}}})).await;
    world.answers("!democmd add colour blue", "colour saved").await;
    world.pods().await.remove(0).metadata.name.expect("a pod has a name")
}

/// The pod of before is gone, which answered with the storage of before, and the bot is ready.
async fn is_replaced(world: &World, pod: &str) {
    world.kubectl(&format!("wait --for=delete pod/{pod} --timeout=90s")).await;
    world.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bring_your_own_redis() {
    in_a_world(|world| async move {
        sample_bot(&world).await;
        let password =
            ["exec", "deploy/redis", "--", "redis-cli", "CONFIG", "SET", "requirepass", "change-me-please"];
        world.kubectl_args(&password).await;
        follow(&world, STORAGE, "bring-your-own-redis").await;
        world.ready().await;
        world.answers("!democmd get colour", "blue").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run_three() {
    in_a_world(|world| async move {
        sample_bot(&world).await;
        let printed = follow(&world, "docs/replicas.md", "run-three").await;
        assert_eq!(printed.matches("ops-bot-").count(), 3, "{printed}");
        world.answers("!democmd get colour", "blue").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_sentinel_and_cluster_are_valid_yaml() {
    in_a_world(|world| async move {
        follow(&world, STORAGE, "topologies").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn let_the_operator_run_a_redis() {
    in_a_world(|world| async move {
        let old = sample_bot(&world).await;
        follow(&world, STORAGE, "managed-redis").await;
        is_replaced(&world, &old).await;
        world.answers("!democmd add colour red", "colour saved").await;
        world.kubectl("delete pod ops-redis-0 --wait=true").await;
        world.answers("!democmd get colour", "red").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keep_data_in_a_file() {
    in_a_world(|world| async move {
        let old = sample_bot(&world).await;
        follow(&world, STORAGE, "embedded").await;
        is_replaced(&world, &old).await;
        world.answers("!democmd add colour green", "colour saved").await;
        world.kubectl("delete pod -l app.kubernetes.io/name=chatops-bot --wait=true").await;
        world.answers("!democmd get colour", "green").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn back_up_and_restore() {
    in_a_world(|world| async move {
        sample_bot(&world).await;
        follow(&world, STORAGE, "move").await;
        world.answers("!democmd get colour", "blue").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leave_errbot() {
    in_a_world(|world| async move {
        sample_bot(&world).await;
        let value = ["exec", "deploy/redis", "--", "redis-cli", "SET", "errbot:democmd:animal", "\"cat\""];
        world.kubectl_args(&value).await;
        follow(&world, STORAGE, "leave-errbot").await;
        world.answers("!democmd get animal", "cat").await;
    })
    .await;
}
