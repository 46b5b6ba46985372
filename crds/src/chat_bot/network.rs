//! `spec.network`: the way out of the cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::shared::{names, references::CaRef};

/// The way out of the cluster, where it is not open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// A proxy between the bot and Slack, for the Web API and the web socket alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,

    /// Certificates to trust for Slack and the proxy besides the public ones, e.g. of a proxy that inspects TLS.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "trustedCARef")]
    pub trusted_ca_ref: Option<CaRef>,
}

/// An HTTP proxy that connections are tunnelled through (`CONNECT`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Proxy {
    /// Address of the proxy, e.g. `http://proxy.corp.example:3128`; `https://` encrypts the way to it too.
    #[schemars(length(max = 200))]
    #[x_kube(
        validation = Rule::new("self.matches('^https?://[^/@?#]+/?$')").message("url must look like http://proxy:3128: http or https, a host, and no user info (use credentialsSecretRef), path, query or fragment")
    )]
    pub url: String,

    /// Hosts that are reached without the proxy: a host name, a domain with a leading `.`, or an address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "set"))]
    pub no_proxy: Vec<NoProxy>,

    /// The Secret with keys `username` and `password`, where the proxy asks for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<ProxyCredentialsSecretRef>,
}

/// A host that is reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NoProxy(#[schemars(schema_with = "no_proxy")] pub String);

fn no_proxy(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "minLength": 1,
        "maxLength": 253,
        "x-kubernetes-validations": [{
            "rule": "self.matches('^[A-Za-z0-9._:-]+$')",
            "message": "must be a host name, a domain with a leading '.', or an address, e.g. \".svc\"",
        }],
    })
}

/// The Secret with the proxy's credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct ProxyCredentialsSecretRef {
    /// Name of the Secret.
    #[schemars(schema_with = "names::object_name")]
    pub name: String,
}
