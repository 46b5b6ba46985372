//! Listing by the plugin's index: it never walks the server, so foreign keys cost nothing.

use std::time::Duration;

use ::redis::cmd;

use super::{Redis, decoded, keys::range, scripts, send::Effect};
use crate::storage::{Entry, MAX_PAGE, MAX_PAGE_BYTES, Page, StorageError, texts::decode};

/// Values that are read at once.
const READ_AT_ONCE: usize = 500;

/// Keys that are looked at when a plugin has as many as it may.
const SWEPT_AT_ONCE: usize = 1_000;

impl Redis {
    pub(super) async fn listed(
        &self,
        plugin: &str,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StorageError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let [start, end] = range(prefix, after);
        let mut by_lex = cmd("ZRANGEBYLEX");
        by_lex.arg(self.shared.keys.index(plugin)).arg(start).arg(end).arg("LIMIT").arg(0).arg(limit + 1);
        let mut names: Vec<String> = decoded(self.shared.send(&by_lex, Effect::Repeatable).await?)?;
        let more = names.len() > limit;
        names.truncate(limit);
        let (mut entries, mut bytes, mut read) = (Vec::new(), 0, 0);
        while bytes < MAX_PAGE_BYTES && read < names.len() {
            let asked = &names[read..names.len().min(read + READ_AT_ONCE)];
            let command = scripts::read(&self.shared.keys, plugin, asked, MAX_PAGE_BYTES - bytes);
            let found: Vec<(Option<Vec<u8>>, i64)> =
                decoded(self.shared.send(&command, Effect::Repeatable).await?)?;
            if found.is_empty() {
                break;
            }
            for (name, (text, left)) in asked.iter().zip(&found) {
                let Some(text) = text else { continue };
                bytes += text.len();
                let ttl = u64::try_from(*left).ok().map(Duration::from_millis);
                entries.push(Entry { key: name.clone(), value: decode(text), ttl });
            }
            read += found.len();
        }
        let next = names.get(read.wrapping_sub(1)).filter(|_| more || read < names.len()).cloned();
        Ok(Page { entries, next })
    }

    /// Has the server forget some keys of the plugin whose values have run out, if it finds any among a few.
    pub(super) async fn sweep(&self, plugin: &str) -> Result<(), StorageError> {
        let mut some = cmd("ZRANDMEMBER");
        some.arg(self.shared.keys.index(plugin)).arg(SWEPT_AT_ONCE);
        let names: Vec<String> = decoded(self.shared.send(&some, Effect::Repeatable).await?)?;
        if !names.is_empty() {
            self.shared.send(&scripts::sweep(&self.shared.keys, plugin, &names), Effect::Once).await?;
        }
        Ok(())
    }
}
