//! What is installed in every cluster: DNS and a storage class.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::command;
use super::state::State;
use super::tools::Tools;

const MANIFESTS: &str = include_str!("config/addons.yaml");
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) async fn apply(state: &State, tools: &Tools) -> Result<()> {
    let file = state.config("addons.yaml");
    std::fs::write(&file, MANIFESTS).with_context(|| format!("cannot write {}", file.display()))?;
    let mut apply = kubectl(state, tools);
    apply.args(["apply", "--server-side", "--filename"]).arg(file);
    command::check(apply.into(), DEADLINE).await.map(drop)
}

/// kubectl as the cluster's administrator; its cache of the API's description goes with the cluster.
pub(super) fn kubectl(state: &State, tools: &Tools) -> Command {
    let mut kubectl = Command::new(tools.kubernetes("kubectl"));
    kubectl.env("KUBECONFIG", state.kubeconfig("admin")).env("KUBECACHEDIR", state.path("kubectl-cache"));
    for proxy in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        kubectl.env_remove(proxy);
    }
    kubectl
}
