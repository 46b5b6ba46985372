//! Storage in a Redis server. Keys are `chatops:{<keyPrefix>}:<plugin>:<key>` with plain JSON values; the braces keep
//! one bot in one slot of a Redis Cluster. `chatops:{<keyPrefix>}:<plugin>` is an index of the plugin's keys, a sorted
//! set that changes together with the values, so that listing never walks the server.

mod connect;
mod fault;
mod keeper;

use std::{sync::Arc, time::Duration};

use ::redis::{Cmd, FromRedisValue, Pipeline, RedisError, aio::MultiplexedConnection, cmd, pipe};
use chatops_crds::{bot_config::RedisConfig, bot_report::StorageReport};
use serde_json::Value;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{Entry, MAX_LISTED, Outcome, Storage, StorageError};

/// How long looking up the server's name may take, and then connecting to it.
const CONNECT_DEADLINE: Duration = Duration::from_secs(2);

/// How long the server may take to answer a command.
const COMMAND_DEADLINE: Duration = Duration::from_secs(2);

/// Values that are read at once while listing.
const PAGE: usize = 500;

/// A bot's values in Redis. Clones share one connection, which [`Redis::run`] keeps open.
#[derive(Clone, Debug)]
pub struct Redis {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: RedisConfig,
    link: watch::Sender<Link>,
    /// A command failed in a way that the connection should be looked at.
    doubt: Notify,
}

/// The connection as commands see it.
#[derive(Clone, Debug)]
enum Link {
    /// It is being opened for the first time, or again since a moment.
    Opening,
    Open(MultiplexedConnection),
    /// The last attempt to open it failed.
    Down,
}

impl Redis {
    /// Storage in the server that `config` names; nothing is connected before [`Redis::run`].
    pub fn new(config: RedisConfig) -> Redis {
        let link = watch::Sender::new(Link::Opening);
        Redis { shared: Arc::new(Shared { config, link, doubt: Notify::new() }) }
    }

    /// Keeps a connection open, and tells `report` how it fares whenever that changes. Never returns: faults are
    /// outlasted.
    pub async fn run(&self, report: impl Fn(StorageReport)) {
        keeper::keep(&self.shared, report).await;
    }

    /// Runs `commands` as one transaction, whose answers are `T`.
    async fn transaction<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, StorageError> {
        let mut connection = self.connection().await?;
        commands.query_async(&mut connection).await.map_err(|error| self.failed(&error))
    }

    async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StorageError> {
        let mut connection = self.connection().await?;
        command.query_async(&mut connection).await.map_err(|error| self.failed(&error))
    }

    async fn connection(&self) -> Result<MultiplexedConnection, StorageError> {
        let mut link = self.shared.link.subscribe();
        let settled = timeout(CONNECT_DEADLINE, link.wait_for(|link| !matches!(link, Link::Opening)));
        match settled.await {
            Ok(Ok(link)) => match &*link {
                Link::Open(connection) => Ok(connection.clone()),
                Link::Opening | Link::Down => Err(StorageError::Unreachable),
            },
            Ok(Err(_)) | Err(_) => Err(StorageError::Unreachable),
        }
    }

    fn failed(&self, error: &RedisError) -> StorageError {
        self.shared.doubt.notify_one();
        match fault::server_code(error) {
            Some(code) => StorageError::Refused(code),
            None => StorageError::NoAnswer(error.to_string()),
        }
    }

    /// Key of the plugin's index.
    fn index(&self, plugin: &str) -> String {
        format!("chatops:{{{}}}:{plugin}", self.shared.config.key_prefix)
    }

    /// Key of a value.
    fn key(&self, plugin: &str, key: &str) -> String {
        format!("{}:{key}", self.index(plugin))
    }
}

impl Storage for Redis {
    fn get<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            let stored: Option<Vec<u8>> = self.query(cmd("GET").arg(self.key(plugin, key))).await?;
            Ok(stored.map(decode))
        })
    }

    fn set<'a>(&'a self, plugin: &'a str, key: &'a str, value: Value) -> Outcome<'a, Option<Value>> {
        Box::pin(async move {
            let mut commands = pipe();
            commands.atomic();
            commands.cmd("SET").arg(self.key(plugin, key)).arg(value.to_string()).arg("GET");
            commands.cmd("ZADD").arg(self.index(plugin)).arg(0).arg(key).ignore();
            let (before,): (Option<Vec<u8>>,) = self.transaction(&commands).await?;
            Ok(before.map(decode))
        })
    }

    fn delete<'a>(&'a self, plugin: &'a str, key: &'a str) -> Outcome<'a, bool> {
        Box::pin(async move {
            let mut commands = pipe();
            commands.atomic().del(self.key(plugin, key)).zrem(self.index(plugin), key).ignore();
            let (deleted,): (u64,) = self.transaction(&commands).await?;
            Ok(deleted > 0)
        })
    }

    fn list<'a>(&'a self, plugin: &'a str, prefix: &'a str) -> Outcome<'a, Vec<Entry>> {
        Box::pin(async move {
            let mut range = cmd("ZRANGEBYLEX");
            range.arg(self.index(plugin)).arg(format!("[{prefix}")).arg(behind(prefix));
            let keys: Vec<String> = self.query(range.arg("LIMIT").arg(0).arg(MAX_LISTED + 1)).await?;
            if keys.len() > MAX_LISTED {
                return Err(StorageError::TooMany);
            }
            let mut entries = Vec::with_capacity(keys.len());
            for page in keys.chunks(PAGE) {
                let names: Vec<String> = page.iter().map(|key| self.key(plugin, key)).collect();
                let values: Vec<Option<Vec<u8>>> = self.query(cmd("MGET").arg(names)).await?;
                // A value that was deleted since its key was read is none.
                let found = page.iter().zip(values).filter_map(|(key, value)| Some((key, value?)));
                entries.extend(found.map(|(key, value)| Entry { key: key.clone(), value: decode(value) }));
            }
            Ok(entries)
        })
    }
}

/// The end of the range of keys that start with `prefix`: no UTF-8 contains the byte 0xFF.
fn behind(prefix: &str) -> Vec<u8> {
    [b"(", prefix.as_bytes(), b"\xff"].concat()
}

/// What somebody wrote by hand need not be JSON: it is text then.
fn decode(stored: Vec<u8>) -> Value {
    serde_json::from_slice(&stored)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&stored).into_owned()))
}
