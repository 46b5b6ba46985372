//! The pod template. It passes the *restricted* Pod Security Standard and has no access to the Kubernetes API.

use std::time::Duration;

use chatops_crds::{
    bot_config::{CONFIG_DIR, FILE_NAME},
    bot_report::PORT,
    chat_bot::Dns,
};
use k8s_openapi::{
    api::core::v1::{
        Container, ContainerPort, EnvVar, HTTPGetAction, PodDNSConfig, PodDNSConfigOption, PodSpec,
        PodTemplateSpec, Probe, ResourceRequirements, TopologySpreadConstraint,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use super::{
    super::{dereference::child_name, validate::ValidatedBot},
    non_empty, security,
    volumes::{self, Mounted},
};
use crate::{
    bots::pods::CONTAINER,
    cluster::{apply::hash_of, labels},
};

/// Name of the bot's port.
pub const PORT_NAME: &str = "http";

/// Group of the bot's image (Dockerfile), to which the volume of the embedded store is given.
const GROUP: i64 = 65532;

/// Added to `commands.timeout`, so that a command that runs can end and be answered.
const GRACE_MARGIN: Duration = Duration::from_secs(15);

/// Longest grace period: a node drain should not wait longer for a bot.
const MAX_GRACE: Duration = Duration::from_secs(3600);

/// Options of `resolv.conf` by which a name such as `slack.com` is asked as it is, and a lost packet costs 2 s, not 5.
const DNS_OPTIONS: &[(&str, &str)] = &[("ndots", "1"), ("timeout", "2"), ("attempts", "3")];

pub fn build(bot: &ValidatedBot) -> PodTemplateSpec {
    let mut template = PodTemplateSpec { metadata: Some(metadata(bot)), spec: Some(spec(bot)) };
    let hash = hash_of(&template);
    let metadata = template.metadata.get_or_insert_default();
    metadata.annotations.get_or_insert_default().insert(labels::TEMPLATE.into(), hash);
    template
}

/// The operator's labels and annotations win over the spec's.
fn metadata(bot: &ValidatedBot) -> ObjectMeta {
    let pod = &bot.spec.pod;
    let mut labels = pod.labels.clone();
    labels.extend(labels::common(&bot.name));
    let mut annotations = pod.annotations.clone();
    annotations.insert(labels::RESTART.into(), bot.restart_hash.clone());
    ObjectMeta { labels: Some(labels), annotations: Some(annotations), ..ObjectMeta::default() }
}

fn spec(bot: &ValidatedBot) -> PodSpec {
    let pod = &bot.spec.pod;
    let grace = (bot.spec.commands.timeout() + GRACE_MARGIN).min(MAX_GRACE);
    PodSpec {
        affinity: pod.affinity.clone(),
        automount_service_account_token: Some(false),
        containers: vec![container(bot)],
        dns_config: Some(dns_config(&bot.spec.dns)),
        dns_policy: Some("ClusterFirst".into()),
        enable_service_links: Some(false),
        image_pull_secrets: non_empty(pod.image_pull_secrets.clone()),
        node_selector: pod.node_selector.clone().filter(|selector| !selector.is_empty()),
        priority_class_name: pod.priority_class_name.clone(),
        security_context: Some(security::pod(bot.spec.storage.embedded.as_ref().map(|_| GROUP))),
        service_account_name: Some(child_name(&bot.name)),
        termination_grace_period_seconds: Some(i64::try_from(grace.as_secs()).unwrap_or(i64::MAX)),
        tolerations: non_empty(pod.tolerations.clone()),
        topology_spread_constraints: Some(spread(bot)),
        volumes: Some(volumes::mounted(bot).into_iter().map(|mounted| mounted.volume).collect()),
        ..PodSpec::default()
    }
}

/// Where the spec says nothing: on different nodes and in different zones, if there are some that have room.
fn spread(bot: &ValidatedBot) -> Vec<TopologySpreadConstraint> {
    let constraints = &bot.spec.pod.topology_spread_constraints;
    if !constraints.is_empty() {
        return constraints.clone();
    }
    let pods = LabelSelector { match_labels: Some(labels::selector(&bot.name)), ..LabelSelector::default() };
    let over = |topology: &str| TopologySpreadConstraint {
        label_selector: Some(pods.clone()),
        // Pods that a rollout is about to end do not count.
        match_label_keys: Some(vec!["pod-template-hash".into()]),
        max_skew: 1,
        topology_key: topology.into(),
        when_unsatisfiable: "ScheduleAnyway".into(),
        ..TopologySpreadConstraint::default()
    };
    vec![over("kubernetes.io/hostname"), over("topology.kubernetes.io/zone")]
}

fn container(bot: &ValidatedBot) -> Container {
    let pod = &bot.spec.pod;
    let env = |var: &chatops_crds::chat_bot::pod::EnvVar| EnvVar {
        name: var.name.clone(),
        value: Some(var.value.clone()),
        ..EnvVar::default()
    };
    Container {
        name: CONTAINER.into(),
        image: Some(bot.image.clone()),
        args: Some(vec!["run".into(), "--config".into(), format!("{CONFIG_DIR}/{FILE_NAME}")]),
        env: non_empty(pod.env.iter().map(env).collect()),
        liveness_probe: Some(Probe {
            period_seconds: Some(10),
            timeout_seconds: Some(5),
            ..probe("/healthz")
        }),
        // Every second: what becomes ready should be seen at once, and the bot answers from memory.
        readiness_probe: Some(Probe {
            period_seconds: Some(1),
            timeout_seconds: Some(3),
            ..probe("/readyz")
        }),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.into()),
            container_port: PORT,
            protocol: Some("TCP".into()),
            ..ContainerPort::default()
        }]),
        resources: Some(pod.resources.clone().unwrap_or_else(default_resources)),
        security_context: Some(security::container()),
        volume_mounts: Some(volumes::mounted(bot).iter().map(Mounted::mount).collect()),
        ..Container::default()
    }
}

fn probe(path: &str) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.into()),
            port: IntOrString::String(PORT_NAME.into()),
            ..HTTPGetAction::default()
        }),
        ..Probe::default()
    }
}

fn default_resources() -> ResourceRequirements {
    ResourceRequirements {
        requests: Some(security::amounts(&[("cpu", "10m"), ("memory", "32Mi")])),
        limits: Some(security::amounts(&[("memory", "128Mi")])),
        ..ResourceRequirements::default()
    }
}

fn dns_config(dns: &Dns) -> PodDNSConfig {
    let defaults =
        DNS_OPTIONS.iter().filter(|(name, _)| dns.options.iter().all(|option| option.name != *name));
    let option = |name: &str, value: Option<String>| PodDNSConfigOption { name: Some(name.into()), value };
    let options = defaults
        .map(|(name, value)| option(name, Some((*value).into())))
        .chain(dns.options.iter().map(|o| option(&o.name, o.value.clone())))
        .collect();
    PodDNSConfig {
        nameservers: non_empty(dns.nameservers.iter().map(|nameserver| nameserver.0.clone()).collect()),
        options: Some(options),
        searches: None,
    }
}
