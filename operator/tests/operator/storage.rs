//! Storage in the cluster: what is created for it, what outlives the ChatBot, and that nobody else's is touched.

use chatops_crds::bot_report::{BotReport, Fault, FaultCode, StorageKind};
use http::Method;
use serde_json::{Value, json};

use crate::{
    api_server::{self, Call},
    world::{CHILD, CLUSTER, World, chat_bot, well},
};

const REDIS: &str = "ops-redis";

fn managed() -> Value {
    json!({"storage": {"managedRedis": {"size": "1Gi"}}})
}

fn embedded() -> Value {
    json!({"storage": {"embedded": {"size": "1Gi"}}})
}

fn with_policy(mut spec: Value, policy: &str) -> Value {
    for storage in spec["storage"].as_object_mut().unwrap().values_mut() {
        storage["deletionPolicy"] = json!(policy);
    }
    spec
}

fn on_redis() -> BotReport {
    let mut report = well();
    report.storage.kind = StorageKind::Redis;
    report
}

fn failing(code: FaultCode) -> BotReport {
    let mut report = on_redis();
    report.storage.ready = false;
    let fault = Fault::new(code).with("address", "ops-redis:6379").with("cause", "refused");
    report.storage.fault = Some(fault);
    report
}

fn ready() -> Value {
    json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]})
}

/// A bot with a managed Redis that answers.
async fn ready_world(spec: Value) -> World {
    let world = World::new();
    world.api.put("chatbots", chat_bot(&spec));
    world.redis_pod(ready()).await;
    world.pod_runs("ops-bot-1", on_redis()).await;
    world.told("Ready", "True/Connected").await;
    world.settled().await;
    world
}

/// What the garbage collector does when ChatBot `ops` is gone.
fn collect_garbage(world: &World) {
    let kinds = [
        "serviceaccounts",
        "configmaps",
        "networkpolicies",
        "poddisruptionbudgets",
        "services",
        "deployments",
        "statefulsets",
        "secrets",
        "persistentvolumeclaims",
    ];
    for kind in kinds {
        for name in [CHILD, REDIS] {
            let owned = |child: Value| child["metadata"]["ownerReferences"][0].is_object();
            if world.api.get(kind, name).is_some_and(owned) {
                world.api.delete(kind, name);
            }
        }
    }
    world.api.delete("pods", "ops-bot-1");
    world.api.delete("pods", "ops-redis-0");
}

fn of<'a>(writes: &'a [Call], resource: &str) -> Vec<&'a Call> {
    writes.iter().filter(|call| call.resource == resource).collect()
}

