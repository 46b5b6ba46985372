//! Name, labels and owner of every object.

use std::collections::BTreeMap;

use chatops_crds::{bot_config::render::managed_redis_name, chat_bot::storage::DeletionPolicy};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::{dereference::child_name, validate::ValidatedBot};
use crate::cluster::labels;

/// Metadata of an object of `bot` itself.
pub fn build(bot: &ValidatedBot) -> ObjectMeta {
    named(bot, child_name(&bot.name), labels::common(&bot.name))
}

/// Metadata of an object of `bot`'s managed Redis.
pub fn of_redis(bot: &ValidatedBot) -> ObjectMeta {
    named(bot, managed_redis_name(&bot.name), labels::redis(&bot.name))
}

/// The same of an object that holds data: by `policy` it outlives the ChatBot, which then owns it in name only.
pub fn kept(metadata: ObjectMeta, policy: DeletionPolicy) -> ObjectMeta {
    match policy {
        DeletionPolicy::Retain => ObjectMeta { owner_references: None, ..metadata },
        DeletionPolicy::Delete => metadata,
    }
}

fn named(bot: &ValidatedBot, name: String, mut labels: BTreeMap<String, String>) -> ObjectMeta {
    labels.insert(labels::VERSION.into(), env!("CARGO_PKG_VERSION").into());
    ObjectMeta {
        name: Some(name),
        namespace: Some(bot.namespace.clone()),
        labels: Some(labels),
        annotations: Some([(labels::OWNER_UID.into(), bot.owner.uid.clone())].into()),
        owner_references: Some(vec![bot.owner.clone()]),
        ..ObjectMeta::default()
    }
}
