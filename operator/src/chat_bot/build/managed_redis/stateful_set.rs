//! The server: one pod that never runs twice at the same time, with a volume that outlives it.
//!
//! The volume is an object of our own ([`super::super::claim`]) and not the StatefulSet's: a template of volumes can
//! never be changed, and a volume can grow.

use chatops_crds::bot_config::render::managed_redis_name;
use k8s_openapi::{
    api::{
        apps::v1::{StatefulSet, StatefulSetSpec},
        core::v1::{
            Container, ContainerPort, ExecAction, PodSpec, PodTemplateSpec, Probe, ResourceRequirements,
            VolumeMount,
        },
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};

use super::{
    super::{
        super::{dereference::child_name, validate::ValidatedBot},
        metadata, non_empty, security, volumes,
    },
    PORT, PORT_NAME, scripts,
};
use crate::{bots::servers::REDIS_CONTAINER, cluster::labels};

/// User and group of the server: those of the image `redis`. Any other would do as well.
const USER: i64 = 999;

/// Old revisions that are kept for people to look at.
const HISTORY: i32 = 2;

/// Seconds for the server to write its file out when it is told to end.
const GRACE: i64 = 60;

/// Name of the volume in the pod.
const DATA: &str = "data";

pub(super) fn build(bot: &ValidatedBot) -> StatefulSet {
    let selector = labels::redis_selector(&bot.name);
    let template = PodTemplateSpec {
        metadata: Some(ObjectMeta { labels: Some(labels::redis(&bot.name)), ..ObjectMeta::default() }),
        spec: Some(pod(bot)),
    };
    StatefulSet {
        metadata: metadata::of_redis(bot),
        spec: Some(StatefulSetSpec {
            replicas: Some(1),
            revision_history_limit: Some(HISTORY),
            selector: LabelSelector { match_labels: Some(selector), ..LabelSelector::default() },
            service_name: Some(managed_redis_name(&bot.name)),
            // With the default a pod that does not become ready is not replaced when the spec is corrected (Kubernetes
            // docs, "StatefulSets", Forced rollback).
            pod_management_policy: Some("Parallel".into()),
            template,
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    }
}

/// It goes where the bot's pods go, but for the rules by which several of these spread.
fn pod(bot: &ValidatedBot) -> PodSpec {
    let pod = &bot.spec.pod;
    let mut security = security::pod(Some(USER));
    security.run_as_user = Some(USER);
    security.run_as_group = Some(USER);
    PodSpec {
        automount_service_account_token: Some(false),
        containers: vec![container(bot)],
        enable_service_links: Some(false),
        image_pull_secrets: non_empty(pod.image_pull_secrets.clone()),
        node_selector: pod.node_selector.clone().filter(|selector| !selector.is_empty()),
        priority_class_name: pod.priority_class_name.clone(),
        security_context: Some(security),
        service_account_name: Some(child_name(&bot.name)),
        termination_grace_period_seconds: Some(GRACE),
        tolerations: non_empty(pod.tolerations.clone()),
        volumes: Some(vec![
            volumes::password(bot).volume,
            volumes::claimed(DATA, &managed_redis_name(&bot.name)),
        ]),
        ..PodSpec::default()
    }
}

fn container(bot: &ValidatedBot) -> Container {
    let data =
        VolumeMount { name: DATA.into(), mount_path: scripts::DATA_DIR.into(), ..VolumeMount::default() };
    let resources = ResourceRequirements {
        requests: Some(security::amounts(&[("cpu", "10m"), ("memory", "64Mi")])),
        limits: Some(security::amounts(&[("memory", "256Mi")])),
        ..ResourceRequirements::default()
    };
    Container {
        name: REDIS_CONTAINER.into(),
        image: Some(bot.redis_image.clone()),
        command: Some(shell(scripts::start(&managed_redis_name(&bot.name)))),
        liveness_probe: Some(Probe {
            period_seconds: Some(10),
            timeout_seconds: Some(5),
            // A disk that is slow for a while holds the server up.
            failure_threshold: Some(6),
            ..probe(scripts::liveness())
        }),
        readiness_probe: Some(Probe {
            period_seconds: Some(3),
            timeout_seconds: Some(3),
            ..probe(scripts::readiness())
        }),
        ports: Some(vec![ContainerPort {
            name: Some(PORT_NAME.into()),
            container_port: PORT,
            protocol: Some("TCP".into()),
            ..ContainerPort::default()
        }]),
        resources: Some(resources),
        security_context: Some(security::container()),
        volume_mounts: Some(vec![volumes::password(bot).mount(), data]),
        ..Container::default()
    }
}

fn probe(script: String) -> Probe {
    Probe { exec: Some(ExecAction { command: Some(shell(script)) }), ..Probe::default() }
}

fn shell(script: String) -> Vec<String> {
    vec!["sh".into(), "-c".into(), script]
}
