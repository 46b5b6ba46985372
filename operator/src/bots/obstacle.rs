//! What keeps a pod's process from running, in the words of scheduler and kubelet.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod, PodStatus};

/// Restarts after which a container that is not ready counts as crashing, even while it happens to run.
const CRASHES: i32 = 2;

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

/// The kubelet says that the pod is ready.
pub(super) fn is_ready(status: &PodStatus) -> bool {
    status.conditions.iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True")
}

/// What keeps `container` of `pod` from running.
pub(super) fn of(pod: &Pod, container: &str) -> Option<Obstacle> {
    let status = pod.status.as_ref()?;
    let unschedulable = status.conditions.iter().flatten().find(|c| {
        c.type_ == "PodScheduled" && c.status == "False" && c.reason.as_deref() == Some("Unschedulable")
    });
    if let Some(condition) = unschedulable {
        return Some(Obstacle::Unschedulable { message: condition.message.clone().unwrap_or_default() });
    }
    let container = status.container_statuses.iter().flatten().find(|c| c.name == container)?;
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
        _ if !is_ready(status) && container.restart_count >= CRASHES => {
            Some(Obstacle::Crashing { detail: exit(container) })
        }
        _ => None,
    }
}

fn image(pod: &Pod, container: &ContainerStatus) -> String {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let wanted = containers.filter(|c| c.name == container.name).find_map(|c| c.image.clone());
    wanted.unwrap_or_else(|| container.image.clone())
}

fn exit(container: &ContainerStatus) -> String {
    let terminated = |state: &Option<_>| {
        let state: &ContainerState = state.as_ref()?;
        state.terminated.clone()
    };
    match terminated(&container.last_state).or_else(|| terminated(&container.state)) {
        Some(end) => format!("exit code {}, {}", end.exit_code, end.reason.unwrap_or_else(|| "Error".into())),
        None => "it ends soon after its start".into(),
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
        of(&pod(status), "bot")
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
