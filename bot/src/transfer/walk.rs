//! All values of a storage, page by page, in the order of plugins and keys.

use std::collections::VecDeque;

use super::record::Record;
use crate::storage::{MAX_PAGE, Storage, StorageError};

/// A walk over a storage. What is written behind it meanwhile is not seen.
pub struct Walk<'a> {
    storage: &'a dyn Storage,
    plugins: VecDeque<String>,
    page: VecDeque<Record>,
    /// Where the first plugin's values go on; none: at their start.
    after: Option<String>,
}

impl<'a> Walk<'a> {
    /// Starts behind `after`, a plugin and a key, or at the start.
    ///
    /// # Errors
    /// [`StorageError`].
    pub async fn start(
        storage: &'a dyn Storage,
        after: Option<&(String, String)>,
    ) -> Result<Walk<'a>, StorageError> {
        let mut plugins: VecDeque<_> = storage.plugins().await?.into();
        plugins.make_contiguous().sort();
        let mut key = None;
        if let Some((plugin, after)) = after {
            plugins.retain(|other| other >= plugin);
            key = plugins.front().is_some_and(|first| first == plugin).then(|| after.clone());
        }
        Ok(Walk { storage, plugins, page: VecDeque::new(), after: key })
    }

    /// The next value.
    ///
    /// # Errors
    /// [`StorageError`]. The walk can go on.
    pub async fn step(&mut self) -> Result<Option<Record>, StorageError> {
        loop {
            if let Some(record) = self.page.pop_front() {
                return Ok(Some(record));
            }
            let Some(plugin) = self.plugins.front() else { return Ok(None) };
            let page = self.storage.list(plugin, "", self.after.as_deref(), MAX_PAGE).await?;
            self.page = page.entries.into_iter().map(|entry| Record::new(plugin, entry)).collect();
            self.after = page.next;
            if self.after.is_none() {
                self.plugins.pop_front();
            }
        }
    }
}

impl std::fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk")
            .field("plugins", &self.plugins)
            .field("after", &self.after)
            .finish_non_exhaustive()
    }
}
