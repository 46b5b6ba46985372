//! `chatops-operator dns undo`.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use kube::config::InferConfigError;

use crate::{cli::config, cluster::client, cluster_dns::undo};

/// Deadline for the head of any answer of the API server.
const DEADLINE: Duration = Duration::from_secs(15);

#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    #[error("neither a kubeconfig nor a pod's service account leads to a cluster: {0}")]
    Config(#[from] InferConfigError),
    #[error("no client for the API server: {0}")]
    Client(#[from] kube::Error),
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Write(#[source] io::Error),
    #[error(transparent)]
    Undo(#[from] undo::Error),
}

pub(super) fn run() -> Result<(), Error> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    let done = runtime.block_on(async {
        let (config, _) = config::infer().await?;
        let client = client::client(config, DEADLINE, Arc::new(|_| {}))?;
        Ok::<_, Error>(undo::undo(&client).await?)
    })?;
    let mut output = io::stdout().lock();
    if done.is_empty() {
        return writeln!(output, "Nothing of the operator's is in the cluster's DNS.").map_err(Error::Write);
    }
    done.iter().try_for_each(|line| writeln!(output, "{line}")).map_err(Error::Write)
}
