//! `spec.storage`: where plugins keep data.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::{names, references::CaRef};

/// Where plugins keep data. Nothing set: in memory, lost when the pod restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.redis) && has(self.memory))").message("set at most one of redis, memory")
)]
pub struct Storage {
    /// A Redis or Valkey server that you run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,

    /// In the bot's memory, said on purpose: data are lost when the pod restarts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Memory>,
}

/// Storage in memory has no settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Memory {}

/// A Redis or Valkey server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redis {
    /// How the servers work together.
    #[serde(default)]
    pub topology: Topology,

    /// The server's address as `host` or `host:port` (default port 6379). Exactly one for `Standalone`.
    #[schemars(length(min = 1, max = 1), extend("x-kubernetes-list-type" = "set"))]
    pub addresses: Vec<Address>,

    /// Number of the logical database.
    #[serde(default)]
    #[schemars(range(min = 0, max = 65535))]
    pub database: i32,

    /// First part of every key. Default: `<namespace>/<name>` of the ChatBot, so that bots never share data by accident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    #[x_kube(
        validation = Rule::new("self.matches('^[-A-Za-z0-9_./]+$')").message("keyPrefix may contain letters, digits, '-', '_', '.' and '/'")
    )]
    pub key_prefix: Option<String>,

    /// The Secret with key `password` and, for ACL users, `username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<CredentialsSecretRef>,

    /// Encrypt the connection. `{}` trusts the public certificate authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RedisTls>,
}

/// How Redis servers work together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Topology {
    /// One server.
    #[default]
    Standalone,
}

/// `host` or `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Address(#[schemars(schema_with = "address")] pub String);

fn address(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 260,
        "x-kubernetes-validations": [{
            "rule": "self.matches('^([A-Za-z0-9_]([-A-Za-z0-9_.]*[A-Za-z0-9_.])?|\\\\[[0-9A-Fa-f:.]+\\\\])(:[0-9]{1,5})?$')",
            "message": "must be host or host:port, e.g. \"redis.data.svc:6379\": no scheme, user info or path",
        }],
    })
}

/// The Secret with Redis credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct CredentialsSecretRef {
    /// Name of the Secret.
    #[schemars(schema_with = "names::object_name")]
    pub name: String,
}

/// TLS of the connection to Redis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisTls {
    /// Certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<CaRef>,
}