fn password(world: &World) -> String {
    let secret = world.api.get("secrets", REDIS).expect("the Secret");
    secret["stringData"]["password"].as_str().expect("a password").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_managed_redis_is_created_with_a_password_that_nobody_reads() {
    let world = World::new();
    world.api.put("chatbots", chat_bot(&managed()));
    let secret_first = world
        .eventually("the StatefulSet", |api| {
            api.get("statefulsets", REDIS).map(|_| api.get("secrets", REDIS).is_some())
        })
        .await;
    assert!(secret_first, "the server must not start without its password");
    world.all_children().await;
    let writes = world.settled().await;
    assert_eq!(of(&writes, "secrets").len(), 1, "{writes:#?}");
    assert_eq!(of(&writes, "secrets")[0].method, Method::POST);
    assert_eq!(password(&world).len(), 64, "32 random bytes");
    assert_eq!(world.api.touched_secrets(), []);
    for kind in ["statefulsets", "services", "networkpolicies", "persistentvolumeclaims"] {
        assert!(world.api.get(kind, REDIS).is_some(), "{kind}");
    }
    for kind in ["statefulsets", "persistentvolumeclaims"] {
        assert_eq!(of(&writes, kind).len(), 1, "{writes:#?}");
    }
    let config = world.api.get("configmaps", CHILD).unwrap()["data"]["bot.yaml"].to_string();
    assert!(config.contains(&format!("{CLUSTER}/prod/ops")), "the owner of the keys: {config}");
    let bot = world.api.get("chatbots", "ops").unwrap().to_string();
    assert!(!bot.contains(&password(&world)) && !config.contains(&password(&world)));
}

#[tokio::test(start_paused = true)]
async fn every_managed_redis_has_a_password_of_its_own() {
    let mut passwords = Vec::new();
    for _ in 0..2 {
        let world = World::new();
        world.api.put("chatbots", chat_bot(&managed()));
        world.eventually("the Secret", |api| api.get("secrets", REDIS)).await;
        passwords.push(password(&world));
    }
    assert_ne!(passwords[0], passwords[1]);
}

#[tokio::test(start_paused = true)]
async fn a_second_reconcile_writes_nothing_with_storage_in_the_cluster() {
    for spec in [managed(), embedded()] {
        let mut world = if spec == managed() {
            ready_world(spec).await
        } else {
            let world = World::new();
            world.api.put("chatbots", chat_bot(&spec));
            world.pod_runs("ops-bot-1", well()).await;
            world.told("Ready", "True/Connected").await;
            world.settled().await;
            world
        };
        let before = world.reconciles();
        world.api.edit("chatbots", "ops", |bot| bot["metadata"]["labels"] = json!({"touched": "yes"}));
        world.eventually("a reconcile", |_| (world.reconciles() > before).then_some(())).await;
        assert_eq!(world.settled().await, []);
        world.kill();
        world.start();
        world.eventually("a reconcile", |_| (world.reconciles() > 0).then_some(())).await;
        assert_eq!(world.settled().await, [], "after a restart of the operator");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_the_name_that_is_there_is_kept() {
    let world = World::new();
    let mine = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": REDIS, "namespace": "prod"},
        "stringData": {"password": "mine"},
    });
    world.api.put("secrets", mine);
    world.api.put("chatbots", chat_bot(&managed()));
    world.eventually("the StatefulSet", |api| api.get("statefulsets", REDIS)).await;
    world.settled().await;
    assert_eq!(password(&world), "mine");
    assert!(world.api.get("secrets", REDIS).unwrap()["metadata"]["labels"].is_null());
    assert_eq!(world.api.touched_secrets(), []);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_somebody_deleted_is_created_again() {
    let world = ready_world(managed()).await;
    world.api.delete("secrets", REDIS);
    world.says("ops-bot-1", failing(FaultCode::StorageSecretNotFound));
    world.eventually("the Secret", |api| api.get("secrets", REDIS)).await;
    world.says("ops-bot-1", on_redis());
    world.told("Ready", "True/Connected").await;
    assert_eq!(world.api.touched_secrets(), []);
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_someone_else_is_named_and_left_alone() {
    let rows = [
        ("statefulsets", "apps/v1", "StatefulSet", REDIS, managed()),
        ("services", "v1", "Service", REDIS, managed()),
        ("networkpolicies", "networking.k8s.io/v1", "NetworkPolicy", REDIS, managed()),
        ("persistentvolumeclaims", "v1", "PersistentVolumeClaim", REDIS, managed()),
        ("persistentvolumeclaims", "v1", "PersistentVolumeClaim", CHILD, embedded()),
    ];
    for (resource, version, kind, name, spec) in rows {
        let world = World::new();
        let foreign = json!({
            "apiVersion": version, "kind": kind,
            "metadata": {"name": name, "namespace": "prod", "labels": {"app": "mine"}}, "spec": {"mine": "yes"},
        });
        world.api.put(resource, foreign);
        let before = world.api.get(resource, name);
        world.api.put("chatbots", chat_bot(&spec));
        let message = world.told("Accepted", "False/NotOwned").await;
        assert!(message.contains(&format!("{kind} \"{name}\"")), "{message}");
        world.settled().await;
        assert_eq!(world.api.get(resource, name), before, "{kind}");
        assert!(world.api.get("deployments", CHILD).is_none(), "a pod would use what is not ours");
        assert!(world.api.get("secrets", REDIS).is_none(), "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_of_another_bot_is_not_taken_up() {
    let world = World::new();
    let others = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": CHILD, "namespace": "prod", "labels": {
            "app.kubernetes.io/name": "chatops-bot", "app.kubernetes.io/instance": "other",
            "app.kubernetes.io/managed-by": "chatops-operator",
        }},
        "spec": {"resources": {"requests": {"storage": "1Gi"}}},
    });
    world.api.put("persistentvolumeclaims", others);
    world.api.put("chatbots", chat_bot(&embedded()));
    world.told("Accepted", "False/NotOwned").await;
}

#[tokio::test(start_paused = true)]
async fn by_policy_data_outlive_the_bot_and_a_bot_of_the_same_name_takes_them_up() {
    let world = ready_world(managed()).await;
    let (volume, secret) = (world.api.get("persistentvolumeclaims", REDIS).unwrap(), password(&world));
    world.api.delete("chatbots", "ops");
    world.settled().await;
    collect_garbage(&world);
    assert!(world.api.get("statefulsets", REDIS).is_none());

    world.api.put("chatbots", chat_bot(&managed()));
    world.redis_pod(ready()).await;
    world.pod_runs("ops-bot-1", on_redis()).await;
    world.told("Ready", "True/Connected").await;
    let again = world.api.get("persistentvolumeclaims", REDIS).unwrap();
    assert_eq!(again["metadata"]["uid"], volume["metadata"]["uid"], "the same volume");
    assert_eq!(password(&world), secret, "the same password");
    world.settled().await;
    assert_eq!(world.settled().await, []);
}

#[tokio::test(start_paused = true)]
async fn by_policy_data_go_with_the_bot() {
    for (spec, name) in [(managed(), REDIS), (embedded(), CHILD)] {
        let world = World::new();
        world.api.put("chatbots", chat_bot(&with_policy(spec, "Delete")));
        world.all_children().await;
        world.settled().await;
        assert!(world.api.get("persistentvolumeclaims", name).is_some());
        world.api.delete("chatbots", "ops");
        world.settled().await;
        collect_garbage(&world);
        assert_eq!(world.api.get("persistentvolumeclaims", name), None);
        assert_eq!(world.api.get("secrets", REDIS), None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_can_be_changed_later() {
    let world = World::new();
    world.api.put("chatbots", chat_bot(&with_policy(embedded(), "Delete")));
    let owner = |api: &api_server::ApiServer| {
        Some(api.get("persistentvolumeclaims", CHILD)?["metadata"]["ownerReferences"][0].is_object())
    };
    world.eventually("an owner", |api| owner(api).filter(|owned| *owned)).await;
    world.edit_spec(|spec| spec["storage"]["embedded"]["deletionPolicy"] = json!("Retain"));
    world.eventually("no owner", |api| owner(api).filter(|owned| !owned)).await;
    world.edit_spec(|spec| spec["storage"]["embedded"]["deletionPolicy"] = json!("Delete"));
    world.eventually("an owner again", |api| owner(api).filter(|owned| *owned)).await;
}

#[tokio::test(start_paused = true)]
async fn a_volume_grows_and_that_one_should_shrink_is_told_and_not_tried() {
    let world = ready_world(managed()).await;
    let size = |api: &api_server::ApiServer| {
        let claim = api.get("persistentvolumeclaims", REDIS)?;
        claim["spec"]["resources"]["requests"]["storage"].as_str().map(str::to_owned)
    };
    world.edit_spec(|spec| spec["storage"]["managedRedis"]["size"] = json!("2Gi"));
    world.eventually("a larger volume", |api| size(api).filter(|size| size == "2Gi")).await;
    world.told("Accepted", "True/Accepted").await;
    world.settled().await;

    world.edit_spec(|spec| spec["storage"]["managedRedis"]["size"] = json!("1Gi"));
    let message = world.told("Accepted", "False/InvalidSpec").await;
    for words in
        ["spec.storage.managedRedis.size is 1Gi", "PersistentVolumeClaim \"ops-redis\"", "set it to 2Gi"]
    {
        assert!(message.contains(words), "{words} is not in {message}");
    }
    world.told("Ready", "True/Connected").await;
    let writes = world.settled().await;
    assert!(of(&writes, "persistentvolumeclaims").len() <= 1, "it notes what was wanted: {writes:#?}");
    assert_eq!(world.settled().await, []);
    assert_eq!(size(&world.api).as_deref(), Some("2Gi"));

    world.edit_spec(|spec| {
        spec["storage"]["managedRedis"]["size"] = json!("2Gi");
        spec["storage"]["managedRedis"]["storageClassName"] = json!("other");
    });
    let message = world.told("Accepted", "False/InvalidSpec").await;
    assert!(message.contains("spec.storage.managedRedis.storageClassName"), "{message}");

    // A class that the spec names no more stays in the volume, which could not be without.
    world.edit_spec(|spec| {
        drop(spec["storage"]["managedRedis"].as_object_mut().unwrap().remove("storageClassName"))
    });
    world.told("Accepted", "True/Accepted").await;
    world.settled().await;
    assert_eq!(
        world.api.get("persistentvolumeclaims", REDIS).unwrap()["spec"]["storageClassName"],
        "standard"
    );
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_may_not_grow_stops_nothing_else() {
    let world = ready_world(managed()).await;
    world.api.on_request(|call| {
        let grows = call.resource == "persistentvolumeclaims" && call.is_write();
        grows.then_some(api_server::Fault::Refused(403, "Forbidden"))
    });
    world.edit_spec(|spec| {
        spec["storage"]["managedRedis"]["size"] = json!("9Gi");
        spec["image"] = json!("bot:2");
    });
    let message = world.told("Accepted", "False/InvalidSpec").await;
    assert!(message.contains("spec.storage.managedRedis.size"), "{message}");
    world
        .eventually("the new image", |api| {
            let deployment = api.get("deployments", CHILD)?;
            (deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "bot:2").then_some(())
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn another_storage_stops_the_server_once_the_bot_has_moved_and_keeps_its_data() {
    let world = ready_world(managed()).await;
    let replicas = |api: &api_server::ApiServer| api.get("statefulsets", REDIS)?["spec"]["replicas"].as_i64();
    world.edit_spec(|spec| spec["storage"] = json!({"memory": {}}));
    world.settled().await;
    assert_eq!(replicas(&world.api), Some(1), "the pod before still works with it");
    world.api.delete("pods", "ops-bot-1");
    world.pod_runs("ops-bot-2", well()).await;
    world.eventually("a stopped server", |api| replicas(api).filter(|replicas| *replicas == 0)).await;
    world.settled().await;
    assert_eq!(world.settled().await, []);
    assert!(
        world.api.get("persistentvolumeclaims", REDIS).is_some() && world.api.get("secrets", REDIS).is_some()
    );

    world.edit_spec(|spec| spec["storage"] = managed()["storage"].clone());
    world.eventually("a server again", |api| replicas(api).filter(|replicas| *replicas == 1)).await;
    assert_eq!(world.api.touched_secrets(), []);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_up_is_told_with_its_cause() {
    let world = ready_world(managed()).await;
    world.says("ops-bot-1", failing(FaultCode::StorageUnreachable));
    world
        .redis_pod(json!({
            "phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}],
            "containerStatuses": [{
                "name": "redis", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                "state": {"waiting": {"reason": "ImagePullBackOff", "message": "in its words"}},
            }],
        }))
        .await;
    for condition in ["Ready", "StorageReady"] {
        let message = world.told(condition, "False/ManagedRedisUnavailable").await;
        for words in ["\"ops-redis-0\"", "redis:test", "spec.storage.managedRedis.image"] {
            assert!(message.contains(words), "{words} is not in {message}");
        }
    }
    world.redis_pod(ready()).await;
    world.says("ops-bot-1", on_redis());
    world.told("StorageReady", "True/StorageConnected").await;
    world.told("Ready", "True/Connected").await;
}

#[tokio::test(start_paused = true)]
async fn the_pod_of_a_server_is_no_pod_of_the_bot() {
    let world = ready_world(managed()).await;
    let status = world.api.get("chatbots", "ops").unwrap()["status"].clone();
    assert_eq!((&status["replicas"], &status["summary"]["pods"]), (&json!(1), &json!("1/1")));
    assert_eq!(status["storage"], "ManagedRedis");
}
