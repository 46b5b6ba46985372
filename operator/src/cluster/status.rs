//! Status is patched only if it differs, and what changed is told by Events.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::Condition, jiff::Timestamp};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DynamicObject, ListParams, Patch, PatchParams},
    core::{ApiResource, TypeMeta},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{FIELD_MANAGER, events};

/// How long a written status is kept in mind; the watch brings it within milliseconds.
const KEPT: Duration = Duration::from_secs(60);

/// A status with conditions.
pub trait Status: Clone + Debug + Default + PartialEq + Serialize + Send + Sync {
    fn conditions(&self) -> &[Condition];
}

impl Status for chatops_crds::ChatBotStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

impl Status for chatops_crds::BotPluginStatus {
    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

/// Writes the status of one kind.
///
/// It remembers what it wrote until the cache has moved on, so that a reconcile in between neither writes nor tells the
/// same twice. The memory is dropped on any error: the next reconcile compares with the cache and writes again.
pub struct StatusWriter<S> {
    client: Client,
    written: Mutex<HashMap<String, Written<S>>>,
}

impl<S> fmt::Debug for StatusWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusWriter").finish_non_exhaustive()
    }
}

struct Written<S> {
    /// Resource version the cache had when the status was written.
    seen: Option<String>,
    status: S,
    at: Instant,
}

impl<S: Status> StatusWriter<S> {
    pub fn new(client: Client) -> Self {
        Self { client, written: Mutex::default() }
    }

    /// The status of `object` as it is: what was written last, or what the cache has.
    pub fn current<K: Resource>(&self, object: &K, cached: Option<&S>) -> S {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let uid = object.uid().unwrap_or_default();
        match written.get(&uid).filter(|written| written.seen == object.resource_version()) {
            Some(written) => written.status.clone(),
            None => cached.cloned().unwrap_or_default(),
        }
    }

    /// Writes `after` unless it equals `before`, and publishes what is news. Says whether it wrote.
    ///
    /// # Errors
    /// What the API server answered.
    pub async fn write<K>(
        &self,
        object: &K,
        before: &S,
        after: &S,
        now: Timestamp,
    ) -> Result<bool, kube::Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
    {
        if before == after {
            return Ok(false);
        }
        let uid = object.uid().unwrap_or_default();
        let patch = patch(TypeMeta::resource::<K>(), object, json!(after));
        let api = Api::<K>::namespaced(self.client.clone(), &object.namespace().unwrap_or_default());
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let answer = api.patch_status(&object.name_any(), &params, &Patch::Apply(&patch)).await;
        {
            let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
            written.remove(&uid);
            written.retain(|_, written| written.at.elapsed() < KEPT);
            if answer.is_ok() {
                let seen = object.resource_version();
                written.insert(uid, Written { seen, status: after.clone(), at: Instant::now() });
            }
        }
        answer?;
        let regarding = object.object_ref(&());
        for condition in events::news(before.conditions(), after.conditions()) {
            events::publish(&self.client, &regarding, condition, now).await;
        }
        Ok(true)
    }
}

/// Writes conditions to an object that cannot be read as its kind, looking first whether they are there.
/// `conditions` makes them from those before.
///
/// # Errors
/// What the API server answered.
pub async fn write_unreadable<K>(
    client: &Client,
    object: &K,
    conditions: impl FnOnce(&[Condition]) -> Vec<Condition>,
    now: Timestamp,
) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = ()>,
{
    let resource = ApiResource::erase::<K>(&());
    let namespace = object.meta().namespace.clone().unwrap_or_default();
    let api = Api::<DynamicObject>::namespaced_with(client.clone(), &namespace, &resource);
    let name = object.name_any();
    // A list of one, since the right to list is there anyway.
    let live = api.list(&ListParams::default().fields(&format!("metadata.name={name}"))).await?;
    let before = live
        .items
        .first()
        .and_then(|live| live.data.pointer("/status/conditions").cloned())
        .unwrap_or_default();
    let before: Vec<Condition> = serde_json::from_value(before).unwrap_or_default();
    let after = conditions(&before);
    if before == after {
        return Ok(());
    }
    let type_meta = TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() };
    let patch = patch(type_meta, object, json!({"conditions": after}));
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch_status(&name, &params, &Patch::Apply(&patch)).await?;
    let regarding = object.object_ref(&());
    for condition in events::news(&before, &after) {
        events::publish(client, &regarding, condition, now).await;
    }
    Ok(())
}

/// The UID makes sure that a status never lands on a later object of the same name.
fn patch<K: Resource>(type_meta: TypeMeta, object: &K, status: Value) -> Value {
    let meta = object.meta();
    json!({
        "apiVersion": type_meta.api_version,
        "kind": type_meta.kind,
        "metadata": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
        "status": status,
    })
}
