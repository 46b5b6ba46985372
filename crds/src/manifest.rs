//! The CustomResourceDefinitions as they are installed, the same for editors, and their CEL rules run without an API
//! server.

mod json_schema;
mod metadata;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps,
};
use kube::{
    CustomResourceExt,
    core::cel::{ValidationError, Validator},
};
use serde_json::{Value, json};

use crate::{BotPlugin, ChatBot};
pub use json_schema::json_schema;
pub use metadata::complete;

/// Both definitions, finished: with the default status that keeps `kubectl wait` from passing too early.
pub fn crds() -> [CustomResourceDefinition; 2] {
    [ChatBot::crd(), BotPlugin::crd()].map(with_default_status)
}

/// The schema of `kind`, as the API server has it; none if the kind is not ours.
pub fn schema(kind: &str) -> Option<Value> {
    let crd = crds().into_iter().find(|crd| crd.spec.names.kind == kind)?;
    serde_json::to_value(open_api_schema(crd)?).ok()
}

/// What the CEL rules of `schema` say against `object`, defaults applied first as the API server does. A rule that could
/// not be evaluated, since what it speaks of violates the schema, is among them and has a `source`.
pub fn rule_violations(schema: &Value, object: &Value) -> Vec<ValidationError> {
    match Validator::new().validate_with_defaults(schema, object, None) {
        Ok(()) => Vec::new(),
        Err(errors) => errors.into_vec(),
    }
}

fn with_default_status(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let status = crd
        .spec
        .versions
        .iter_mut()
        .filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut())
        .filter_map(|schema| schema.properties.as_mut()?.get_mut("status"));
    for status in status {
        status.default = Some(JSON(pending()));
    }
    crd
}

fn pending() -> Value {
    json!({"conditions": [{
        "type": "Ready",
        "status": "Unknown",
        "reason": "Pending",
        "message": "Waiting for the operator",
        "lastTransitionTime": "1970-01-01T00:00:00Z",
    }]})
}

fn open_api_schema(crd: CustomResourceDefinition) -> Option<JSONSchemaProps> {
    crd.spec.versions.into_iter().next()?.schema?.open_api_v3_schema
}
