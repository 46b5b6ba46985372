//! What every object has besides its own schema, in the same language: the parts of `ObjectMeta` that people write,
//! with Kubernetes' limits.

use serde_json::{Value, json};

/// A name of an object (RFC 1123 subdomain), as the API server demands of every custom object.
const NAME: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";

/// `schema` of a kind, completed by what the API server checks for every kind.
pub fn complete(mut schema: Value) -> Value {
    schema["properties"]["apiVersion"] = json!({"type": "string"});
    schema["properties"]["kind"] = json!({"type": "string"});
    schema["properties"]["metadata"] = metadata();
    if let Some(required) = schema["required"].as_array_mut() {
        required.push("metadata".into());
    }
    schema
}

fn metadata() -> Value {
    let text = || json!({"type": "string"});
    let texts = || json!({"type": "object", "additionalProperties": {"type": "string"}});
    let anything = || json!({"x-kubernetes-preserve-unknown-fields": true});
    json!({
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 253, "x-kubernetes-validations": [{
                "rule": format!("self.matches('{NAME}')"),
                "message": "must be a name of lower case letters, digits, '-' and '.' that starts and ends with a letter or a digit, e.g. \"ops\"",
            }]},
            "namespace": text(),
            "labels": texts(),
            "annotations": texts(),
            "finalizers": {"type": "array", "items": text()},
            "ownerReferences": {"type": "array", "items": anything()},
            "managedFields": {"type": "array", "items": anything()},
            "uid": text(),
            "resourceVersion": text(),
            "generation": {"type": "integer"},
            "selfLink": text(),
            "creationTimestamp": anything(),
            "deletionTimestamp": text(),
            "deletionGracePeriodSeconds": {"type": "integer"},
        },
    })
}
