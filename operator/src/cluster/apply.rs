//! Children are looked at, compared, and applied only if they differ. What belongs to someone else is never touched.

use std::{fmt::Debug, sync::Arc};

use chatops_crds::shared::hash;
use k8s_openapi::{NamespaceResourceScope, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{FIELD_MANAGER, client::brief, covers::covers, labels};

/// A kind of child.
pub trait Child:
    Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Serialize
    + DeserializeOwned
    + Clone
    + Debug
    + Send
    + Sync
    + 'static
{
}

impl<K> Child for K where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Serialize
        + DeserializeOwned
        + Clone
        + Debug
        + Send
        + Sync
        + 'static
{
}

/// An object as it should be, stamped with the hash of what is wanted.
#[derive(Clone, Debug)]
pub struct Prepared<K> {
    object: K,
    adopts: bool,
}

impl<K: Child> Prepared<K> {
    /// Stamps `object`, whose annotation [`labels::OWNER_UID`] names its owner.
    pub fn new(object: K) -> Self {
        let hash = hash_of(&object);
        Self::stamped(object, hash)
    }

    /// `object`, which is `wanted` fitted to what is there: stamped with the hash of what is wanted. It takes up an object
    /// that outlived its owner on purpose, too: one without an owner, whose labels say that it was made for the same
    /// part of an owner of the same name.
    pub fn fitted(object: K, wanted: &K) -> Self {
        Self { adopts: true, ..Self::stamped(object, hash_of(wanted)) }
    }

    fn stamped(mut object: K, hash: String) -> Self {
        object.annotations_mut().insert(labels::APPLIED.into(), hash);
        Self { object, adopts: false }
    }

    /// The object as it should be.
    pub fn object(&self) -> &K {
        &self.object
    }

    /// Whether the object with `meta` has the owner that this one will have.
    pub fn belongs_to_same_owner(&self, meta: &ObjectMeta) -> bool {
        let owner = self.object.annotations().get(labels::OWNER_UID);
        let named = |uid: &String| Some(uid) == owner;
        let references = meta.owner_references.as_deref().unwrap_or_default();
        let by_annotation =
            || meta.annotations.as_ref().and_then(|a| a.get(labels::OWNER_UID)).is_some_and(named);
        match references.iter().find(|reference| reference.controller == Some(true)) {
            Some(controller) => named(&controller.uid),
            None => by_annotation() || (self.adopts && self.has_same_labels(meta)),
        }
    }

    fn has_same_labels(&self, meta: &ObjectMeta) -> bool {
        let theirs = meta.labels.as_ref();
        labels::IDENTIFYING.iter().all(|label| {
            let ours = self.object.labels().get(*label);
            ours.is_some() && theirs.and_then(|theirs| theirs.get(*label)) == ours
        })
    }
}

/// Hash of an object's JSON, whose maps are in the order of their keys.
pub fn hash_of(object: &impl Serialize) -> String {
    let json = serde_json::to_vec(object).unwrap_or_default();
    hash::hex(&Sha256::digest(json)[..16])
}

/// What is to be done about one child.
#[derive(Clone, Debug)]
pub enum Finding<K> {
    /// It is as it should be.
    Same(Arc<K>),
    /// It is missing, or differs (then with its UID).
    Differs(Option<String>),
    /// An object of that name belongs to someone else.
    Foreign,
    /// It is being deleted; its end wakes the controller.
    Leaving,
}

/// Why a child could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The API server finds the object invalid (422, 400): only a change of the spec helps.
    #[error("{kind} \"{name}\" is refused by the API server: {message}")]
    Invalid { kind: String, name: String, message: String },
    /// The API server does not allow it (403): missing rights, quota, admission, or a namespace that is being deleted.
    #[error("{kind} \"{name}\" may not be created or changed: {message}")]
    Forbidden { kind: String, name: String, message: String },
    /// Anything else: worth another try.
    #[error("{kind} \"{name}\": {}", brief(source))]
    Request { kind: String, name: String, source: kube::Error },
}

