//! The managed Redis: its password is made once, its objects are kept as they should be, and where none is wanted any
//! more the server is stopped and its data are left.

use futures::{future::join, join};
use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::Service,
    networking::v1::NetworkPolicy,
};
use kube::{Client, Resource};

use super::{
    super::{
        build::{
            Resources,
            managed_redis::{ManagedRedis, with_password},
        },
        dereference::RedisChildren,
    },
    named,
};
use crate::cluster::{
    apply::{ApplyError, Finding, find, write as write_child},
    create::create_once,
    retire,
    rollout::is_rolled_out,
};

/// Random bytes of a password: as many as a key of AES-256 has.
const PASSWORD_BYTES: usize = 32;

pub(super) struct Findings {
    network_policy: Finding<NetworkPolicy>,
    service: Finding<Service>,
    stateful_set: Finding<StatefulSet>,
}

pub(super) async fn look(
    client: &Client,
    redis: &ManagedRedis,
    children: &RedisChildren,
) -> Result<Findings, ApplyError> {
    let ((network_policy, service), stateful_set) = join!(
        join(
            find(client, &redis.network_policy, children.network_policy.clone()),
            find(client, &redis.service, children.service.clone()),
        ),
        find(client, &redis.stateful_set, children.stateful_set.clone()),
    );
    Ok(Findings { network_policy: network_policy?, service: service?, stateful_set: stateful_set? })
}

pub(super) fn foreign(redis: &ManagedRedis, findings: &Findings) -> [Option<String>; 3] {
    [
        named(&redis.network_policy, &findings.network_policy),
        named(&redis.service, &findings.service),
        named(&redis.stateful_set, &findings.stateful_set),
    ]
}

/// The server comes last: before, nobody can reach it who should not, and its password exists.
///
/// That the password exists is known from the StatefulSet, which is never written before, and cannot be looked at. So it
/// is created again only where that is missing, or where a bot says that the Secret is (`secret_is_missed`).
pub(super) async fn write(
    client: &Client,
    redis: &ManagedRedis,
    findings: Findings,
    secret_is_missed: bool,
) -> Result<(), ApplyError> {
    // Without `..`, so that a kind cannot be forgotten.
    let ManagedRedis { secret, network_policy, service, stateful_set } = redis;
    write_child(client, network_policy, findings.network_policy).await?;
    write_child(client, service, findings.service).await?;
    if secret_is_missed || matches!(findings.stateful_set, Finding::Differs(None)) {
        create_once(client, &with_password(secret, password())).await?;
    }
    write_child(client, stateful_set, findings.stateful_set).await?;
    Ok(())
}

/// Stops a server that the spec no longer wants, once no pod is left that was made for it.
pub(super) async fn stop_unwanted(
    client: &Client,
    resources: &Resources,
    children: &RedisChildren,
    deployment: &Deployment,
) -> Result<(), ApplyError> {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or_default();
    let unwanted = children
        .stateful_set
        .as_ref()
        .filter(|_| resources.managed_redis.is_none() && is_rolled_out(deployment, wanted))
        .filter(|server| resources.deployment.belongs_to_same_owner(server.meta()));
    match unwanted {
        Some(server) => retire::stop(client, server).await,
        None => Ok(()),
    }
}

fn password() -> String {
    chatops_crds::shared::hash::hex(&rand::random::<[u8; PASSWORD_BYTES]>())
}
