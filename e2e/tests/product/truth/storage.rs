//! Redis cannot be reached, dies, or refuses the password.

use serde_json::{Value, json};

use super::{not_ready, recovers};
use crate::support::{World, in_a_world};

const PASSWORD: &str = "correct-horse-battery-staple";

fn with_redis(extra: Value) -> Value {
    let mut redis = json!({"addresses": ["redis"]});
    crate::support::objects::merge(&mut redis, extra);
    json!({"storage": {"redis": redis}})
}

async fn start_redis(world: &World) {
    world.apply_shipped("-f", "manifests/samples/redis.yaml").await;
    start_again(world).await;
}

async fn start_again(world: &World) {
    world.kubectl("scale deployment/redis --replicas=1").await;
    world.kubectl("rollout status deployment/redis --timeout=60s").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_unreachable_at_start() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        world.kubectl("scale deployment/redis --replicas=0").await;
        world.kubectl("wait --for=delete pod -l app=redis --timeout=60s").await;
        world.apply_bot(with_redis(json!({}))).await;
        not_ready(&world, "StorageUnreachable", &["redis:6379", "spec.storage.redis.addresses"]).await;
        recovers(&world, "Redis unreachable at start", start_again(&world)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_dies_later() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        world.apply_shipped("-f", "manifests/samples/democmd.yaml").await;
        world.ready_bot(with_redis(json!({}))).await;
        world.answers("!echo on", "on").await;
        world.kubectl("scale deployment/redis --replicas=0").await;
        not_ready(&world, "StorageUnreachable", &["redis:6379", "spec.storage.redis"]).await;
        let said = world.ask("!democmd get colour").await;
        assert!(said.to_lowercase().contains("storage"), "an honest answer is expected: {said}");
        let (_, restarts) = world.pod_identity().await;
        assert_eq!(restarts, 0, "an outage of storage must restart nothing");
        recovers(&world, "Redis dies later", start_again(&world)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_wrong_password() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        let args = json!([{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--requirepass"},
                          {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": PASSWORD}]);
        world.kubectl_args(&["patch", "deployment", "redis", "--type=json", "-p", &args.to_string()]).await;
        world.kubectl("rollout status deployment/redis --timeout=60s").await;
        world.apply_bot(with_redis(json!({"credentialsSecretRef": {"name": "redis-auth"}}))).await;
        not_ready(&world, "StorageSecretNotFound", &["Secret \"redis-auth\"", "\"password\""]).await;
        world.apply_secret("redis-auth", &[("password", "wrong-donkey-cell-paper-clip")]).await;
        not_ready(&world, "StorageAuthFailed", &["Secret \"redis-auth\"", "\"password\""]).await;
        let right = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "redis-auth"},
                           "stringData": {"password": PASSWORD}});
        recovers(&world, "Redis wrong password", world.apply(&right)).await;
    })
    .await;
}
