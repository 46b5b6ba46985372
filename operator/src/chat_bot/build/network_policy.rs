//! Who may talk to the bot's pods: the operator, and what scrapes metrics in the bot's own namespace. What the bot
//! may talk to is not limited, since Slack has no stable addresses.

use chatops_crds::bot_report::PORT;
use k8s_openapi::{
    api::networking::v1::{
        NetworkPolicy, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::{super::validate::ValidatedBot, metadata};
use crate::cluster::labels;

/// Label that every namespace carries (Kubernetes docs, "Well-Known Labels").
const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

pub fn build(bot: &ValidatedBot) -> NetworkPolicy {
    let operator = LabelSelector {
        match_labels: Some([(NAMESPACE_NAME.into(), bot.operator_namespace.clone())].into()),
        ..LabelSelector::default()
    };
    let peers = vec![
        NetworkPolicyPeer { namespace_selector: Some(operator), ..NetworkPolicyPeer::default() },
        NetworkPolicyPeer { pod_selector: Some(LabelSelector::default()), ..NetworkPolicyPeer::default() },
    ];
    let port = NetworkPolicyPort {
        port: Some(IntOrString::Int(PORT)),
        protocol: Some("TCP".into()),
        ..NetworkPolicyPort::default()
    };
    let pods = LabelSelector { match_labels: Some(labels::selector(&bot.name)), ..LabelSelector::default() };
    NetworkPolicy {
        metadata: metadata::build(bot),
        spec: Some(NetworkPolicySpec {
            pod_selector: Some(pods),
            policy_types: Some(vec!["Ingress".into()]),
            ingress: Some(vec![NetworkPolicyIngressRule { from: Some(peers), ports: Some(vec![port]) }]),
            egress: None,
        }),
    }
}
