//! Nothing lost and nothing doubled: the rules by which commands are kept, every step of them with a crash before and
//! after it; the same in a real Redis; and replicas that share one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "inbox/alike.rs"]
mod alike;
#[path = "inbox/model.rs"]
mod model;
#[path = "support/redis_server.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod redis_server;
#[path = "inbox/replicas.rs"]
mod replicas;

use chatops_bot::chat::{Addressing, Channel, Incoming, MessageKey, User};

/// A command that `user` types in `channel`.
fn typed(key: &str, channel: &str, user: &str) -> Incoming {
    Incoming {
        key: MessageKey(key.into()),
        user: User { id: user.into(), name: None },
        channel: Channel { id: channel.into(), is_direct: false },
        thread: None,
        opens_thread: None,
        addressing: Addressing::Channel,
        text: format!("!echo {key}"),
        references: vec![],
        is_unmistakable: false,
        typed_at: 0,
        reply_url: None,
        is_home: false,
        reaction: None,
    }
}
