//! Servers that are too old, and servers that are none.

use chatops_crds::{bot_config::RedisConfig, bot_report::FaultCode, chat_bot::storage::Topology};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    kept::{config, keep},
    redis_server::{RedisServer, free_port},
};

/// What the server says, and what the bot hears instead; equally long.
type Replaced = (&'static str, &'static str);

/// A way to a server on which something that it says is replaced. Its address, and what keeps it.
async fn hearing(server: &RedisServer, replaced: Replaced) -> (String, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, target) = (listener.local_addr().unwrap().to_string(), server.address());
    let task = tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let (client_reads, client_writes) = client.into_split();
            let (reads, writes) = TcpStream::connect(&target).await.unwrap().into_split();
            tokio::spawn(pass(client_reads, writes, None));
            tokio::spawn(pass(reads, client_writes, Some(replaced)));
        }
    });
    (address, AbortOnDropHandle::new(task))
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, replaced: Option<Replaced>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let mut bytes = buffer[..read].to_vec();
        if let Some((said, heard)) = replaced {
            let at: Vec<_> = bytes
                .windows(said.len())
                .enumerate()
                .filter(|(_, w)| *w == said.as_bytes())
                .map(|(at, _)| at)
                .collect();
            for at in at {
                bytes[at..at + heard.len()].copy_from_slice(heard.as_bytes());
            }
        }
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_server_older_than_6_2_is_told_with_its_version() {
    let server = RedisServer::start("");
    let (address, _way) = hearing(&server, ("redis_version:7.", "redis_version:5.")).await;
    let mut kept = keep(RedisConfig::standalone(address, "prod/ops"));
    let version = kept.fault(FaultCode::StorageTooOld, "version").await;
    assert!(version.starts_with("5."), "{version}");
}

#[tokio::test]
async fn a_command_that_the_server_does_not_have_is_named() {
    let server = RedisServer::start("--rename-command ZRANDMEMBER GONE");
    let mut kept = keep(config(&server, "prod/ops"));
    assert_eq!(kept.fault(FaultCode::StorageTooOld, "command").await, "ZRANDMEMBER");
}

#[tokio::test]
async fn something_else_than_redis_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let _server = AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    }));
    let mut kept = keep(RedisConfig::standalone(address, "prod/ops"));
    kept.fault(FaultCode::StorageUnreachable, "cause").await;
}

#[tokio::test]
async fn a_topology_that_the_server_does_not_have_is_told() {
    let port = free_port();
    let sentinel = RedisServer::start_sentinel(port, &format!("port {port}"));
    let mut kept = keep(config(&sentinel, "prod/ops"));
    kept.fault_with("detail", "this is a sentinel, which needs topology: Sentinel").await;

    let plain = RedisServer::start("");
    let master = Some("ops".to_owned());
    let mut kept = keep(RedisConfig { topology: Topology::Sentinel, master, ..config(&plain, "prod/ops") });
    kept.fault_with("detail", "this is no sentinel").await;
    keep(RedisConfig { topology: Topology::Cluster, ..config(&plain, "prod/ops") }).once_ready().await;
}
