//! `storage.managedRedis`: one Redis server, its address, who may talk to it, and its password.

mod network_policy;
mod scripts;
mod secret;
mod service;
mod stateful_set;

use k8s_openapi::api::{
    apps::v1::StatefulSet,
    core::v1::{Secret, Service},
    networking::v1::NetworkPolicy,
};

use super::super::validate::ValidatedBot;
use crate::cluster::apply::Prepared;

pub use secret::with_password;

/// Port of the server (IANA).
const PORT: i32 = 6379;

/// Name of the port.
const PORT_NAME: &str = "redis";

/// The objects of a managed Redis, but for its volume.
#[derive(Clone, Debug)]
pub struct ManagedRedis {
    /// Without the password, which is made when the Secret is created, and never read again.
    pub secret: Secret,
    pub network_policy: Prepared<NetworkPolicy>,
    pub service: Prepared<Service>,
    pub stateful_set: Prepared<StatefulSet>,
}

/// The managed Redis of `bot`, if it wants one.
pub fn build(bot: &ValidatedBot) -> Option<ManagedRedis> {
    let redis = bot.spec.storage.managed_redis.as_ref()?;
    Some(ManagedRedis {
        secret: secret::build(bot, redis.deletion_policy),
        network_policy: Prepared::new(network_policy::build(bot)),
        service: Prepared::new(service::build(bot)),
        stateful_set: Prepared::new(stateful_set::build(bot)),
    })
}
