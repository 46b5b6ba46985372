//! Name, labels and owner of every object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::{dereference::child_name, validate::ValidatedBot};
use crate::cluster::labels;

/// Metadata of an object of `bot`.
pub fn build(bot: &ValidatedBot) -> ObjectMeta {
    let mut own = labels::common(&bot.name);
    own.insert(labels::VERSION.into(), env!("CARGO_PKG_VERSION").into());
    ObjectMeta {
        name: Some(child_name(&bot.name)),
        namespace: Some(bot.namespace.clone()),
        labels: Some(own),
        annotations: Some([(labels::OWNER_UID.into(), bot.owner.uid.clone())].into()),
        owner_references: Some(vec![bot.owner.clone()]),
        ..ObjectMeta::default()
    }
}
