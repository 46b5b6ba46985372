//! A cluster with a DNS server in it, and an operator that may be asked about it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use chatops_operator::{
    app::scope::{Scope, Tasks},
    bots::access::Access,
    cluster_dns::{
        Settings,
        canary::{Answer, Canary},
        controller::{Controller, Setup},
        stub_zones::StubZones,
    },
    serve::metrics::Metrics,
};
use futures::{FutureExt, future::BoxFuture};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    api_server::ApiServer,
    world::{CLUSTER, chat_bot, settings},
};

/// ConfigMap and key.
pub const COREFILE: (&str, &str) = ("coredns", "Corefile");

pub const KUBEADM: &str = ".:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
    }
    forward . /etc/resolv.conf
    cache 30
    reload
}
";

/// Generous: time jumps.
const SOON: Duration = Duration::from_secs(300);

/// What the name server says; `Resolves` of names that are not set.
#[derive(Clone, Debug, Default)]
pub struct Script(Arc<Mutex<HashMap<String, Answer>>>);

impl Script {
    pub fn set(&self, name: &str, answer: Answer) {
        self.0.lock().unwrap().insert(name.into(), answer);
    }
}

impl Canary for Script {
    fn ask<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Answer> {
        let answer = self.0.lock().unwrap().get(name).copied().unwrap_or(Answer::Resolves);
        std::future::ready(answer).boxed()
    }
}

pub struct Dns {
    pub api: ApiServer,
    pub script: Script,
    setup: Setup,
    tasks: Option<Tasks>,
}

/// ChatBot `ops` that asks for `what`.
pub fn asking(what: &str) -> Value {
    chat_bot(&json!({"dns": {"clusterStubZone": what}}))
}

pub fn corefile_of(api: &ApiServer) -> String {
    let coredns = api.system("configmaps", COREFILE.0).unwrap();
    coredns["data"][COREFILE.1].as_str().unwrap().to_owned()
}

pub fn zones_fail(dns: &Dns) {
    dns.script.set("slack.com", Answer::Fails);
    dns.script.set("slack-edge.com", Answer::Fails);
}

fn stub() -> StubZones {
    let owned = |texts: [&str; 2]| texts.map(str::to_owned);
    StubZones::parse(
        &owned(["slack.com", "slack-edge.com"]),
        &owned(["8.8.8.8", "1.1.1.1:5353"]),
        "cluster.local",
    )
    .unwrap()
}

impl Dns {
    /// A cluster with CoreDNS as kubeadm installs it, and an operator with `--cluster-dns=MODE`.
    pub fn new(mode: &str) -> Self {
        let mut dns = Self::empty(mode);
        dns.set_corefile(KUBEADM);
        dns.start();
        dns
    }

    /// A cluster with kube-dns.
    pub fn of_kube_dns() -> Self {
        let mut dns = Self::empty("apply");
        dns.api.put("deployments", json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "spec": {"replicas": 2, "selector": {}, "template": {}},
        }));
        dns.api.put("configmaps", json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kube-dns", "namespace": "kube-system"},
            "data": {"upstreamNameservers": "[\"9.9.9.9\"]"},
        }));
        dns.start();
        dns
    }

    fn empty(mode: &str) -> Self {
        let settings = match mode {
            "off" => Settings::Off,
            "diagnose" => Settings::Diagnose(stub()),
            _ => Settings::Apply(stub()),
        };
        let setup = Setup { settings, cluster_domain: "cluster.local".into(), name_server: None };
        Self { api: ApiServer::new(), script: Script::default(), setup, tasks: None }
    }

    pub fn start(&mut self) {
        let client = self.api.client();
        let canary = Some(Arc::new(self.script.clone()) as Arc<dyn Canary>);
        let (controller, cluster_dns) =
            Controller::with_canary(client.clone(), &self.setup, canary, Timestamp::now);
        let scope = Scope {
            access: Access::Proxy(client.clone()),
            client,
            namespace: None,
            settings: settings(),
            cluster_id: CLUSTER.into(),
            metrics: Metrics::default(),
            clock: Timestamp::now,
            cluster_dns,
        };
        let mut tasks = Tasks::new();
        let cache = scope.start(&mut tasks);
        tasks.spawn(controller.run(vec![cache]));
        self.tasks = Some(tasks);
    }

    /// The operator's process is gone.
    pub fn kill(&mut self) {
        self.tasks = None;
    }

    pub fn set_corefile(&self, text: &str) {
        self.api.put("configmaps", json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": COREFILE.0, "namespace": "kube-system"},
            "data": {COREFILE.1: text},
        }));
    }

    pub fn set_stub_domains(&self, text: Option<&str>) {
        self.api
            .edit_system("configmaps", "kube-dns", |kube_dns| kube_dns["data"]["stubDomains"] = json!(text));
    }

    pub fn stub_domains(&self) -> Option<String> {
        let kube_dns = self.api.system("configmaps", "kube-dns")?;
        Some(kube_dns["data"]["stubDomains"].as_str()?.to_owned())
    }

    /// How often something of `kube-system` was written since the last call that asked for writes.
    pub fn system_writes(&self) -> usize {
        self.api.take_writes().iter().filter(|call| call.namespace == "kube-system").count()
    }

    /// Lets so many seconds pass.
    pub async fn rest(&self, seconds: u64) {
        sleep(Duration::from_secs(seconds)).await;
    }

    pub async fn eventually<T>(&self, what: &str, probe: impl Fn(&ApiServer) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            match probe(&self.api) {
                Some(value) => return value,
                None if start.elapsed() > SOON => panic!(
                    "{what}: not within {SOON:?}; the bot: {:#?}; coredns: {:#?}",
                    self.api.get("chatbots", "ops"),
                    self.api.system("configmaps", "coredns")
                ),
                None => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Condition `ClusterDNS` of ChatBot `ops`, for its present generation.
    pub fn condition(&self) -> Option<(String, String)> {
        let bot = self.api.get("chatbots", "ops")?;
        let conditions = bot["status"]["conditions"].as_array()?.clone();
        let condition = conditions.into_iter().find(|condition| condition["type"] == "ClusterDNS")?;
        let is_present = condition["observedGeneration"] == bot["metadata"]["generation"];
        let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
        is_present.then(|| (format!("{}/{}", text("status"), text("reason")), text("message")))
    }

    /// Waits until the condition is as `wanted`, e.g. `True/StubZoneApplied`.
    pub async fn told(&self, wanted: &str) -> String {
        self.eventually(wanted, |_| self.condition().filter(|(is, _)| is == wanted)).await.1
    }

    /// For so many seconds the condition is nothing else than `wanted`.
    pub async fn stays(&self, wanted: &str, seconds: u64) {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(seconds) {
            assert_eq!(self.condition().unwrap().0, wanted, "after {:?}", start.elapsed());
            self.rest(1).await;
        }
    }
}
