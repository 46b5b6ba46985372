//! Step 3, pure and infallible: a validated ChatBot → its objects. It cannot fail because validation has looked at
//! everything that could be wrong, and objects are plain values.

pub mod claim;
pub mod config_map;
pub mod deployment;
pub mod disruption_budget;
pub mod managed_redis;
pub mod metadata;
pub mod network_policy;
pub mod pod;
mod security;
pub mod service;
pub mod service_account;
mod volumes;

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};

use super::validate::ValidatedBot;
use crate::cluster::apply::Prepared;
use claim::Claim;
use managed_redis::ManagedRedis;

/// Every object of a bot.
#[derive(Clone, Debug)]
pub struct Resources {
    pub service_account: Prepared<ServiceAccount>,
    pub config_map: Prepared<ConfigMap>,
    pub service: Prepared<Service>,
    pub network_policy: Prepared<NetworkPolicy>,
    pub disruption_budget: Prepared<PodDisruptionBudget>,
    /// The volume of a storage in the cluster.
    pub claim: Option<Claim>,
    pub managed_redis: Option<ManagedRedis>,
    pub deployment: Prepared<Deployment>,
}

/// The objects of `bot`, each stamped with its hash.
pub fn build(bot: &ValidatedBot) -> Resources {
    Resources {
        service_account: Prepared::new(service_account::build(bot)),
        config_map: Prepared::new(config_map::build(bot)),
        service: Prepared::new(service::build(bot)),
        network_policy: Prepared::new(network_policy::build(bot)),
        disruption_budget: Prepared::new(disruption_budget::build(bot)),
        claim: claim::build(bot),
        managed_redis: managed_redis::build(bot),
        deployment: Prepared::new(deployment::build(bot)),
    }
}

fn non_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}
