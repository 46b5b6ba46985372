//! Limits and patterns of names, each with its source.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Longest name of a ChatBot: its children append up to 10 characters and must stay DNS labels of at most 63 (RFC 1123).
pub const MAX_CHAT_BOT_NAME: usize = 52;

/// A DNS-1123 subdomain, the form of most Kubernetes object names (at most 253 characters).
pub fn object_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "x-kubernetes-validations": [{
            "rule": "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
            "message": "must be the name of an object: lower case letters, digits, '-' and '.', e.g. \"ops-slack\"",
        }],
    })
}

/// A key of a Secret's or ConfigMap's data (at most 253 characters of letters, digits, `-`, `_` and `.`).
pub fn data_key(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "x-kubernetes-validations": [{
            "rule": "self.matches('^[-._a-zA-Z0-9]+$')",
            "message": "must be a key of the object's data: letters, digits, '-', '_' and '.', e.g. \"bot-token\"",
        }],
    })
}
