//! The cluster and the operator in it, which all tests of a run share.

use std::{path::PathBuf, time::Duration};

use chatops_e2e::cluster::Cluster;
use tokio::sync::OnceCell;

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
static OPERATOR: OnceCell<()> = OnceCell::const_new();

/// Namespace of the operator, as `manifests` has it.
pub const OPERATOR_NAMESPACE: &str = "chatops-system";

/// The running cluster `test`.
pub async fn cluster() -> &'static Cluster {
    CLUSTER
        .get_or_init(|| async {
            Cluster::attach("test").await.unwrap_or_else(|error| {
                panic!("{error:#}\nThese tests need a cluster: run `make test`, or `make cluster NAME=test` first")
            })
        })
        .await
}

/// The cluster with the operator installed from `manifests`, exactly as shipped.
pub async fn cluster_with_operator() -> &'static Cluster {
    let cluster = cluster().await;
    OPERATOR.get_or_init(|| install(cluster)).await;
    cluster
}

/// Installs the operator as it is shipped, or anew where it is.
pub async fn install(cluster: &Cluster) {
    kubectl(cluster, &["apply", "-k", &repository("manifests")]).await;
    // A cluster that stayed up may run the operator of an older build under the same image name.
    kubectl(cluster, &["-n", OPERATOR_NAMESPACE, "rollout", "restart", "deployment/chatops-operator"]).await;
    rolled_out(cluster).await;
}

/// Waits until the operator runs as its Deployment says.
pub async fn rolled_out(cluster: &Cluster) {
    let timeout = Duration::from_secs(90).as_secs();
    let wait = format!("--timeout={timeout}s");
    kubectl(cluster, &["-n", OPERATOR_NAMESPACE, "rollout", "status", "deployment/chatops-operator", &wait])
        .await;
}

/// Runs kubectl, which must succeed, and returns what it printed.
pub async fn kubectl(cluster: &Cluster, args: &[&str]) -> String {
    let output = cluster.kubectl(args).await.expect("kubectl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "kubectl {}: {text}{}",
        args.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

/// A path in the repository.
pub fn repository(path: &str) -> String {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path).display().to_string()
}

/// A shipped program, built by `make binaries`.
pub fn program(name: &str) -> PathBuf {
    chatops_e2e::installed::program(name).expect("it was built")
}
