//! `spec.dns`: how the bot's pods resolve names.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the bot's pods resolve names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Dns {
    /// Options of `resolv.conf`. They replace the defaults of the same name: `ndots:1`, `timeout:2`, `attempts:3`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub options: Vec<DnsOption>,

    /// Name servers behind the cluster's own, as addresses; at most two, since a pod has at most three.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2), extend("x-kubernetes-list-type" = "set"))]
    pub nameservers: Vec<Nameserver>,

    /// What to do about the cluster's own DNS for Slack's names. Only what the operator was started for
    /// (`--cluster-dns`) is done, to the name servers and zones that it was given.
    #[serde(default)]
    pub cluster_stub_zone: ClusterStubZone,
}

/// What to do about the cluster's own DNS for Slack's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClusterStubZone {
    // Not `Off`: in YAML 1.1, which kubectl reads, that is a boolean.
    /// Nothing.
    #[default]
    None,
    /// Say what would be changed, and change nothing.
    Diagnose,
    /// Forward Slack's zones to the name servers that the operator was given.
    Apply,
}

/// One option of `resolv.conf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct DnsOption {
    /// Name of the option, e.g. `ndots`.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9-]+$')").message("must be the name of a resolv.conf option, e.g. \"ndots\"")
    )]
    pub name: String,
    /// Its value, for options that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63))]
    pub value: Option<String>,
}

/// Address of a name server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Nameserver(#[schemars(schema_with = "ip_address")] pub String);

fn ip_address(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "minLength": 2,
        "maxLength": 45,
        "x-kubernetes-validations": [{
            "rule": "isIP(self)",
            "message": "must be an IP address, e.g. \"10.0.0.10\"",
        }],
    })
}
