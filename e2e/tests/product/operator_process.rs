//! The operator as a process: its end, its standby, its death in the middle of the work. On a control plane of its own
//! without a node, where nothing else writes.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use chatops_e2e::{
    cluster::{Cluster, Options},
    faults::TcpProxy,
    operator::{self, Operator, Rights},
};
use k8s_openapi::{
    api::{
        apps::v1::Deployment,
        coordination::v1::Lease,
        core::v1::{ConfigMap, Service, ServiceAccount},
        networking::v1::NetworkPolicy,
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::{Api, Client, api::ListParams};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::support::{
    SOON, eventually,
    objects::{Namespaced, chat_bot},
    shared,
};

/// SIGTERM has to end the operator within this.
const GRACE: Duration = Duration::from_secs(10);

/// The control plane of these tests, which one test has at a time.
struct ControlPlane {
    cluster: Cluster,
    client: Client,
    namespace: String,
    _alone: OwnedMutexGuard<u32>,
}

impl ControlPlane {
    async fn new() -> Self {
        static ALONE: std::sync::LazyLock<Arc<Mutex<u32>>> = std::sync::LazyLock::new(Arc::default);
        let mut alone = ALONE.clone().lock_owned().await;
        let options = Options { control_plane_only: true, ..Options::default() };
        let cluster = Cluster::up("operator", options).await.expect("a control plane");
        operator::install_without_deployment(&cluster, Path::new(&shared::repository("manifests")))
            .await
            .expect("the manifests are applied");
        *alone += 1;
        let namespace = format!("test-{}-{alone}", std::process::id());
        shared::kubectl(&cluster, &["create", "namespace", &namespace]).await;
        let client = cluster.client().await.expect("a client");
        Self { cluster, client, namespace, _alone: alone }
    }

    async fn start(&self, identity: &str, through: Option<SocketAddr>) -> Operator {
        let rights = Rights::of_the_shipped_account(&self.cluster, through).await.expect("a kubeconfig");
        Operator::start(&shared::program("chatops-operator"), rights, identity).expect("the operator starts")
    }

    async fn ready(&self, identity: &str) -> Operator {
        let mut operator = self.start(identity, None).await;
        operator.ready().await.expect("the operator is ready");
        operator
    }

    async fn apply_bots(&self, names: &[String]) {
        let items: Vec<_> = names
            .iter()
            .map(|name| {
                let mut bot = chat_bot("https://slack.com/api/", json!({}));
                bot["metadata"]["name"] = json!(name);
                bot
            })
            .collect();
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        std::fs::write(file.path(), list.to_string()).expect("the file is written");
        let path = file.path().display().to_string();
        shared::kubectl(&self.cluster, &["-n", &self.namespace, "apply", "-f", &path]).await;
    }

    async fn list<K: Namespaced>(&self) -> Vec<Value> {
        let api: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let items = api.list(&ListParams::default()).await.expect("objects are listed").items;
        let ours = |meta: &ObjectMeta| meta.owner_references.as_ref().is_some_and(|o| o[0].kind == "ChatBot");
        items.into_iter().filter(|o| ours(o.meta())).map(|o| serde_json::to_value(o).expect("JSON")).collect()
    }

    /// All children of all bots.
    async fn children(&self) -> Vec<Value> {
        [
            self.list::<Deployment>().await,
            self.list::<ConfigMap>().await,
            self.list::<Service>().await,
            self.list::<ServiceAccount>().await,
            self.list::<NetworkPolicy>().await,
            self.list::<PodDisruptionBudget>().await,
        ]
        .concat()
    }

    async fn until_children(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} children");
        let probe = || async {
            let children = self.children().await;
            if children.len() == count { Ok(children) } else { Err(children.len()) }
        };
        eventually(&what, SOON, probe).await.0
    }

    async fn lease_holder(&self) -> Option<String> {
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), operator::NAMESPACE);
        let lease = leases.get_opt(operator::NAME).await.expect("the API answers")?;
        lease.spec?.holder_identity.filter(|holder| !holder.is_empty())
    }

    async fn until_lease_holder(&self, identity: &str) -> Duration {
        let what = format!("{identity} holds the lease");
        let probe = || async {
            let holder = self.lease_holder().await;
            if holder.as_deref().is_some_and(|h| h.contains(identity)) { Ok(()) } else { Err(holder) }
        };
        eventually(&what, SOON, probe).await.1
    }
}

