//! A cluster with an operator in it, and hands for what kubelet and people do.

use std::{collections::BTreeSet, time::Duration};

use chatops_crds::{
    bot_config,
    bot_report::{BotReport, PluginReport, SlackReport, StorageKind, StorageReport, Workspace},
};
use chatops_operator::{
    app::scope::{Scope, Tasks},
    bots::access::Access,
    chat_bot::Settings,
    cluster_dns::Board,
    serve::metrics::Metrics,
};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::api_server::{ApiServer, Call};

/// Every child of ChatBot `ops`.
pub const CHILDREN: [&str; 6] =
    ["serviceaccounts", "configmaps", "networkpolicies", "services", "poddisruptionbudgets", "deployments"];

/// Name of every child of ChatBot `ops`.
pub const CHILD: &str = "ops-bot";

/// Identity of the cluster.
pub const CLUSTER: &str = "3e5d7f0c-0000-4000-8000-000000000000";

/// Generous: time jumps.
const SOON: Duration = Duration::from_secs(120);

pub struct World {
    pub api: ApiServer,
    operator: Option<(Tasks, Metrics)>,
}

pub fn settings() -> Settings {
    Settings {
        bot_image: "chatops-bot:test".into(),
        redis_image: "redis:test".into(),
        cluster_domain: "cluster.local".into(),
        operator_namespace: "chatops-system".into(),
    }
}

