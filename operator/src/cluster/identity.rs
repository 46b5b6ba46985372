//! Which cluster this is. Nothing in Kubernetes says so; what is unique and never changes is the UID of the namespace
//! `kube-system`, which every cluster has.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};
use tokio::time::{sleep, timeout};

use super::client::brief;

/// The namespace whose UID stands for the cluster.
const NAMESPACE: &str = "kube-system";

/// Deadline of one request.
const DEADLINE: Duration = Duration::from_secs(10);

/// First and longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Why it cannot be known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the namespace {NAMESPACE}, whose UID keeps bots of different clusters apart on one Redis, may not be read ({0}): give the operator's ServiceAccount a ClusterRole with the rule {{apiGroups: [\"\"], resources: [namespaces], resourceNames: [{NAMESPACE}], verbs: [get]}}, as manifests/rbac.yaml has it"
    )]
    Forbidden(String),
    #[error("the namespace {NAMESPACE} has no UID: this is no Kubernetes API server")]
    NoUid,
}

/// The identity of the cluster. Asks until the API server answers.
///
/// # Errors
/// When asking again would not help.
pub async fn of_the_cluster(client: &Client) -> Result<String, Error> {
    let api = Api::<Namespace>::all(client.clone());
    let backoff = ExponentialBuilder::default()
        .with_min_delay(PAUSES.0)
        .with_max_delay(PAUSES.1)
        .with_jitter()
        .without_max_times();
    let mut pauses = backoff.build();
    loop {
        let error = match timeout(DEADLINE, api.get(NAMESPACE)).await {
            Ok(Ok(namespace)) => return namespace.uid().ok_or(Error::NoUid),
            Ok(Err(kube::Error::Api(status))) if status.is_forbidden() => {
                return Err(Error::Forbidden(status.message.clone()));
            }
            Ok(Err(error)) => brief(&error),
            Err(_elapsed) => format!("no answer within {} s", DEADLINE.as_secs()),
        };
        tracing::warn!(error, "the identity of the cluster could not be read and is asked for again");
        sleep(pauses.next().unwrap_or(PAUSES.1)).await;
    }
}
