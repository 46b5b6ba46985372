//! References to objects in the same namespace. None has a namespace field: who writes a ChatBot must not reach
//! further than its own namespace.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names;

/// What kind of object holds a CA bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CaKind {
    /// A ConfigMap: certificates are no secret.
    #[default]
    ConfigMap,
    /// A Secret, where an issuer writes its certificate next to keys.
    Secret,
}

/// A bundle of PEM certificates in a ConfigMap or a Secret of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaRef {
    /// ConfigMap or Secret.
    #[serde(default)]
    pub kind: CaKind,
    /// Name of the object.
    #[schemars(schema_with = "names::object_name")]
    pub name: String,
    /// Key of the object's data that holds the PEM certificates.
    #[serde(default = "ca_key")]
    #[schemars(schema_with = "names::data_key")]
    pub key: String,
}

fn ca_key() -> String {
    "ca.crt".into()
}
