//! Cursors: a page of a list, and where the next one starts.

use serde_json::{Value, json};

use super::{Call, error::ApiError};

/// One page and the cursor to the next, empty at the end.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    next: String,
}

impl<T> Page<T> {
    /// Cuts the page that a call asks for with `limit` and `cursor`; at most `most` items.
    pub(crate) fn cut(call: &Call, all: Vec<T>, usual: usize, most: usize) -> Result<Self, ApiError> {
        let start: usize = match call.arguments.text("cursor") {
            None => 0,
            Some(cursor) => cursor
                .strip_prefix("offset_")
                .and_then(|offset| offset.parse().ok())
                .ok_or_else(|| ApiError::new("invalid_cursor"))?,
        };
        let limit = call.arguments.number("limit").filter(|limit| *limit > 0).unwrap_or(usual).min(most);
        let end = start.saturating_add(limit);
        let next = if end < all.len() { format!("offset_{end}") } else { String::new() };
        Ok(Self { items: all.into_iter().skip(start).take(limit).collect(), next })
    }

    pub(crate) fn has_more(&self) -> bool {
        !self.next.is_empty()
    }

    pub(crate) fn metadata(&self) -> Value {
        json!({ "next_cursor": self.next })
    }
}
