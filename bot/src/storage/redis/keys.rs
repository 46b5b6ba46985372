//! The names of a bot's keys. Pure.
//!
//! | key | holds |
//! |---|---|
//! | `chatops:{<keyPrefix>}:<plugin>:<key>` | a value, as plain JSON; a string of Redis, with its expiry |
//! | `chatops:{<keyPrefix>}:<plugin>` | index of the plugin's keys: a sorted set whose scores are all 0 |
//! | `chatops:{<keyPrefix>}::plugins` | index of the plugins that have an index: the same |
//! | `chatops:{<keyPrefix>}::owner` | owner record: who may use all of these; a string |
//! | `chatops:{<keyPrefix>}::inbox:<name>` | commands that are kept (`inbox/redis.lua`) |
//! | `chatops:{<keyPrefix>}::probe` | nothing, ever: what asks whether the server would do something names it |
//!
//! The braces keep one bot in one slot of a Redis Cluster, so that several keys can change together. Plugins have
//! names without `:`, so that no plugin's keys are another's.

/// The names of one bot's keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// `chatops:{<keyPrefix>}:`.
    base: String,
}

impl Keys {
    pub(super) fn new(key_prefix: &str) -> Keys {
        Keys { base: format!("chatops:{{{key_prefix}}}:") }
    }

    pub(super) fn value(&self, plugin: &str, key: &str) -> String {
        format!("{}{plugin}:{key}", self.base)
    }

    pub(super) fn index(&self, plugin: &str) -> String {
        format!("{}{plugin}", self.base)
    }

    pub(super) fn plugins(&self) -> String {
        format!("{}:plugins", self.base)
    }

    pub(super) fn owner(&self) -> String {
        format!("{}:owner", self.base)
    }

    pub(super) fn probe(&self) -> String {
        format!("{}:probe", self.base)
    }

    /// A key that is no plugin's, of a part of the bot.
    pub(super) fn of(&self, part: &str, name: &str) -> String {
        format!("{}:{part}:{name}", self.base)
    }

    /// Matches every key, in the words of an access list.
    pub(super) fn pattern(&self) -> String {
        format!("{}*", self.base)
    }
}

/// The range of an index with the members that start with `prefix` and come behind `after`, as `ZRANGEBYLEX` takes it.
/// No UTF-8 contains the byte 0xFF.
pub(super) fn range(prefix: &str, after: Option<&str>) -> [Vec<u8>; 2] {
    let start = match after {
        Some(after) if after >= prefix => format!("({after}"),
        _ => format!("[{prefix}"),
    };
    [start.into_bytes(), [b"(", prefix.as_bytes(), b"\xff"].concat()]
}
