//! The volume of a storage that lives in the cluster: the embedded store's, or the managed Redis's.
//!
//! Of a volume that is there hardly anything can be changed: it grows and never shrinks, and stays in its storage class.
//! So what is wanted is fitted to what is there, and what does not fit is a problem to tell, not one to fail on.

use k8s_openapi::{
    api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements},
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta},
};

use super::{super::validate::ValidatedBot, metadata};
use crate::cluster::{apply::Prepared, quantity};

/// The resource that a volume's size is.
const STORAGE: &str = "storage";

/// A volume as the spec wants it.
#[derive(Clone, Debug)]
pub struct Claim {
    object: PersistentVolumeClaim,
    /// The member of the spec that wants it, e.g. `spec.storage.embedded`.
    pub field: &'static str,
}

/// What of the spec a volume that is there does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(
        "{field}.size is {wanted}, and PersistentVolumeClaim \"{claim}\" has {actual}: a volume cannot shrink, so set it to {actual}"
    )]
    Smaller { field: &'static str, claim: String, wanted: String, actual: String },
    #[error(
        "{field}.storageClassName is \"{wanted}\", and PersistentVolumeClaim \"{claim}\" is of class \"{actual}\": it cannot be changed, so set it to \"{actual}\", or move the data (`chatops-bot storage export`), delete the PersistentVolumeClaim and import them"
    )]
    OtherClass { field: &'static str, claim: String, wanted: String, actual: String },
    /// In the API server's words.
    #[error(
        "PersistentVolumeClaim \"{claim}\" cannot be changed as {field} wants it ({message}): if its storage class does not allow volumes to grow, set {field}.size back"
    )]
    Refused { field: &'static str, claim: String, message: String },
}

/// The volume of `bot`'s storage, if that is one in the cluster.
pub fn build(bot: &ValidatedBot) -> Option<Claim> {
    let storage = &bot.spec.storage;
    if let Some(embedded) = &storage.embedded {
        let metadata = metadata::kept(metadata::build(bot), embedded.deletion_policy);
        let object = claim(metadata, &embedded.size, embedded.storage_class_name.clone());
        return Some(Claim { object, field: "spec.storage.embedded" });
    }
    let redis = storage.managed_redis.as_ref()?;
    let metadata = metadata::kept(metadata::of_redis(bot), redis.deletion_policy);
    let object = claim(metadata, &redis.size, redis.storage_class_name.clone());
    Some(Claim { object, field: "spec.storage.managedRedis" })
}

fn claim(metadata: ObjectMeta, size: &str, class: Option<String>) -> PersistentVolumeClaim {
    let requests = Some([(STORAGE.into(), Quantity(size.into()))].into());
    PersistentVolumeClaim {
        metadata,
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".into()]),
            resources: Some(VolumeResourceRequirements { requests, ..VolumeResourceRequirements::default() }),
            storage_class_name: class,
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    }
}

impl Claim {
    /// The object as the spec wants it, whatever is there.
    pub fn wanted(&self) -> &PersistentVolumeClaim {
        &self.object
    }

    /// The object that can be applied over `actual`. It takes up a volume that an earlier ChatBot of the name left.
    pub fn fit(&self, actual: Option<&PersistentVolumeClaim>) -> Prepared<PersistentVolumeClaim> {
        let mut object = self.object.clone();
        if let Some(actual) = actual
            && let Some(spec) = &mut object.spec
        {
            if let Some(size) = self.size_to_keep(actual) {
                let requests = Some([(STORAGE.into(), Quantity(size))].into());
                spec.resources.get_or_insert_default().requests = requests;
            }
            // Also where none is wanted any more: it could not be taken out, either.
            spec.storage_class_name = class(actual).or(spec.storage_class_name.take());
        }
        Prepared::fitted(object, &self.object)
    }

    /// What the spec wants of `actual` in vain.
    pub fn unfit(&self, actual: &PersistentVolumeClaim) -> Option<Unfit> {
        let claim = || self.object.metadata.name.clone().unwrap_or_default();
        let field = self.field;
        if let Some(actual) = self.size_to_keep(actual) {
            let wanted = size(&self.object).unwrap_or_default();
            return Some(Unfit::Smaller { field, claim: claim(), wanted, actual });
        }
        let actual = self.class_to_keep(actual)?;
        let wanted = class(&self.object).unwrap_or_default();
        Some(Unfit::OtherClass { field, claim: claim(), wanted, actual })
    }

    /// The size that is there, if it is more than the wanted one.
    fn size_to_keep(&self, actual: &PersistentVolumeClaim) -> Option<String> {
        let (actual, wanted) = (size(actual)?, size(&self.object)?);
        (quantity::nanos(&actual)? > quantity::nanos(&wanted)?).then_some(actual)
    }

    /// The storage class that is there, if another one is wanted.
    fn class_to_keep(&self, actual: &PersistentVolumeClaim) -> Option<String> {
        let (actual, wanted) = (class(actual)?, class(&self.object)?);
        (actual != wanted).then_some(actual)
    }
}

fn size(claim: &PersistentVolumeClaim) -> Option<String> {
    let requests = claim.spec.as_ref()?.resources.as_ref()?.requests.as_ref()?;
    requests.get(STORAGE).map(|size| size.0.clone())
}

fn class(claim: &PersistentVolumeClaim) -> Option<String> {
    claim.spec.as_ref()?.storage_class_name.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(size: &str, class: Option<&str>) -> PersistentVolumeClaim {
        let metadata = ObjectMeta { name: Some("ops-bot".into()), ..ObjectMeta::default() };
        claim(metadata, size, class.map(str::to_owned))
    }

    fn wants(size: &str, class: Option<&str>) -> Claim {
        Claim { object: volume(size, class), field: "spec.storage.embedded" }
    }

    fn sizes(claim: &Claim, actual: &PersistentVolumeClaim) -> Option<String> {
        size(claim.fit(Some(actual)).object())
    }

    #[test]
    fn a_volume_grows_and_never_shrinks() {
        assert_eq!(sizes(&wants("2Gi", None), &volume("1Gi", None)), Some("2Gi".into()));
        assert_eq!(wants("2Gi", None).unfit(&volume("1Gi", None)), None);
        assert_eq!(sizes(&wants("1Gi", None), &volume("2Gi", None)), Some("2Gi".into()));
        let message = wants("1Gi", None).unfit(&volume("2Gi", None)).unwrap().to_string();
        for word in ["spec.storage.embedded.size is 1Gi", "\"ops-bot\" has 2Gi", "set it to 2Gi"] {
            assert!(message.contains(word), "{word} is not in {message}");
        }
    }

    #[test]
    fn the_same_size_in_other_words_is_the_same() {
        assert_eq!(wants("1024Mi", None).unfit(&volume("1Gi", None)), None);
    }

    #[test]
    fn a_storage_class_stays() {
        let (claim, actual) = (wants("1Gi", Some("fast")), volume("1Gi", Some("slow")));
        assert_eq!(class(claim.fit(Some(&actual)).object()), Some("slow".into()));
        assert_eq!(class(wants("1Gi", None).fit(Some(&actual)).object()), Some("slow".into()));
        assert!(matches!(claim.unfit(&actual), Some(Unfit::OtherClass { .. })));
        assert_eq!(wants("1Gi", None).unfit(&actual), None, "the default is what it was");
        assert_eq!(class(claim.fit(Some(&volume("1Gi", None))).object()), Some("fast".into()));
    }
}
