//! Redis cannot be reached, dies, or refuses the password.

use serde_json::{Value, json};

use super::{not_ready, recovers};
use crate::support::{SOON, World, in_a_world};

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
        let asked = world.slack.user("alice").types("#ops", "!democmd get colour").await.unwrap();
        let (_, restarts) = world.pod_identity().await;
        assert_eq!(restarts, 0, "an outage of storage must restart nothing");
        recovers(&world, "Redis dies later", start_again(&world)).await;
        let answer =
            world.slack.wait_for_reply(&asked, SOON).await.expect("what was typed is answered in the end");
        assert!(answer.text.contains("colour"), "{}", answer.text);
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

/// A command of redis-cli in the pod of `deployment`.
async fn redis_cli(world: &World, deployment: &str, command: &str) -> String {
    let target = format!("deploy/{deployment}");
    let args = ["exec", &target, "--", "redis-cli"];
    let args: Vec<_> = args.into_iter().chain(command.split_whitespace()).collect();
    world.kubectl_args(&args).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_full() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        world.apply_shipped("-f", "manifests/samples/democmd.yaml").await;
        world.ready_bot(with_redis(json!({}))).await;
        world.answers("!democmd add colour blue", "colour saved").await;
        redis_cli(&world, "redis", "CONFIG SET maxmemory 1").await;
        not_ready(&world, "StorageUnreachable", &["redis:6379", "full"]).await;
        recovers(&world, "Redis full", async {
            redis_cli(&world, "redis", "CONFIG SET maxmemory 0").await;
        })
        .await;
        world.answers("!democmd get colour", "blue").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_has_become_a_replica() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        world.ready_bot(with_redis(json!({}))).await;
        redis_cli(&world, "redis", "REPLICAOF 203.0.113.1 6379").await;
        not_ready(&world, "StorageUnreachable", &["redis:6379", "readonly"]).await;
        recovers(&world, "Redis read-only", async {
            redis_cli(&world, "redis", "REPLICAOF NO ONE").await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_belong_to_another_bot() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        world.ready_bot(with_redis(json!({"keyPrefix": "shared"}))).await;
        let mut second =
            crate::support::objects::chat_bot(&world.api_url(), with_redis(json!({"keyPrefix": "shared"})));
        second["metadata"]["name"] = json!("second");
        world.apply(&second).await;
        let reason = "-o jsonpath={.status.conditions[?(@.type==\"StorageReady\")].reason}";
        crate::support::eventually("ChatBot second says StorageInUse", crate::support::SOON, || async {
            let said = world.kubectl(&format!("get chatbot second {reason}")).await;
            if said == "StorageInUse" { Ok(()) } else { Err(said) }
        })
        .await;
        // Both are the same Slack app, too.
        world.told("Ready", "False", "SlackAppShared").await;
        world.delete("chatbot second").await;
        world.ready().await;
        assert_eq!(world.ask("!echo the first one works on").await, "the first one works on");
    })
    .await;
}

/// The volume of the append-only file fills up: Redis then refuses every write.
#[tokio::test(flavor = "multi_thread")]
async fn redis_with_a_full_disk() {
    in_a_world(|world| async move {
        start_redis(&world).await;
        world.apply_shipped("-f", "manifests/samples/democmd.yaml").await;
        let small = json!({"spec": {"template": {"spec": {
            "volumes": [{"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}}],
        }}}});
        world.kubectl_args(&["patch", "deployment", "redis", "-p", &small.to_string()]).await;
        world.kubectl("rollout status deployment/redis --timeout=60s").await;
        world.ready_bot(with_redis(json!({}))).await;
        world.answers("!democmd add colour blue", "colour saved").await;
        let shell = |script: &'static str| {
            let world = &world;
            async move { world.kubectl_args(&["exec", "deploy/redis", "--", "sh", "-c", script]).await }
        };
        shell("cat /dev/zero > /data/fill || true").await;
        // More than fits into the rest of the file's last page.
        redis_cli(&world, "redis", &format!("SET filler {}", "x".repeat(8_192))).await;
        not_ready(&world, "StorageUnreachable", &["redis:6379", "full"]).await;
        recovers(&world, "Redis with a full disk", async {
            shell(": > /data/fill").await;
        })
        .await;
    })
    .await;
}
