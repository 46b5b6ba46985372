//! `chatops-bot storage copy` from a file to each kind of Redis.

use std::{fs, process::Command};

use chatops_bot::storage::{Limits, list_all};
use chatops_crds::{
    ChatBot,
    bot_config::{self, Placement, RedisConfig, StorageConfig},
    resolve::resolve,
};
use serde_json::json;

use crate::{
    certificates::Certificates,
    cluster::Cluster,
    kept::{config, keep, keep_file},
    redis_server::RedisServer,
    sentinel,
};

const VALUES: usize = 50;

/// Copies a file's values there, twice, and reads them.
async fn is_copied_to(redis: RedisConfig) {
    let folder = tempfile::tempdir().unwrap();
    let file = keep_file(&folder.path().join(bot_config::STORE_FILE), Limits::default()).once_ready().await;
    for n in 0..VALUES {
        file.storage.set("demo", &format!("é{n:03}"), json!({"n": n}), None).await.unwrap();
    }
    let before = list_all(&*file.storage, "demo", "").await.unwrap();
    drop(file);
    // The target can be used, so that the command need not wait for it.
    let kept = keep(redis.clone()).once_ready().await;
    let bot: ChatBot = serde_json::from_value(json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": "ops"},
        "spec": {"slack": {"tokensSecretRef": {"name": "none"}}},
    }))
    .unwrap();
    let placement = Placement::Local { as_production: false };
    let mut config = bot_config::render("prod", "ops", &bot.spec, &resolve(&bot, []), &placement);
    config.storage = StorageConfig::Redis(Box::new(redis));
    let target = folder.path().join(bot_config::FILE_NAME);
    fs::write(&target, config.to_yaml().unwrap()).unwrap();
    for outcome in ["50 values were written, 0 there already.", "0 values were written, 50 there already."] {
        let output = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
            .args(["storage", "copy", "--data"])
            .arg(folder.path())
            .arg("--to-config")
            .arg(&target)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success() && said.contains(outcome), "{said}");
    }
    assert_eq!(list_all(&*kept.storage, "demo", "").await.unwrap(), before);
}

#[tokio::test]
async fn values_are_copied_to_a_redis_over_tls() {
    let certificates = Certificates::make();
    let server = RedisServer::start_with_tls(&certificates.arguments("yes"));
    is_copied_to(RedisConfig { tls: Some(certificates.shown()), ..config(&server, "prod/ops") }).await;
}

#[tokio::test]
async fn values_are_copied_to_a_redis_behind_sentinels() {
    let world = sentinel::World::start();
    is_copied_to(world.config()).await;
}

#[tokio::test]
async fn values_are_copied_to_a_redis_cluster() {
    let cluster = Cluster::start().await;
    is_copied_to(cluster.config()).await;
}
