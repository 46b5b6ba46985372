//! What is no longer wanted is stopped, not deleted: the operator has no right to delete anything.

use k8s_openapi::api::apps::v1::StatefulSet;
use kube::{
    Client, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    FIELD_MANAGER,
    apply::{ApplyError, api},
};

/// Takes away the pods of `stateful_set`, which stays, as do its volumes. Writes nothing if it has none. The UID makes
/// sure that only the object that was looked at is written.
///
/// # Errors
/// [`ApplyError`] when the API server does not take it.
pub async fn stop(client: &Client, stateful_set: &StatefulSet) -> Result<(), ApplyError> {
    if stateful_set.spec.as_ref().and_then(|spec| spec.replicas) == Some(0) {
        return Ok(());
    }
    let name = stateful_set.name_any();
    let patch = json!({"metadata": {"uid": stateful_set.uid()}, "spec": {"replicas": 0}});
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    let stopped = api(client, stateful_set).patch(&name, &params, &Patch::Merge(&patch)).await;
    stopped.map(drop).map_err(|error| ApplyError::new::<StatefulSet>(&name, error))
}
