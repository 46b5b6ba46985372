//! What a pod's object and its report say about a bot, reduced to what matters.

use chatops_crds::bot_report::BotReport;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod, PodStatus};
use kube::ResourceExt;

use super::reports::{ReportState, Reports};
use crate::cluster::{cache::Cache, labels};

/// Name of the bot's container.
pub const CONTAINER: &str = "bot";

/// Restarts after which a container that is not ready counts as crashing, even while it happens to run.
const CRASHES: i32 = 2;

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

/// What keeps a pod's process from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The image cannot be pulled.
    ImagePull { image: String },
    /// No node takes the pod; in the scheduler's words.
    Unschedulable { message: String },
    /// The process ends again; in the kubelet's words, and with the exit code where it is known.
    Crashing { detail: String },
    /// The container cannot be created; in the kubelet's words.
    NotCreated { message: String },
}

impl BotPod {
    pub fn new(pod: &Pod, report: ReportState) -> Self {
        let status = pod.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
        Self {
            name: pod.name_any(),
            uid: pod.uid().unwrap_or_default(),
            template: pod.annotations().get(labels::TEMPLATE).cloned(),
            leaving: pod.metadata.deletion_timestamp.is_some(),
            running: status.phase.as_deref() == Some("Running"),
            ready,
            obstacle: obstacle(pod, &status, ready),
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
            pod.namespace().as_deref() == Some(namespace)
                && pod.labels().get(labels::INSTANCE).is_some_and(|instance| instance == name)
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

fn obstacle(pod: &Pod, status: &PodStatus, ready: bool) -> Option<Obstacle> {
    let unschedulable = status.conditions.iter().flatten().find(|c| {
        c.type_ == "PodScheduled" && c.status == "False" && c.reason.as_deref() == Some("Unschedulable")
    });
    if let Some(condition) = unschedulable {
        return Some(Obstacle::Unschedulable { message: condition.message.clone().unwrap_or_default() });
    }
    let container = status.container_statuses.iter().flatten().find(|c| c.name == CONTAINER)?;
    let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
    let message = || waiting.and_then(|w| w.message.clone()).unwrap_or_default();
    match waiting.and_then(|waiting| waiting.reason.as_deref()) {
        Some(
            "ErrImagePull"
            | "ImagePullBackOff"
            | "InvalidImageName"
            | "ErrImageNeverPull"
            | "ImageInspectError"
            | "RegistryUnavailable"
            | "SignatureValidationFailed",
        ) => Some(Obstacle::ImagePull { image: image(pod, container) }),
        Some("CrashLoopBackOff") => Some(Obstacle::Crashing { detail: exit(container) }),
        Some("CreateContainerConfigError" | "CreateContainerError" | "RunContainerError") => {
            Some(Obstacle::NotCreated { message: message() })
        }
        _ if !ready && container.restart_count >= CRASHES => {
            Some(Obstacle::Crashing { detail: exit(container) })
        }
        _ => None,
    }
}

fn image(pod: &Pod, container: &ContainerStatus) -> String {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let wanted = containers.filter(|c| c.name == CONTAINER).find_map(|c| c.image.clone());
    wanted.unwrap_or_else(|| container.image.clone())
}

fn exit(container: &ContainerStatus) -> String {
    let terminated = |state: &Option<_>| {
        let state: &k8s_openapi::api::core::v1::ContainerState = state.as_ref()?;
        state.terminated.clone()
    };
    match terminated(&container.last_state).or_else(|| terminated(&container.state)) {
        Some(end) => format!("exit code {}, {}", end.exit_code, end.reason.unwrap_or_else(|| "Error".into())),
        None => "it ends soon after its start".into(),
    }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(status: Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "ops-bot-1", "namespace": "prod", "uid": "u"},
            "spec": {"containers": [{"name": "bot", "image": "bot:1"}]},
            "status": status,
        }))
        .unwrap()
    }

    fn waiting(reason: &str) -> Value {
        json!({"containerStatuses": [{
            "name": "bot", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": reason, "message": "in its words"}},
        }]})
    }

    fn obstacle_of(status: Value) -> Option<Obstacle> {
        BotPod::new(&pod(status), ReportState::Awaited).obstacle
    }

    #[test]
    fn what_keeps_a_pod_from_running_is_told_apart() {
        let image = Some(Obstacle::ImagePull { image: "bot:1".into() });
        assert_eq!(obstacle_of(waiting("ErrImagePull")), image);
        assert_eq!(obstacle_of(waiting("ImagePullBackOff")), image, "both phases say the same");
        assert_eq!(
            obstacle_of(waiting("CreateContainerConfigError")),
            Some(Obstacle::NotCreated { message: "in its words".into() })
        );
        assert_eq!(obstacle_of(waiting("ContainerCreating")), None);
        let unschedulable = json!({"conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes",
        }]});
        assert_eq!(obstacle_of(unschedulable), Some(Obstacle::Unschedulable { message: "0/1 nodes".into() }));
    }

    #[test]
    fn a_crash_loop_says_the_same_while_it_waits_and_while_it_runs() {
        let crashed = |state: Value| {
            json!({"phase": "Running", "containerStatuses": [{
                "name": "bot", "image": "", "imageID": "", "ready": false, "restartCount": 3, "state": state,
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
            }]})
        };
        let expected = Some(Obstacle::Crashing { detail: "exit code 1, Error".into() });
        assert_eq!(obstacle_of(crashed(json!({"running": {}}))), expected);
        assert_eq!(obstacle_of(crashed(json!({"waiting": {"reason": "CrashLoopBackOff"}}))), expected);
    }
}
