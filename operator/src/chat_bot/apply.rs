//! Step 4: the objects as they should be → the objects as they are.
//!
//! All are looked at before the first is written, so that a foreign object is named before anything refers to it. The
//! order of writing: what the pods need comes before the pods, which otherwise start with the configuration before.

use std::{sync::Arc, time::Duration};

use futures::future::join;
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
};
use kube::{Client, Resource, ResourceExt};

use super::{build::Resources, dereference::Children};
use crate::cluster::apply::{ApplyError, Child, Finding, Prepared, find, write};

/// What was applied, as far as the status speaks of it.
#[derive(Debug)]
pub struct Applied {
    /// None while the one before is being deleted.
    pub deployment: Option<Arc<Deployment>>,
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
    deployment: Finding<Deployment>,
}

/// Makes the cluster have `resources`; `children` are the objects as the caches have them.
///
/// # Errors
/// The first thing that stood in the way; what comes before it in the order is applied.
pub async fn apply(client: &Client, resources: &Resources, children: &Children) -> Result<Applied, Error> {
    let findings = look(client, resources, children).await?;
    let objects = foreign(resources, &findings);
    if !objects.is_empty() {
        return Err(Error::Foreign { objects });
    }
    // Without `..`, so that a kind cannot be forgotten.
    let Resources { service_account, config_map, service, network_policy, deployment } = resources;
    write(client, service_account, findings.service_account).await?;
    write(client, config_map, findings.config_map).await?;
    write(client, network_policy, findings.network_policy).await?;
    write(client, service, findings.service).await?;
    let deployment = write(client, deployment, findings.deployment).await?;
    Ok(Applied { deployment })
}

async fn look(client: &Client, resources: &Resources, children: &Children) -> Result<Findings, ApplyError> {
    let Children { service_account, config_map, service, network_policy, deployment } = children;
    let ((service_account, config_map), (service, network_policy), deployment) = futures::join!(
        join(
            find(client, &resources.service_account, service_account.clone()),
            find(client, &resources.config_map, config_map.clone()),
        ),
        join(
            find(client, &resources.service, service.clone()),
            find(client, &resources.network_policy, network_policy.clone()),
        ),
        find(client, &resources.deployment, deployment.clone()),
    );
    Ok(Findings {
        service_account: service_account?,
        config_map: config_map?,
        service: service?,
        network_policy: network_policy?,
        deployment: deployment?,
    })
}

fn foreign(resources: &Resources, findings: &Findings) -> Vec<String> {
    [
        named(&resources.service_account, &findings.service_account),
        named(&resources.config_map, &findings.config_map),
        named(&resources.service, &findings.service),
        named(&resources.network_policy, &findings.network_policy),
        named(&resources.deployment, &findings.deployment),
    ]
    .into_iter()
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
