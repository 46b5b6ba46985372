//! Step 4: the objects as they should be → the objects as they are.
//!
//! All are looked at before the first is written, so that a foreign object is named before anything refers to it. The
//! order of writing: what the pods need comes before the pods, which otherwise start with the configuration before.

mod claim;
mod managed_redis;

use std::{sync::Arc, time::Duration};

use chatops_crds::bot_report::FaultCode;
use futures::future::join;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use kube::{Client, Resource, ResourceExt};

use super::{
    build::{Resources, claim::Unfit},
    dereference::{Children, Dereferenced},
};
use crate::{
    bots::pods::BotPod,
    cluster::apply::{ApplyError, Child, Finding, Prepared, find, write},
};

/// What was applied, as far as the status speaks of it.
#[derive(Debug)]
pub struct Applied {
    /// None while the one before is being deleted.
    pub deployment: Option<Arc<Deployment>>,
    /// What of the spec the volume does not fit.
    pub unfit: Option<Unfit>,
}

/// Why not everything could be applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Objects of the needed names that belong to someone else, as `Kind "name"`.
    #[error("{} already exists and does not belong to this ChatBot", objects.join(" and "))]
    Foreign { objects: Vec<String> },
    #[error(transparent)]
    Child(#[from] ApplyError),
}

impl Error {
    /// If it is a state that the status reports: when to see whether it is over, since no watch tells. Otherwise none,
    /// and trying again soon may help.
    pub fn look_again(&self) -> Option<Duration> {
        match self {
            Error::Foreign { .. } => Some(Duration::from_secs(5)),
            Error::Child(ApplyError::Forbidden { .. }) => Some(Duration::from_secs(10)),
            Error::Child(ApplyError::Invalid { .. }) => Some(Duration::from_secs(60)),
            Error::Child(ApplyError::Request { .. }) => None,
        }
    }
}

struct Findings {
    service_account: Finding<ServiceAccount>,
    config_map: Finding<ConfigMap>,
    service: Finding<Service>,
    network_policy: Finding<NetworkPolicy>,
    disruption_budget: Finding<PodDisruptionBudget>,
    claim: Option<claim::Found>,
    managed_redis: Option<managed_redis::Findings>,
    deployment: Finding<Deployment>,
}

/// Makes the cluster have `resources`; `found` is what is there, as the caches have it.
///
/// # Errors
/// The first thing that stood in the way; what comes before it in the order is applied.
pub async fn apply(client: &Client, resources: &Resources, found: &Dereferenced) -> Result<Applied, Error> {
    let findings = Box::pin(look(client, resources, &found.children)).await?;
    let objects = foreign(resources, &findings);
    if !objects.is_empty() {
        return Err(Error::Foreign { objects });
    }
    // Without `..`, so that a kind cannot be forgotten. The claim is part of what was found.
    let Resources {
        service_account,
        config_map,
        service,
        network_policy,
        disruption_budget,
        claim: _,
        managed_redis,
        deployment,
    } = resources;
    write(client, service_account, findings.service_account).await?;
    write(client, config_map, findings.config_map).await?;
    write(client, network_policy, findings.network_policy).await?;
    write(client, service, findings.service).await?;
    write(client, disruption_budget, findings.disruption_budget).await?;
    let unfit = match findings.claim {
        Some(found) => claim::write(client, found).await?,
        None => None,
    };
    if let (Some(redis), Some(findings)) = (managed_redis, findings.managed_redis) {
        managed_redis::write(client, redis, findings, secret_is_missed(&found.pods)).await?;
    }
    let deployment = write(client, deployment, findings.deployment).await?;
    if let Some(deployment) = &deployment {
        managed_redis::stop_unwanted(client, resources, &found.children.redis, deployment).await?;
    }
    Ok(Applied { deployment, unfit })
}

async fn look(client: &Client, resources: &Resources, children: &Children) -> Result<Findings, ApplyError> {
    let Children {
        service_account, config_map, service, network_policy, disruption_budget, deployment, ..
    } = children;
    let ((service_account, config_map), (service, network_policy), (disruption_budget, deployment), storage) = futures::join!(
        join(
            find(client, &resources.service_account, service_account.clone()),
            find(client, &resources.config_map, config_map.clone()),
        ),
        join(
            find(client, &resources.service, service.clone()),
            find(client, &resources.network_policy, network_policy.clone()),
        ),
        join(
            find(client, &resources.disruption_budget, disruption_budget.clone()),
            find(client, &resources.deployment, deployment.clone()),
        ),
        look_at_storage(client, resources, children),
    );
    let (claim, managed_redis) = storage?;
    Ok(Findings {
        service_account: service_account?,
        config_map: config_map?,
        service: service?,
        network_policy: network_policy?,
        disruption_budget: disruption_budget?,
        claim,
        managed_redis,
        deployment: deployment?,
    })
}

async fn look_at_storage(
    client: &Client,
    resources: &Resources,
    children: &Children,
) -> Result<(Option<claim::Found>, Option<managed_redis::Findings>), ApplyError> {
    let redis = match &resources.managed_redis {
        Some(redis) => Some(managed_redis::look(client, redis, &children.redis).await?),
        None => None,
    };
    let cached = if redis.is_some() { &children.redis.claim } else { &children.claim };
    let claim = match &resources.claim {
        Some(claim) => Some(claim::look(client, claim, cached.clone()).await?),
        None => None,
    };
    Ok((claim, redis))
}

/// A bot that runs does not find its password: somebody has deleted the Secret.
fn secret_is_missed(pods: &[BotPod]) -> bool {
    let faults = pods.iter().filter_map(|pod| pod.says()?.storage.fault.as_ref());
    faults.into_iter().any(|fault| fault.code == FaultCode::StorageSecretNotFound)
}

fn foreign(resources: &Resources, findings: &Findings) -> Vec<String> {
    let redis = resources.managed_redis.as_ref().zip(findings.managed_redis.as_ref());
    [
        named(&resources.service_account, &findings.service_account),
        named(&resources.config_map, &findings.config_map),
        named(&resources.service, &findings.service),
        named(&resources.network_policy, &findings.network_policy),
        named(&resources.disruption_budget, &findings.disruption_budget),
        findings.claim.as_ref().and_then(|claim| named(&claim.desired, &claim.finding)),
        named(&resources.deployment, &findings.deployment),
    ]
    .into_iter()
    .chain(redis.into_iter().flat_map(|(redis, findings)| managed_redis::foreign(redis, findings)))
    .flatten()
    .collect()
}

fn named<K: Child + Resource<DynamicType = ()>>(
    desired: &Prepared<K>,
    finding: &Finding<K>,
) -> Option<String> {
    matches!(finding, Finding::Foreign)
        .then(|| format!("{} \"{}\"", K::kind(&()), desired.object().name_any()))
}
