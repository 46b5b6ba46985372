//! A call's arguments, whichever of the three ways they came: query, form or JSON.

use axum::http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::slack::ids::Ts;

/// Arguments by name. Values from queries and forms are strings, JSON ones as they were sent.
#[derive(Debug, Default)]
pub(crate) struct Arguments(Map<String, Value>);

impl Arguments {
    /// Reads query and body. A body that does not parse has no arguments; the method then says what it misses.
    pub(crate) fn parse(query: &str, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut arguments = form(query.as_bytes());
        let content_type =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.starts_with("application/json") {
            if let Ok(Value::Object(json)) = serde_json::from_slice(body) {
                arguments.extend(json);
            }
        } else {
            arguments.extend(form(body));
        }
        Self(arguments)
    }

    /// A text argument; empty counts as absent, as at Slack.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text argument that the method cannot do without.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.text(name).ok_or_else(|| ApiError::invalid_arguments(&format!("missing required field: {name}")))
    }

    /// A message's time stamp that the method cannot do without.
    pub(crate) fn required_ts(&self, name: &str, error: &'static str) -> Result<Ts, ApiError> {
        self.required(name)?.parse().map_err(|_| ApiError::new(error))
    }

    pub(crate) fn ts(&self, name: &str) -> Option<Ts> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "True" | "1"),
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            _ => false,
        }
    }

    pub(crate) fn number(&self, name: &str) -> Option<usize> {
        match self.0.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64().and_then(|number| usize::try_from(number).ok()),
        }
    }

    /// A structured argument: JSON as it stands, or JSON in a string. The error is the code Slack has for a bad one.
    pub(crate) fn structure(&self, name: &str, error: &'static str) -> Result<Option<Value>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => {
                serde_json::from_str(text).map(Some).map_err(|_| ApiError::new(error))
            }
            Some(value) => Ok(Some(value.clone())),
        }
    }

    /// A list of words: comma separated, or a JSON list.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(items)) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn form(bytes: &[u8]) -> Map<String, Value> {
    let mut map = Map::new();
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(halves.next().unwrap_or_default());
        map.insert(name, Value::String(decoded(halves.next().unwrap_or_default())));
    }
    map
}

/// Percent decoding of `application/x-www-form-urlencoded`.
fn decoded(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        let hex = tail.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
