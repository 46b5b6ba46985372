//! The Deployment: the new pod has to be ready before the old one goes, so that a rollout leaves no gap. With an embedded
//! store the old one goes first, since only one can have the file open.

use k8s_openapi::{
    api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{super::validate::ValidatedBot, metadata, pod};
use crate::cluster::labels;

/// Seconds until Kubernetes calls a rollout stuck; most causes are told earlier, by the pod.
const PROGRESS_DEADLINE: i32 = 300;

/// Old ReplicaSets that are kept: the operator rolls back by the spec, people may look at one.
const HISTORY: i32 = 2;

pub fn build(bot: &ValidatedBot) -> Deployment {
    let selector =
        LabelSelector { match_labels: Some(labels::selector(&bot.name)), ..LabelSelector::default() };
    Deployment {
        metadata: metadata::build(bot),
        spec: Some(DeploymentSpec {
            replicas: Some(bot.spec.wanted_replicas()),
            revision_history_limit: Some(HISTORY),
            progress_deadline_seconds: Some(PROGRESS_DEADLINE),
            selector,
            strategy: Some(strategy(bot)),
            template: pod::build(bot),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn strategy(bot: &ValidatedBot) -> DeploymentStrategy {
    if bot.spec.storage.embedded.is_some() {
        return DeploymentStrategy { type_: Some("Recreate".into()), rolling_update: None };
    }
    DeploymentStrategy {
        type_: Some("RollingUpdate".into()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
    }
}
