//! The pods of servers that the operator runs for bots: they report nothing, so what is known is what the kubelet says.

use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::obstacle::{self, Obstacle, is_ready};
use crate::cluster::{cache::Cache, labels};

/// Name of the server's container.
pub const REDIS_CONTAINER: &str = "redis";

/// One pod of a managed Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPod {
    pub name: String,
    /// It is told to end.
    pub leaving: bool,
    /// The server answers.
    pub ready: bool,
    /// What keeps its process from running.
    pub obstacle: Option<Obstacle>,
}

impl ServerPod {
    pub fn new(pod: &Pod) -> Self {
        Self {
            name: pod.name_any(),
            leaving: pod.metadata.deletion_timestamp.is_some(),
            ready: pod.status.as_ref().is_some_and(is_ready),
            obstacle: obstacle::of(pod, REDIS_CONTAINER),
        }
    }
}

/// The pods of the managed Redis of ChatBot `namespace`/`name`, in the order of names.
pub fn redis_pods_of(cache: &Cache, namespace: &str, name: &str) -> Vec<ServerPod> {
    let mut pods: Vec<ServerPod> = cache
        .pods
        .state_filter(|pod| {
            pod.namespace().as_deref() == Some(namespace) && labels::are_of(pod.labels(), labels::REDIS, name)
        })
        .iter()
        .map(|pod| ServerPod::new(pod))
        .collect();
    pods.sort_by(|a, b| a.name.cmp(&b.name));
    pods
}
