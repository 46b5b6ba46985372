//! Only this bot's pods may talk to the server, and the server to nobody: it answers, and asks nothing.

use k8s_openapi::{
    api::networking::v1::{
        NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{
    super::{super::validate::ValidatedBot, metadata},
    PORT,
};
use crate::cluster::labels;

pub(super) fn build(bot: &ValidatedBot) -> NetworkPolicy {
    let pods = |labels| LabelSelector { match_labels: Some(labels), ..LabelSelector::default() };
    let bots = NetworkPolicyPeer {
        pod_selector: Some(pods(labels::selector(&bot.name))),
        ..NetworkPolicyPeer::default()
    };
    let port = NetworkPolicyPort {
        port: Some(IntOrString::Int(PORT)),
        protocol: Some("TCP".into()),
        ..NetworkPolicyPort::default()
    };
    NetworkPolicy {
        metadata: metadata::of_redis(bot),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(pods(labels::redis_selector(&bot.name))),
            policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
            ingress: Some(vec![NetworkPolicyIngressRule { from: Some(vec![bots]), ports: Some(vec![port]) }]),
            egress: None,
        }),
    }
}
