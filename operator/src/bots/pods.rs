//! What a pod's object and its report say about a bot, reduced to what matters.

use chatops_crds::bot_report::BotReport;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

pub use super::obstacle::Obstacle;
use super::{
    obstacle::{self, is_ready},
    reports::{ReportState, Reports},
};
use crate::cluster::{cache::Cache, labels};

/// Name of the bot's container.
pub const CONTAINER: &str = "bot";

/// One pod of a bot.
#[derive(Clone, Debug, PartialEq)]
pub struct BotPod {
    pub name: String,
    pub uid: String,
    /// Hash of the template it was made from.
    pub template: Option<String>,
    /// It is told to end: what it still answers does not count.
    pub leaving: bool,
    /// Its process runs.
    pub running: bool,
    /// The kubelet says it is ready.
    pub ready: bool,
    /// What keeps its process from running.
    pub obstacle: Option<Obstacle>,
    pub report: ReportState,
}

impl BotPod {
    pub fn new(pod: &Pod, report: ReportState) -> Self {
        let status = pod.status.clone().unwrap_or_default();
        Self {
            name: pod.name_any(),
            uid: pod.uid().unwrap_or_default(),
            template: pod.annotations().get(labels::TEMPLATE).cloned(),
            leaving: pod.metadata.deletion_timestamp.is_some(),
            running: status.phase.as_deref() == Some("Running"),
            ready: is_ready(&status),
            obstacle: obstacle::of(pod, CONTAINER),
            report,
        }
    }

    /// Its report, if it is fresh and the pod is here to stay.
    pub fn says(&self) -> Option<&BotReport> {
        match &self.report {
            ReportState::Fresh(report) if !self.leaving => Some(report),
            _ => None,
        }
    }

    /// Whether a message typed now would be answered by this pod.
    pub fn answers(&self) -> bool {
        let well = |report: &BotReport| {
            report.slack.connections > 0
                && report.slack.credentials_fault.is_none()
                && report.slack.missing_required_scopes.is_empty()
                && report.storage.ready
        };
        self.ready && self.says().is_some_and(well)
    }

    /// Its process is up and has not been asked yet, e.g. since the operator has just started.
    pub fn is_awaited(&self) -> bool {
        self.running && !self.leaving && self.obstacle.is_none() && self.report == ReportState::Awaited
    }
}

/// The pods of ChatBot `namespace`/`name`, in the order of names.
pub fn pods_of(cache: &Cache, reports: &Reports, namespace: &str, name: &str) -> Vec<BotPod> {
    let mut pods: Vec<BotPod> = cache
        .pods
        .state_filter(|pod| {
            pod.namespace().as_deref() == Some(namespace) && labels::are_of(pod.labels(), labels::BOT, name)
        })
        .iter()
        .map(|pod| BotPod::new(pod, reports.state(&pod.uid().unwrap_or_default())))
        .collect();
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    pods
}

/// The pod that speaks for its bot: one that answers, else the newest that says anything.
pub fn spokesman<'a>(pods: &'a [BotPod], template: Option<&str>) -> Option<&'a BotPod> {
    let newest = |pod: &&BotPod| template.is_some() && pod.template.as_deref() == template;
    let speaking = || pods.iter().filter(|pod| pod.says().is_some());
    let answering = || speaking().filter(|pod| pod.answers());
    answering()
        .find(newest)
        .or_else(|| answering().next())
        .or_else(|| speaking().find(newest))
        .or_else(|| speaking().next())
}

/// Takes out of a pod what nobody reads, since there may be many.
pub fn prune(pod: &mut Pod) {
    pod.managed_fields_mut().clear();
    let Some(spec) = &mut pod.spec else { return };
    spec.volumes = None;
    spec.affinity = None;
    spec.tolerations = None;
    for container in &mut spec.containers {
        container.env = None;
        container.volume_mounts = None;
        container.liveness_probe = None;
        container.readiness_probe = None;
    }
}
