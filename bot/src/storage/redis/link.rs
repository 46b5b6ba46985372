//! The connection as commands see it, shared between them and the keeper.

use std::sync::{Arc, Mutex, PoisonError};

use ::redis::aio::MultiplexedConnection;
use chatops_crds::bot_config::RedisConfig;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{CONNECT_DEADLINE, connect::Node, keys::Keys};
use crate::storage::StorageError;

/// What commands and the keeper share.
#[derive(Debug)]
pub(super) struct Shared {
    pub config: RedisConfig,
    pub keys: Keys,
    pub link: watch::Sender<Link>,
    /// A command failed in a way that the connection should be looked at.
    pub doubt: Notify,
    /// The server that a slot moves to, while it does.
    pub importing: tokio::sync::Mutex<Option<Node>>,
    moved: Mutex<Option<String>>,
}

/// The connection as commands see it.
#[derive(Clone, Debug)]
pub(super) enum Link {
    /// It is being opened for the first time, or again since a moment.
    Opening,
    Open(Open),
    /// The last attempt to open it failed.
    Down,
    /// The keys belong to another bot.
    InUse(String),
}

/// A connection, and the server at its end.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub address: Arc<str>,
    pub connection: MultiplexedConnection,
}

impl Shared {
    pub(super) fn new(config: RedisConfig) -> Shared {
        Shared {
            keys: Keys::new(&config.key_prefix),
            config,
            link: watch::Sender::new(Link::Opening),
            doubt: Notify::new(),
            importing: tokio::sync::Mutex::new(None),
            moved: Mutex::new(None),
        }
    }

    /// The connection, once it is known whether there is one.
    pub(super) async fn open(&self, link: &mut watch::Receiver<Link>) -> Result<Open, StorageError> {
        let settled = timeout(CONNECT_DEADLINE, link.wait_for(|link| !matches!(link, Link::Opening)));
        match settled.await {
            Ok(Ok(link)) => match &*link {
                Link::Open(open) => Ok(open.clone()),
                Link::InUse(owner) => Err(StorageError::InUse(owner.clone())),
                Link::Opening | Link::Down => Err(StorageError::Unreachable),
            },
            Ok(Err(_)) | Err(_) => Err(StorageError::Unreachable),
        }
    }

    /// Remembers which server a server of a cluster named.
    pub(super) fn moved_to(&self, address: Option<String>) {
        *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// The server that was named last, once.
    pub(super) fn take_moved(&self) -> Option<String> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
