//! The contract of kube-dns.

use anyhow::{Context, Result};
use chatops_e2e::internet::{Fault, Internet, places};
use serde_json::json;

use crate::query::{CLUSTER_DNS, udp};
use crate::{eventually, kubectl};

const API: &str = places::SLACK_HOSTS[0];

fn well() -> String {
    places::address_of(API).map(|address| address.to_string()).unwrap_or_default()
}

async fn sees(bed: &Internet, name: &str, wanted: &str) -> Result<()> {
    eventually(name, wanted, async || udp(bed.cluster(), CLUSTER_DNS, name)).await
}

/// Sets ConfigMap `kube-dns` to exactly this.
async fn configure(bed: &Internet, data: serde_json::Value) -> Result<()> {
    let patch = json!([{"op": "add", "path": "/data", "value": data}]).to_string();
    let args = ["--namespace=kube-system", "patch", "configmap/kube-dns", "--type=json", "--patch", &patch];
    kubectl(bed.cluster(), &args).await.map(drop)
}

pub async fn answers_for_the_cluster_and_the_world(bed: &Internet) -> Result<()> {
    sees(bed, "kubernetes.default.svc.cluster.local", "10.96.0.1").await?;
    sees(bed, "nothing.default.svc.cluster.local", "NXDomain").await?;
    sees(bed, API, &well()).await?;
    bed.apply(Fault::NodeResolvConf).await?;
    sees(bed, API, "ServFail|Refused|timeout").await?;
    sees(bed, "kubernetes.default.svc.cluster.local", "10.96.0.1").await?;
    bed.clear(Fault::NodeResolvConf).await?;
    sees(bed, API, &well()).await
}

pub async fn takes_up_stub_domains_and_forgets_them(bed: &Internet) -> Result<()> {
    bed.apply(Fault::UpstreamFails).await?;
    sees(bed, API, "ServFail").await?;
    configure(bed, json!({"stubDomains": r#"{"slack.com": ["8.8.8.8", "1.1.1.1:53"]}"#})).await?;
    sees(bed, API, &well()).await?;
    sees(bed, "slack-edge.com", "ServFail").await?;
    configure(bed, json!({"upstreamNameservers": r#"["8.8.8.8"]"#})).await?;
    sees(bed, "slack-edge.com", "NXDomain").await?;
    sees(bed, API, &well()).await?;
    configure(bed, json!({})).await?;
    sees(bed, API, "ServFail").await
}

pub async fn ignores_what_is_invalid_until_its_pod_restarts(bed: &Internet) -> Result<()> {
    configure(bed, json!({"stubDomains": r#"{"slack.com": ["8.8.8.8"]}"#})).await?;
    sees(bed, API, &well()).await?;
    configure(bed, json!({"stubDomains": "{“slack.com”: [“8.8.8.8”]}"})).await?;
    sees(bed, API, &well()).await?;
    bed.nanny().context("a nanny")?.restart_pod().await?;
    sees(bed, API, "ServFail").await?;
    configure(bed, json!({"stubDomains": r#"{"slack.com": ["8.8.8.8"]}"#})).await?;
    sees(bed, API, &well()).await?;
    bed.clear(Fault::UpstreamFails).await
}
