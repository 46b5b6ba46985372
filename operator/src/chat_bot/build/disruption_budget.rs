//! Who drains nodes takes one pod of a bot at a time, and does not wait for a pod that is broken anyway.

use k8s_openapi::{
    api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{super::validate::ValidatedBot, metadata};
use crate::cluster::labels;

pub fn build(bot: &ValidatedBot) -> PodDisruptionBudget {
    let pods = LabelSelector { match_labels: Some(labels::selector(&bot.name)), ..LabelSelector::default() };
    PodDisruptionBudget {
        metadata: metadata::build(bot),
        spec: Some(PodDisruptionBudgetSpec {
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(pods),
            unhealthy_pod_eviction_policy: Some("AlwaysAllow".into()),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    }
}
