//! A refused call: Slack's error code and whatever else its answer tells.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// `ok: false` with a code and further fields.
#[derive(Debug, thiserror::Error)]
#[error("{code}")]
pub(crate) struct ApiError {
    code: String,
    fields: Map<String, Value>,
    retry_after: Option<Duration>,
}

impl ApiError {
    pub(crate) fn new(code: impl Into<String>) -> Self {
        Self { code: code.into(), fields: Map::new(), retry_after: None }
    }

    pub(crate) fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }

    /// An argument is missing or wrong, with the sentence that Slack puts into `response_metadata`.
    pub(crate) fn invalid_arguments(message: &str) -> Self {
        Self::new("invalid_arguments").explained(message)
    }

    pub(crate) fn explained(self, message: &str) -> Self {
        self.with("response_metadata", json!({ "messages": [format!("[ERROR] {message}")] }))
    }

    pub(crate) fn missing_scope(needed: &str, provided: &str) -> Self {
        Self::new("missing_scope").with("needed", json!(needed)).with("provided", json!(provided))
    }

    pub(crate) fn rate_limited(wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new("ratelimited") }
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut body =
            Map::from_iter([("ok".to_owned(), json!(false)), ("error".to_owned(), json!(self.code))]);
        body.extend(self.fields.clone());
        Value::Object(body)
    }
}