impl ApplyError {
    pub(super) fn new<K: Child>(name: &str, error: kube::Error) -> Self {
        let (kind, name) = (K::kind(&()).into_owned(), name.to_owned());
        match error {
            kube::Error::Api(status) if status.is_forbidden() => {
                Self::Forbidden { kind, name, message: status.message }
            }
            kube::Error::Api(status) if status.is_invalid() || status.code == 400 => {
                Self::Invalid { kind, name, message: status.message }
            }
            source => Self::Request { kind, name, source },
        }
    }
}

/// Looks at the child `desired`: first at the copy in the cache, and before anything is written at the live object, for
/// the cache may be behind and does not hold objects without our label.
///
/// # Errors
/// [`ApplyError`] when the API server does not answer the question.
pub async fn find<K: Child>(
    client: &Client,
    desired: &Prepared<K>,
    cached: Option<Arc<K>>,
) -> Result<Finding<K>, ApplyError> {
    Ok(find_fitting(client, desired.object(), cached, |_| desired.clone()).await?.1)
}

/// The same for an object whose desired state depends on what is there, since some of it cannot be changed any more.
/// `fit` makes it from the copy that is looked at; `named` has its name and namespace.
///
/// # Errors
/// [`ApplyError`] when the API server does not answer the question.
pub async fn find_fitting<K: Child>(
    client: &Client,
    named: &K,
    cached: Option<Arc<K>>,
    mut fit: impl FnMut(Option<&K>) -> Prepared<K> + Send,
) -> Result<(Prepared<K>, Finding<K>), ApplyError> {
    if let Some(cached) = cached {
        let desired = fit(Some(&cached));
        if let found @ Finding::Same(_) = compare(&desired, cached) {
            return Ok((desired, found));
        }
    }
    let name = named.name_any();
    match api::<K>(client, named).get_opt(&name).await {
        Ok(Some(live)) => {
            let desired = fit(Some(&live));
            let found = compare(&desired, Arc::new(live));
            Ok((desired, found))
        }
        Ok(None) => Ok((fit(None), Finding::Differs(None))),
        Err(error) => Err(ApplyError::new::<K>(&name, error)),
    }
}

fn compare<K: Child>(desired: &Prepared<K>, actual: Arc<K>) -> Finding<K> {
    let meta = actual.meta();
    if !desired.belongs_to_same_owner(meta) {
        return Finding::Foreign;
    }
    if meta.deletion_timestamp.is_some() {
        return Finding::Leaving;
    }
    let uid = meta.uid.clone();
    let wanted = serde_json::to_value(desired.object()).unwrap_or_default();
    let same = serde_json::to_value(&*actual).is_ok_and(|actual| covers(&actual, &wanted));
    if same { Finding::Same(actual) } else { Finding::Differs(uid) }
}

/// Applies `desired` if `finding` says so, and returns the child as it is then; none while it is being deleted or
/// belongs to someone else. The UID makes sure that only the object that was looked at is written.
///
/// # Errors
/// [`ApplyError`] when the API server does not take it.
pub async fn write<K: Child>(
    client: &Client,
    desired: &Prepared<K>,
    finding: Finding<K>,
) -> Result<Option<Arc<K>>, ApplyError> {
    let uid = match finding {
        Finding::Same(actual) => return Ok(Some(actual)),
        Finding::Foreign | Finding::Leaving => return Ok(None),
        Finding::Differs(uid) => uid,
    };
    let mut object = desired.object.clone();
    object.meta_mut().uid = uid;
    let name = object.name_any();
    let params = PatchParams::apply(FIELD_MANAGER).force();
    let written = api::<K>(client, &object).patch(&name, &params, &Patch::Apply(&object)).await;
    tracing::debug!(kind = %K::kind(&()), name, ok = written.is_ok(), "applied");
    written.map(|written| Some(Arc::new(written))).map_err(|error| ApplyError::new::<K>(&name, error))
}

pub(super) fn api<K: Child>(client: &Client, object: &K) -> Api<K> {
    Api::namespaced(client.clone(), &object.namespace().unwrap_or_default())
}
