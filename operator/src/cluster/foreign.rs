//! Objects that belong to others: read by name, and replaced only as they were read.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use kube::{Api, Client, Resource, ResourceExt, api::PostParams};
use serde::{Serialize, de::DeserializeOwned};

use super::FIELD_MANAGER;

/// The object `namespace`/`name`; none if it does not exist.
///
/// # Errors
/// What the API server answered.
pub async fn get<K>(client: &Client, namespace: &str, name: &str) -> Result<Option<K>, kube::Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    Api::<K>::namespaced(client.clone(), namespace).get_opt(name).await
}

/// Replaces an object that was read before and changed since. Its resource version goes with it, so that the API server
/// answers 409 if somebody else has changed it meanwhile. It takes the verb `update`, which the operator has nowhere
/// but where its administrator granted it.
///
/// # Errors
/// What the API server answered.
pub async fn replace<K>(client: &Client, object: &K) -> Result<K, kube::Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize,
{
    let namespace = object.namespace().unwrap_or_default();
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    Api::<K>::namespaced(client.clone(), &namespace).replace(&object.name_any(), &params, object).await
}
