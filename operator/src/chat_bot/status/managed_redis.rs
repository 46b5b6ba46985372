//! The managed Redis as the kubelet sees it: why it is not up. What it says itself, the bot reports.

use chatops_crds::{
    bot_config::render::managed_redis_name,
    shared::conditions::{Reason, Status},
};
use kube::ResourceExt;

use super::{Cause, Facts, facts::placement};
use crate::bots::{pods::Obstacle, servers::ServerPod};

/// Why the server is not up; none if it is, or if there should be none.
pub fn unavailable(facts: &Facts<'_>) -> Option<Cause> {
    facts.bot.spec.storage.managed_redis.as_ref()?;
    let staying = || facts.redis_pods.iter().filter(|pod| !pod.leaving);
    if staying().any(|pod| pod.ready) {
        return None;
    }
    let name = managed_redis_name(&facts.bot.name_any());
    let message = match staying().next() {
        Some(pod) => hindered(pod),
        None => format!(
            "StatefulSet \"{name}\" of the managed Redis has no pod: if that stays so, `kubectl describe statefulset {name}` shows why (a quota, or an admission webhook)"
        ),
    };
    Some(Cause::new(Status::False, Reason::ManagedRedisUnavailable, message))
}

/// The same, only if it will not pass by itself.
pub fn hindrance(facts: &Facts<'_>) -> Option<Cause> {
    let hindered = facts.redis_pods.iter().any(|pod| !pod.leaving && pod.obstacle.is_some());
    unavailable(facts).filter(|_| hindered)
}

fn hindered(pod: &ServerPod) -> String {
    let name = &pod.name;
    match &pod.obstacle {
        Some(Obstacle::ImagePull { image }) => format!(
            "Pod \"{name}\" of the managed Redis cannot pull image \"{image}\": correct spec.storage.managedRedis.image (the operator's default is CHATOPS_REDIS_IMAGE), or name a Secret for the registry in spec.pod.imagePullSecrets"
        ),
        Some(Obstacle::Unschedulable { message }) => {
            format!("no node takes Pod \"{name}\" of the managed Redis ({message}): {}", placement(message))
        }
        Some(Obstacle::Crashing { detail }) => format!(
            "the managed Redis in Pod \"{name}\" ends again and again ({detail}): `kubectl logs {name} --previous` shows why"
        ),
        Some(Obstacle::NotCreated { message }) => format!(
            "the container of Pod \"{name}\" of the managed Redis cannot be created ({message}): check spec.storage.managedRedis.image; `kubectl describe pod {name}` shows more"
        ),
        None => format!(
            "Pod \"{name}\" of the managed Redis is starting: if that stays so, `kubectl describe pod {name}` and `kubectl logs {name}` show why"
        ),
    }
}