/// Children per ChatBot: Deployment, ConfigMap, Service, ServiceAccount, NetworkPolicy,
/// PodDisruptionBudget.
const CHILDREN: usize = 6;

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}-{i}")).collect()
}

/// An object without what differs between two bots or two writes.
fn normalised(mut child: Value, bot: &str) -> Value {
    let metadata = child["metadata"].as_object_mut().expect("metadata");
    for field in
        ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "ownerReferences"]
    {
        metadata.remove(field);
    }
    // Hashes and uids, which hold the name.
    for place in ["/metadata/annotations", "/spec/template/metadata/annotations"] {
        if let Some(annotations) = child.pointer_mut(place).and_then(Value::as_object_mut) {
            annotations.retain(|key, _| !key.starts_with("chatops.dev/"));
        }
    }
    if let Some(spec) = child["spec"].as_object_mut() {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
    }
    child.as_object_mut().map(|child| child.remove("status"));
    serde_json::from_str(&child.to_string().replace(bot, "BOT")).expect("JSON")
}

fn children_of<'a>(children: &'a [Value], bot: &str) -> Vec<&'a Value> {
    let name = format!("{bot}-bot");
    children.iter().filter(|child| child["metadata"]["name"] == name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_the_operator_within_ten_seconds_even_while_the_api_server_does_not_answer() {
    let plane = ControlPlane::new().await;
    let server = plane.cluster.server_url().trim_start_matches("https://").parse().expect("an address");
    let proxy = TcpProxy::start(server).await.expect("a proxy");
    let mut operator = plane.start("silenced", Some(proxy.address())).await;
    operator.ready().await.expect("the operator is ready");
    plane.until_lease_holder("silenced").await;
    plane.apply_bots(&names("silenced", 1)).await;
    plane.until_children(CHILDREN).await;
    proxy.fall_silent();
    plane.apply_bots(&names("unheard", 3)).await;
    let status = operator.terminate(GRACE).await.expect("the operator ends");
    assert_eq!(status.code(), Some(0), "{}", operator.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_one_is_active_and_the_other_takes_over() {
    let plane = ControlPlane::new().await;
    let mut first = plane.ready("first").await;
    plane.until_lease_holder("first").await;
    let second = plane.ready("second").await;
    plane.apply_bots(&names("one", 1)).await;
    plane.until_children(CHILDREN).await;
    assert!(plane.lease_holder().await.is_some_and(|holder| holder.contains("first")));

    first.terminate(GRACE).await.expect("the operator ends");
    let took = plane.until_lease_holder("second").await;
    println!("the standby took over {took:.1?} after the leader ended");
    plane.apply_bots(&names("two", 1)).await;
    plane.until_children(2 * CHILDREN).await;
    drop(second);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_in_the_middle_of_the_work_the_end_state_is_the_same() {
    let plane = ControlPlane::new().await;
    let mut undisturbed = plane.ready("undisturbed").await;
    plane.until_lease_holder("undisturbed").await;
    plane.apply_bots(&names("reference", 1)).await;
    plane.until_children(CHILDREN).await;
    undisturbed.terminate(GRACE).await.expect("the operator ends");

    let bots = names("killed", 12);
    plane.apply_bots(&bots).await;
    let all = CHILDREN * (bots.len() + 1);
    let mut seen = CHILDREN;
    for round in 0.. {
        let identity = format!("victim-{round}");
        let mut victim = plane.start(&identity, None).await;
        // Killed as soon as it has created something more, which is in the middle of a reconcile.
        let progress = || async {
            let now = plane.children().await.len();
            if now > seen { Ok(now) } else { Err(now) }
        };
        seen = eventually("the operator goes on", SOON, progress).await.0;
        victim.kill().await.expect("it is killed");
        if seen == all || round == 5 {
            break;
        }
    }
    let survivor = plane.ready("survivor").await;
    let children = plane.until_children(all).await;
    let reference = children_of(&children, "reference-0");
    assert_eq!(reference.len(), CHILDREN);
    for bot in &bots {
        for (child, expected) in children_of(&children, bot).into_iter().zip(&reference) {
            assert_eq!(normalised(child.clone(), bot), normalised((*expected).clone(), "reference-0"));
        }
    }
    drop(survivor);
}
