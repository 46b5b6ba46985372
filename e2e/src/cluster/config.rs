//! The configuration files of the daemons: templates in `config/`, with the few values that differ per cluster.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::network::{Network, UNREACHABLE};
use super::state::State;
use super::{Options, REACHABLE_ZONE, WILDCARD_ZONE, cgroups, uplink};

pub(super) const NODE_NAME: &str = "node1";
pub(super) const POD_NETWORK: &str = "10.244.0.0/16";
pub(super) const SERVICE_NETWORK: &str = "10.96.0.0/16";

/// File name and template. Values stand between at signs.
const FILES: [(&str, &str); 5] = [
    ("audit-policy.yaml", include_str!("config/audit-policy.yaml")),
    ("containerd.toml", include_str!("config/containerd.toml")),
    ("kubelet.yaml", include_str!("config/kubelet.yaml")),
    ("outside.Corefile", include_str!("config/outside.Corefile")),
    ("resolv.conf", include_str!("config/resolv.conf")),
];
const POD_NETWORK_CONFIG: &str = include_str!("config/pod-network.conflist");
const KUBECONFIG: &str = include_str!("config/kubeconfig.yaml");

/// Writes all of them into the state folder.
pub(super) fn create(state: &State, network: &Network, options: Options) -> Result<()> {
    let node_ip = network.node_ip();
    let resolver = if options.internet { uplink::RESOLVER } else { node_ip };
    let values = [
        ("STATE", state.root().display().to_string()),
        ("POD_LOGS", state.pod_logs().display().to_string()),
        ("CGROUP", cgroups::name(state)),
        ("NODE_IP", node_ip.to_string()),
        ("RESOLVER", resolver.to_string()),
        // The default, and one with which a change of the name server's configuration arrives within a test's patience.
        ("SYNC", if options.internet { "10s" } else { "1m" }.to_owned()),
        ("REACHABLE_ZONE", REACHABLE_ZONE.to_owned()),
        ("WILDCARD_ZONE", WILDCARD_ZONE.to_owned()),
        ("UNREACHABLE_IP", UNREACHABLE.to_string()),
    ];
    for (name, template) in FILES {
        write(&state.config(name), &fill(template, &values))?;
    }
    write(&state.path("cni/10-pods.conflist"), &fill(POD_NETWORK_CONFIG, &values))
}

/// The kubeconfig of the user whose certificate is `pki/USER.crt`.
pub(super) fn kubeconfig(pki: &Path, server: &str, user: &str) -> String {
    let values =
        [("PKI", pki.display().to_string()), ("SERVER", server.to_owned()), ("USER", user.to_owned())];
    fill(KUBECONFIG, &values)
}

pub(super) fn fill(template: &str, values: &[(&str, String)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

fn write(path: &Path, content: &str) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