pub fn chat_bot(spec: &Value) -> Value {
    let mut bot = json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "ChatBot", "metadata": {"name": "ops", "namespace": "prod"},
        "spec": {"slack": {"tokensSecretRef": {"name": "ops-slack"}}},
        "status": {"conditions": [{
            "type": "Ready", "status": "Unknown", "reason": "Pending", "message": "Waiting for the operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }]},
    });
    bot["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    bot
}

pub fn plugin(name: &str, command: &str) -> Value {
    json!({
        "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": name, "namespace": "prod"},
        "spec": {"commands": [{"name": command, "reply": "ok"}]},
    })
}

/// What a bot says that is well.
pub fn well() -> BotReport {
    BotReport {
        version: 1,
        bot_version: "0.1.0".into(),
        ready: true,
        slack: SlackReport {
            connections: 1,
            workspace: Some(Workspace {
                team: "acme".into(),
                bot_user: "ops".into(),
                ..Workspace::default()
            }),
            ..SlackReport::default()
        },
        storage: StorageReport { kind: StorageKind::Memory, ready: true, fault: None },
        ..BotReport::default()
    }
}

impl World {
    /// A cluster with the operator running.
    pub fn new() -> Self {
        let mut world = Self { api: ApiServer::new(), operator: None };
        world.start();
        world
    }

    pub fn start(&mut self) {
        let (client, metrics) = (self.api.client(), Metrics::default());
        let scope = Scope {
            access: Access::Proxy(client.clone()),
            client,
            namespace: None,
            settings: settings(),
            cluster_id: CLUSTER.into(),
            metrics: metrics.clone(),
            clock: Timestamp::now,
            cluster_dns: Board::default(),
        };
        let mut tasks = Tasks::new();
        scope.start(&mut tasks);
        self.operator = Some((tasks, metrics));
    }

    /// The operator's process is gone, in the middle of whatever it did.
    pub fn kill(&mut self) {
        self.operator = None;
    }

    /// Waits until `probe` gives a value.
    pub async fn eventually<T>(&self, what: &str, probe: impl Fn(&ApiServer) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            match probe(&self.api) {
                Some(value) => return value,
                None if start.elapsed() > SOON => {
                    panic!("{what}: not within {SOON:?}; the bot: {:#?}", self.api.get("chatbots", "ops"))
                }
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Waits until condition `type_` of ChatBot `ops` is as `wanted`, e.g. `True/Connected`, for its present generation.
    pub async fn told(&self, type_: &str, wanted: &str) -> String {
        let probe =
            |api: &ApiServer| condition(&api.get("chatbots", "ops")?, type_).filter(|(is, _)| is == wanted);
        self.eventually(&format!("{type_}={wanted}"), probe).await.1
    }

    /// The same of a BotPlugin's `Ready`.
    pub async fn plugin_told(&self, name: &str, wanted: &str) -> String {
        let probe = |api: &ApiServer| {
            condition(&api.get("botplugins", name)?, "Ready").filter(|(is, _)| is == wanted)
        };
        self.eventually(&format!("BotPlugin {name} {wanted}"), probe).await.1
    }

    /// Waits until every object was reconciled once more and nothing is left to do, and returns the writes until then.
    pub async fn settled(&self) -> Vec<Call> {
        let mut writes = Vec::new();
        loop {
            sleep(Duration::from_secs(30)).await;
            let more = self.api.take_writes();
            if more.is_empty() {
                return writes;
            }
            writes.extend(more);
            assert!(writes.len() < 500, "it never comes to rest: {writes:#?}");
        }
    }

    /// How many reconciles of ChatBots there were.
    pub fn reconciles(&self) -> u64 {
        let text = self.operator.as_ref().map(|(_, metrics)| metrics.exposition()).unwrap_or_default();
        let line = r#"chatops_operator_reconciles_total{kind="ChatBot",outcome="ok"} "#;
        text.lines().find_map(|l| l.strip_prefix(line)).map_or(0, |number| number.parse().unwrap())
    }

    pub async fn all_children(&self) {
        self.eventually("all children", |api| {
            CHILDREN.iter().all(|kind| api.get(kind, CHILD).is_some()).then_some(())
        })
        .await;
    }

    /// What Deployment controller, scheduler and kubelet do: a ready pod of the present template, and the status that
    /// says so. The bot in it says `report`, with the configuration that is mounted.
    pub async fn pod_runs(&self, name: &str, report: BotReport) {
        self.all_children().await;
        let deployment = self.api.get("deployments", CHILD).unwrap();
        let template = &deployment["spec"]["template"];
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"].clone(), "spec": template["spec"].clone(),
            "status": {
                "phase": "Running", "podIP": "10.0.0.1",
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        });
        pod["metadata"]["name"] = json!(name);
        pod["metadata"]["namespace"] = json!("prod");
        self.says(name, report);
        self.api.put("pods", pod);
        self.api.edit("deployments", CHILD, |deployment| {
            let generation = deployment["metadata"]["generation"].clone();
            deployment["status"] = json!({
                "observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                "availableReplicas": 1,
            });
        });
    }

    /// The bot in pod `name` says `report`, with the configuration that the ConfigMap has now.
    pub fn says(&self, name: &str, report: BotReport) {
        let config = self.api.get("configmaps", CHILD).expect("a ConfigMap");
        let text = config["data"]["bot.yaml"].as_str().unwrap();
        let parsed: bot_config::BotConfig = serde_yaml::from_str(text).unwrap();
        let broken: BTreeSet<_> = report.plugins.iter().map(|plugin| plugin.name.clone()).collect();
        let loaded = parsed.plugins.iter().filter(|plugin| !broken.contains(&plugin.name)).map(|plugin| {
            PluginReport {
                name: plugin.name.clone(),
                generation: plugin.generation,
                commands: i32::try_from(plugin.commands.len()).unwrap(),
                faults: Vec::new(),
            }
        });
        let mut report = BotReport { config_hash: bot_config::hash(text), ..report.clone() };
        report.plugins.extend(loaded);
        self.api.report(name, Some(report));
    }

    /// A bot that answers.
    pub async fn ready_bot(&self) {
        self.api.put("chatbots", chat_bot(&json!({})));
        self.pod_runs("ops-bot-1", well()).await;
        self.told("Ready", "True/Connected").await;
    }

    /// What StatefulSet controller and kubelet do: a pod of the managed Redis, with `status`.
    pub async fn redis_pod(&self, status: Value) {
        let server = self.eventually("the StatefulSet", |api| api.get("statefulsets", "ops-redis")).await;
        let template = &server["spec"]["template"];
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"].clone(), "spec": template["spec"].clone(),
            "status": status,
        });
        pod["metadata"]["name"] = json!("ops-redis-0");
        pod["metadata"]["namespace"] = json!("prod");
        self.api.put("pods", pod);
    }

    pub fn edit_spec(&self, edit: impl FnOnce(&mut Value)) {
        self.api.edit("chatbots", "ops", |bot| edit(&mut bot["spec"]));
    }

    /// Notes of the Events with `reason`.
    pub fn events(&self, reason: &str) -> Vec<String> {
        let events = self.api.list("events").into_iter().filter(|event| event["reason"] == *reason);
        events.map(|event| event["note"].as_str().unwrap().to_owned()).collect()
    }
}

fn condition(object: &Value, type_: &str) -> Option<(String, String)> {
    let conditions = object["status"]["conditions"].as_array()?;
    let condition = conditions.iter().find(|condition| condition["type"] == *type_)?;
    if condition["observedGeneration"] != object["metadata"]["generation"] {
        return None;
    }
    let text = |field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    Some((format!("{}/{}", text("status"), text("reason")), text("message")))
}
