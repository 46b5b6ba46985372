//! How a pod's `/status` is reached: directly inside the cluster, through the API server outside.

use std::{fmt, time::Duration};

use axum::body::{Body, Bytes, to_bytes};
use chatops_crds::bot_report::PORT;
use http::{Request, Uri};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::reports::BotName;
use crate::cluster::{client::brief, labels};

/// Largest report that is read, in bytes: a report is a few hundred bytes a plugin.
const MAX_BYTES: usize = 512 * 1024;

/// Until a connection to a pod stands.
const CONNECT: Duration = Duration::from_secs(2);

/// The way to pods.
#[derive(Clone)]
pub enum Access {
    /// To the pod's address.
    Direct(Box<HttpClient<HttpConnector, Body>>),
    /// Through the API server's `pods/proxy`.
    Proxy(kube::Client),
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Direct(_) => "Direct",
            Access::Proxy(_) => "Proxy",
        })
    }
}

/// Where a pod is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodAddress {
    pub namespace: String,
    pub name: String,
    /// Name of the ChatBot.
    pub bot: String,
    ip: String,
}

impl PodAddress {
    /// The ChatBot that it is of.
    pub fn bot_name(&self) -> BotName {
        BotName { namespace: self.namespace.clone(), name: self.bot.clone() }
    }

    /// None for a pod that is no bot's, while it has no process that could answer, and once it is told to end.
    pub fn of(pod: &Pod) -> Option<Self> {
        let status = pod.status.as_ref()?;
        let running = status.phase.as_deref() == Some("Running") && pod.metadata.deletion_timestamp.is_none();
        let bot = pod.labels().get(labels::INSTANCE)?.clone();
        if !labels::are_of(pod.labels(), labels::BOT, &bot) {
            return None;
        }
        running.then_some(Self {
            namespace: pod.namespace()?,
            name: pod.name_any(),
            bot,
            ip: status.pod_ip.clone()?,
        })
    }
}

/// Why a pod's report could not be had.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("the address is not one: {0}")]
    Address(#[from] http::Error),
    #[error("no connection: {0}")]
    Connection(#[from] hyper_util::client::legacy::Error),
    #[error("the API server did not pass it on: {}", brief(.0))]
    Proxy(#[from] kube::Error),
    #[error("the bot answered {0}")]
    Status(http::StatusCode),
    #[error("the answer broke off or is too long: {0}")]
    Body(#[from] axum::Error),
    #[error("the answer is no report: {0}")]
    Report(#[from] serde_json::Error),
    #[error("no answer in time")]
    Deadline,
}

impl Access {
    /// Access to the pods' addresses.
    pub fn direct() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        let client = HttpClient::builder(TokioExecutor::new()).pool_max_idle_per_host(1).build(connector);
        Self::Direct(Box::new(client))
    }

    /// Requests `path` of the pod.
    pub(super) async fn get(&self, pod: &PodAddress, path: &str) -> Result<Bytes, AccessError> {
        let (status, body) = match self {
            Access::Direct(client) => {
                let host = if pod.ip.contains(':') { format!("[{}]", pod.ip) } else { pod.ip.clone() };
                let uri =
                    Uri::builder().scheme("http").authority(format!("{host}:{PORT}")).path_and_query(path);
                let request = Request::get(uri.build()?).body(Body::empty())?;
                let (head, body) = client.request(request).await?.into_parts();
                (head.status, Body::new(body))
            }
            Access::Proxy(client) => {
                let PodAddress { namespace, name, .. } = pod;
                let uri = format!("/api/v1/namespaces/{namespace}/pods/{name}:{PORT}/proxy{path}");
                let request = Request::get(uri).body(kube::client::Body::empty())?;
                let (head, body) = client.send(request).await?.into_parts();
                (head.status, Body::new(body))
            }
        };
        if !status.is_success() {
            return Err(AccessError::Status(status));
        }
        Ok(to_bytes(body, MAX_BYTES).await?)
    }
}
