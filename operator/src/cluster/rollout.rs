//! Whether a Deployment is where it should be.

use k8s_openapi::api::apps::v1::Deployment;

/// All of the `wanted` pods are of the newest template and available, and no other is left.
pub fn is_rolled_out(deployment: &Deployment, wanted: i32) -> bool {
    let Some(status) = &deployment.status else { return false };
    let observed = status.observed_generation >= deployment.metadata.generation;
    let pods = status.replicas.unwrap_or_default();
    observed
        && status.updated_replicas.unwrap_or_default() == pods
        && pods == wanted
        && status.available_replicas.unwrap_or_default() >= wanted
}
