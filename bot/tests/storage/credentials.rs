//! Credentials and certificates: missing, wrong, needless, without rights, and changed while the bot runs.

use std::{fs, time::Duration};

use chatops_bot::storage::StorageError;
use chatops_crds::{
    bot_config::{RedisConfig, SecretSource, TlsConfig},
    bot_report::FaultCode,
};
use redis::aio::MultiplexedConnection;
use tokio_util::sync::CancellationToken;

use crate::{
    certificates::Certificates,
    kept::{command, config, count, eventually, file, keep},
    redis_server::RedisServer,
};

fn of_user(server: &RedisServer, password: &str) -> RedisConfig {
    RedisConfig {
        username: Some(file(server.folder.path(), "username", "ops")),
        password: Some(file(server.folder.path(), "password", password)),
        ..config(server, "prod/ops")
    }
}

/// A connection of the default user, whose password is `admin`.
async fn admin(server: &RedisServer) -> MultiplexedConnection {
    let client = redis::Client::open(format!("redis://:admin@{}", server.address())).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// The bot's connections.
async fn ids(admin: &mut MultiplexedConnection) -> Vec<String> {
    let list: String = command(admin, "CLIENT LIST").await;
    let of_bot = list.lines().filter(|line| line.contains(" user=ops "));
    of_bot.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn missing_and_wrong_credentials_are_told_and_taken_up_when_they_are_mended() {
    let server = RedisServer::start("--requirepass correct-horse");
    let path = server.folder.path().join("password");
    let source = SecretSource::File(path.to_str().unwrap().into());
    let mut kept = keep(RedisConfig { password: Some(source), ..config(&server, "prod/ops") });
    assert_eq!(kept.fault(FaultCode::StorageSecretNotFound, "key").await, "password");
    fs::write(&path, "wrong").unwrap();
    assert_eq!(kept.fault(FaultCode::StorageAuthFailed, "error").await, "WRONGPASS");
    fs::write(&path, "correct-horse").unwrap();
    kept.recovers().await;
}

#[tokio::test]
async fn credentials_that_should_be_there_or_should_not_are_told() {
    let server = RedisServer::start("--requirepass correct-horse");
    let mut without = keep(config(&server, "prod/ops"));
    assert_eq!(without.fault(FaultCode::StorageAuthFailed, "error").await, "NOAUTH");

    let open = RedisServer::start("");
    let password = Some(file(open.folder.path(), "password", "needless"));
    let mut with = keep(RedisConfig { password, ..config(&open, "prod/ops") });
    assert_eq!(with.fault(FaultCode::StorageAuthFailed, "error").await, "ERR");
}

#[tokio::test]
async fn a_password_is_not_told_where_a_server_quotes_what_it_does_not_understand() {
    let server = RedisServer::start("--rename-command AUTH GONE");
    let password = Some(file(server.folder.path(), "password", "correct-horse"));
    let mut kept = keep(RedisConfig { password, ..config(&server, "prod/ops") });
    let told = kept.fault(FaultCode::StorageUnreachable, "detail").await;
    assert_eq!(told, "ERR unknown command AUTH");
}

#[tokio::test]
async fn what_a_user_may_not_do_is_named_and_works_once_it_is_allowed() {
    let server = RedisServer::start("--user ops on >battery ~* +@all -zrem --requirepass admin");
    let mut kept = keep(of_user(&server, "battery"));
    assert_eq!(kept.fault(FaultCode::StorageNotPermitted, "command").await, "ZREM");
    kept.fault_with("user", "ops").await;
    let mut admin = admin(&server).await;
    let () = command(&mut admin, "ACL SETUSER ops +@all -eval").await;
    kept.fault_with("command", "EVAL").await;
    let () = command(&mut admin, "ACL SETUSER ops +@all resetkeys ~other:*").await;
    kept.fault_with("command", "GET on keys chatops:{prod/ops}:*").await;
    let () = command(&mut admin, "ACL SETUSER ops ~chatops:*").await;
    kept.recovers().await;
}

#[tokio::test]
async fn a_user_who_may_not_ask_for_the_version_can_use_storage_all_the_same() {
    let user = "--user ops on >battery ~chatops:* +@read +@write +@connection +eval +time";
    let server = RedisServer::start(&format!("{user} --requirepass admin"));
    keep(of_user(&server, "battery")).once_ready().await;
}

#[tokio::test]
async fn a_rotated_password_is_taken_up_before_the_old_connection_ends() {
    let server = RedisServer::start("--user ops on >old >new ~* +@all --requirepass admin");
    let mut kept = keep(of_user(&server, "old")).once_ready().await;
    let mut admin = admin(&server).await;
    let before = ids(&mut admin).await;
    fs::write(server.folder.path().join("password"), "new").unwrap();
    eventually("the new password is used", async || ids(&mut admin).await != before).await;
    kept.recovers().await;
}

#[tokio::test]
async fn commands_that_are_under_way_while_a_password_is_rotated_get_their_answers() {
    let server = RedisServer::start("--user ops on >old >new ~* +@all --requirepass admin");
    let kept = keep(of_user(&server, "old")).once_ready().await;
    let mut admin = admin(&server).await;
    let end = CancellationToken::new();
    let writers: Vec<_> = (0..8).map(|n| tokio::spawn(count(kept.storage.clone(), n, end.clone()))).collect();
    for password in ["new", "old", "new"] {
        let before = ids(&mut admin).await;
        fs::write(server.folder.path().join("password"), password).unwrap();
        let replaced = async || ids(&mut admin).await.iter().all(|id| !before.contains(id));
        eventually("the old connection is gone", replaced).await;
    }
    end.cancel();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn a_password_that_the_server_changed_first_is_told_and_recovered_from() {
    let server = RedisServer::start("--user ops on >old ~* +@all --requirepass admin");
    let mut kept = keep(of_user(&server, "old")).once_ready().await;
    let mut admin = admin(&server).await;
    let () = command(&mut admin, "ACL SETUSER ops resetpass >new").await;
    let () = command(&mut admin, "CLIENT KILL USER ops").await;
    assert_eq!(kept.fault(FaultCode::StorageAuthFailed, "error").await, "WRONGPASS");
    assert_eq!(kept.storage.get("p", "k").await, Err(StorageError::Unreachable));
    fs::write(server.folder.path().join("password"), "new").unwrap();
    kept.recovers().await;
}

#[tokio::test]
async fn certificates_that_are_missing_or_not_trusted_are_told_and_taken_up_when_they_are_mended() {
    let (ours, strangers) = (Certificates::make(), Certificates::make());
    let server = RedisServer::start_with_tls(&ours.arguments("yes"));
    let with = |tls: TlsConfig| keep(RedisConfig { tls: Some(tls), ..config(&server, "prod/ops") });

    let mut untrusted =
        with(TlsConfig { client_certificate: ours.shown().client_certificate, ..strangers.trusted() });
    assert_eq!(untrusted.fault(FaultCode::StorageUnreachable, "cause").await, "tls");
    let mut unshown = with(ours.trusted());
    assert_eq!(unshown.fault(FaultCode::StorageUnreachable, "cause").await, "tls");
    let mut unknown = with(TlsConfig { ca_file: ours.trusted().ca_file, ..strangers.shown() });
    assert_eq!(unknown.fault(FaultCode::StorageUnreachable, "cause").await, "tls");

    for name in ["tls.crt", "tls.key"] {
        fs::copy(ours.path(name), strangers.path(name)).unwrap();
    }
    unknown.recovers().await;
    fs::copy(ours.path("ca.crt"), strangers.path("ca.crt")).unwrap();
    untrusted.recovers().await;
}

#[tokio::test]
async fn certificate_files_that_are_not_there_are_named() {
    let certificates = Certificates::make();
    let with = |tls: TlsConfig| {
        keep(RedisConfig { tls: Some(tls), ..RedisConfig::standalone("127.0.0.1:1", "prod/ops") })
    };
    let mut kept = with(certificates.shown());
    fs::remove_file(certificates.path("tls.key")).unwrap();
    let told = kept.fault(FaultCode::StorageCertificateNotFound, "file").await;
    assert_eq!(told, certificates.path("tls.key").to_str().unwrap());
    let ca_file = Some("/nonexistent/ca.crt".to_owned());
    let mut kept = with(TlsConfig { ca_file, client_certificate: None });
    assert_eq!(kept.fault(FaultCode::TrustedCaNotFound, "file").await, "/nonexistent/ca.crt");
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_with() {
    let (certificates, plain) = (Certificates::make(), RedisServer::start(""));
    let mut kept = keep(RedisConfig { tls: Some(certificates.trusted()), ..config(&plain, "prod/ops") });
    assert_eq!(kept.fault(FaultCode::StorageUnreachable, "cause").await, "tls");
    let encrypted = RedisServer::start_with_tls(&certificates.arguments("no"));
    let mut kept = keep(config(&encrypted, "prod/ops"));
    kept.fault(FaultCode::StorageUnreachable, "cause").await;
    tokio::time::timeout(Duration::from_secs(1), kept.storage.get("p", "k")).await.unwrap().unwrap_err();
}
