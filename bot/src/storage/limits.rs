//! How much one plugin may store, so that no plugin takes the storage of all. Pure.

/// How much one plugin may store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest key, in bytes of UTF-8.
    pub key_bytes: usize,
    /// Longest value, in bytes of its JSON text.
    pub value_bytes: usize,
    /// Most keys. Those whose values have run out may count for a while.
    pub keys: u64,
}

impl Default for Limits {
    /// A thousand characters of four bytes, which is what `store` takes as a key; room for values of 1 MiB whose text
    /// is longer since it is escaped; as many keys as can be listed within the deadline of a command.
    fn default() -> Limits {
        Limits { key_bytes: 4_000, value_bytes: 4 << 20, keys: 100_000 }
    }
}

/// A plugin wanted to store more than it may.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    #[error("the name of a plugin is empty or contains \":\"")]
    Plugin,
    #[error("the key is empty")]
    EmptyKey,
    #[error("the key has {bytes} bytes, {most} is the most")]
    Key { bytes: usize, most: usize },
    #[error("the value has {bytes} bytes as JSON, {most} is the most")]
    Value { bytes: usize, most: usize },
    #[error("the plugin stores {most} values, which is the most: delete some first")]
    Keys { most: u64 },
}

impl Limits {
    /// Whether a value can be under `key` at all.
    pub(super) fn check_key(&self, plugin: &str, key: &str) -> Result<(), Exceeded> {
        if plugin.is_empty() || plugin.contains(':') {
            return Err(Exceeded::Plugin);
        }
        match key.len() {
            0 => Err(Exceeded::EmptyKey),
            bytes if bytes > self.key_bytes => Err(Exceeded::Key { bytes, most: self.key_bytes }),
            _ => Ok(()),
        }
    }

    /// Whether `text`, the JSON text of a value, can be stored.
    pub(super) fn check_value(&self, text: &str) -> Result<(), Exceeded> {
        match text.len() {
            bytes if bytes > self.value_bytes => Err(Exceeded::Value { bytes, most: self.value_bytes }),
            _ => Ok(()),
        }
    }
}
