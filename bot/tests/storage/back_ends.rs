//! The contract over every storage that needs no events in between; those of sentinels and clusters are with theirs.

use std::sync::Arc;

use chatops_bot::storage::{Limits, Memory};
use chatops_crds::bot_config::RedisConfig;

use crate::{
    certificates::Certificates,
    contract::{SMALL, Storages, keeps_the_contract},
    kept::{Kept, config, file, keep, keep_file, keep_with},
    redis_server::RedisServer,
};

/// The contract over one server, of which the bots know so much. Returns what keeps the bot's storage.
pub async fn redis_keeps_the_contract(bot: RedisConfig) -> Kept {
    let other = RedisConfig { key_prefix: "prod/ops2".into(), ..bot.clone() };
    let small = RedisConfig { key_prefix: "prod/small".into(), ..bot.clone() };
    let (bot, other, small) = (
        keep(bot).once_ready().await,
        keep(other).once_ready().await,
        keep_with(small, SMALL).once_ready().await,
    );
    keeps_the_contract(Storages {
        bot: bot.storage.clone(),
        other: other.storage.clone(),
        small: small.storage.clone(),
    })
    .await;
    bot
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    keeps_the_contract(Storages {
        bot: Arc::new(Memory::new()),
        other: Arc::new(Memory::new()),
        small: Arc::new(Memory::with_limits(SMALL)),
    })
    .await;
}

#[tokio::test]
async fn a_file_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let bot = keep_file(&path("bot.redb"), Limits::default()).once_ready().await;
    let other = keep_file(&path("other.redb"), Limits::default()).once_ready().await;
    let small = keep_file(&path("small.redb"), SMALL).once_ready().await;
    keeps_the_contract(Storages {
        bot: bot.storage.clone(),
        other: other.storage.clone(),
        small: small.storage.clone(),
    })
    .await;
}

#[tokio::test]
async fn redis_keeps_the_contract_among_owners() {
    let server = RedisServer::start("");
    let owner = Some("cluster/prod/ops".to_owned());
    redis_keeps_the_contract(RedisConfig { owner, ..config(&server, "prod/ops") }).await;
}

#[tokio::test]
async fn redis_with_a_password_and_another_database_keeps_the_contract() {
    let server = RedisServer::start("--requirepass correct-horse");
    let password = Some(file(server.folder.path(), "password", "correct-horse\n"));
    let one = RedisConfig { password, database: 3, ..config(&server, "prod/ops") };
    let kept = redis_keeps_the_contract(one.clone()).await;
    let other = keep(RedisConfig { database: 4, ..one }).once_ready().await;
    assert!(!kept.storage.plugins().await.unwrap().is_empty());
    assert_eq!(other.storage.plugins().await, Ok(vec![]), "databases are apart");
}

#[tokio::test]
async fn redis_over_tls_with_a_client_certificate_and_a_user_of_few_rights_keeps_the_contract() {
    let certificates = Certificates::make();
    // The least that docs/storage.md asks for.
    let user = "--user ops on >battery ~chatops:* +@read +@write +@connection +eval +time +info";
    let server =
        RedisServer::start_with_tls(&format!("{} {user} --user default off", certificates.arguments("yes")));
    let folder = server.folder.path();
    redis_keeps_the_contract(RedisConfig {
        username: Some(file(folder, "username", "ops")),
        password: Some(file(folder, "password", "battery")),
        tls: Some(certificates.shown()),
        ..config(&server, "prod/ops")
    })
    .await;
}
