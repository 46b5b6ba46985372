//! `spec.storage.redis`: a Redis or Valkey server, or several, that somebody else runs.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::{names, references::CaRef};

/// A Redis or Valkey server (6.2 or newer), or several of them that work together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.topology != 'Standalone' || self.addresses.size() == 1").message("addresses must name exactly one server where topology is Standalone"),
    validation = Rule::new("(self.topology == 'Sentinel') == has(self.master)").message("master names the group of servers that the sentinels watch: set it where topology is Sentinel, and only there"),
    validation = Rule::new("self.topology == 'Sentinel' || !has(self.sentinelCredentialsSecretRef)").message("sentinelCredentialsSecretRef is for topology Sentinel only"),
    validation = Rule::new("self.topology != 'Cluster' || self.database == 0").message("database must be 0 where topology is Cluster: a Redis Cluster has no other")
)]
pub struct Redis {
    /// How the servers work together.
    #[serde(default)]
    pub topology: Topology,

    /// Addresses as `host` or `host:port`: of the server (default port 6379), of the sentinels (26379), or of some
    /// servers of the cluster (6379), from which the others are learnt.
    #[schemars(length(min = 1, max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub addresses: Vec<Address>,

    /// Name under which the sentinels watch the servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub master: Option<String>,

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

    /// The same for the sentinels, where they ask for a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentinel_credentials_secret_ref: Option<CredentialsSecretRef>,

    /// Encrypt the connections, those to sentinels included. `{}` trusts the public certificate authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<RedisTls>,
}

/// How Redis servers work together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Topology {
    /// One server.
    #[default]
    Standalone,
    /// Sentinels name the server that is the master now.
    Sentinel,
    /// A Redis Cluster. All keys of a bot are in one of its hash slots.
    Cluster,
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

/// TLS of the connections to Redis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedisTls {
    /// Certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<CaRef>,

    /// The Secret, of type `kubernetes.io/tls`, with the certificate that the bot shows and its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret_ref: Option<CertificateSecretRef>,
}

/// A Secret of type `kubernetes.io/tls`, with keys `tls.crt` and `tls.key`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct CertificateSecretRef {
    /// Name of the Secret.
    #[schemars(schema_with = "names::object_name")]
    pub name: String,
}
