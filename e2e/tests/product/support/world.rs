//! A world of one's own: a namespace that enforces the restricted Pod Security Standard, a Slack, its tokens.

use std::{
    any::Any,
    future::Future,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chatops_crds::{BotPlugin, ChatBot};
use chatops_e2e::{
    cluster::Cluster,
    slack::{Fault, Simulator, Slack},
};
use futures::FutureExt;
use k8s_openapi::{
    api::{apps::v1::Deployment, core::v1::Pod},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use super::{
    SOON, eventually,
    objects::{self, Namespaced},
    secrecy, shared,
};

/// Everything a test has to itself.
pub struct World {
    pub cluster: &'static Cluster,
    pub client: Client,
    pub namespace: String,
    pub slack: Slack,
    /// `spec.slack.apiURL` of this world's Slack.
    api_url: String,
    /// Keeps a Slack of the world's own running.
    _simulator: Option<Simulator>,
    /// Values that must not be seen anywhere but in Secrets.
    secrets: Mutex<Vec<String>>,
}

static COUNT: AtomicU32 = AtomicU32::new(0);

/// Runs `test` in a new world with the tokens' Secret `ops-slack` in it, looks for leaked secrets, and removes the
/// world. When the test fails, what is in the world is printed first.
pub async fn in_a_world<F, Fut>(test: F)
where
    F: FnOnce(Arc<World>) -> Fut,
    Fut: Future<Output = ()>,
{
    live_in(World::new().await, test).await;
}

/// Runs `test` in `world`, as [`in_a_world`] does.
pub async fn live_in<F, Fut>(world: World, test: F)
where
    F: FnOnce(Arc<World>) -> Fut,
    Fut: Future<Output = ()>,
{
    let world = Arc::new(world);
    let checked = async {
        test(world.clone()).await;
        secrecy::assert_nothing_leaked(&world).await;
    };
    let outcome = AssertUnwindSafe(checked).catch_unwind().await;
    world.end(outcome).await;
}

impl World {
    async fn new() -> Self {
        let cluster = shared::cluster_with_operator().await;
        let listener = cluster.listen().expect("a port in the node's network");
        let slack = Simulator::builder().listener(listener).start().await.expect("the simulator starts");
        let url = format!("{}/", slack.api_url());
        let mut world = Self::on(cluster, slack.slack(), url).await;
        world._simulator = Some(slack);
        world
    }

    /// A world on a cluster that has the operator, with a Slack that outlives it.
    pub async fn on(cluster: &'static Cluster, slack: Slack, api_url: String) -> Self {
        let client = cluster.client().await.expect("a client of the cluster");
        let namespace = format!("test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        shared::kubectl(cluster, &["create", "namespace", &namespace]).await;
        let restricted = "pod-security.kubernetes.io/enforce=restricted";
        shared::kubectl(cluster, &["label", "namespace", &namespace, restricted]).await;
        let secrets = Mutex::default();
        let world = Self { cluster, client, namespace, slack, api_url, _simulator: None, secrets };
        world.default_service_account().await;
        world.apply_tokens().await;
        world
    }

    /// Pods cannot be created before it exists.
    async fn default_service_account(&self) {
        let accounts = self.api::<k8s_openapi::api::core::v1::ServiceAccount>();
        eventually("the default ServiceAccount", SOON, || async {
            accounts.get_opt("default").await.map_err(|e| e.to_string())?.ok_or_else(|| "none".to_owned())
        })
        .await;
    }

    async fn end(&self, outcome: Result<(), Box<dyn Any + Send>>) {
        if outcome.is_err() {
            self.print().await;
        }
        let gone = ["delete", "namespace", &self.namespace, "--wait=false"];
        shared::kubectl(self.cluster, &gone).await;
        if let Err(panic) = outcome {
            std::panic::resume_unwind(panic);
        }
    }

    /// What a person would look at first.
    async fn print(&self) {
        for args in [
            "get chatbots,botplugins,deployments,pods -o wide",
            "describe chatbots",
            "get events --sort-by=.lastTimestamp",
            "logs -l app.kubernetes.io/name=chatops-bot --tail=60 --prefix",
        ] {
            println!("--- kubectl {args}\n{}", self.try_kubectl(args).await);
        }
    }

    pub fn api<K: Namespaced>(&self) -> Api<K> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// kubectl in this namespace, its arguments separated by spaces; it must succeed.
    pub async fn kubectl(&self, args: &str) -> String {
        self.kubectl_args(&args.split_whitespace().collect::<Vec<_>>()).await
    }

    /// kubectl in this namespace; it must succeed.
    pub async fn kubectl_args(&self, args: &[&str]) -> String {
        let args: Vec<_> = ["-n", &self.namespace].into_iter().chain(args.iter().copied()).collect();
        shared::kubectl(self.cluster, &args).await
    }

    /// kubectl in this namespace: what it printed, also when it failed.
    pub async fn try_kubectl(&self, args: &str) -> String {
        let args: Vec<_> = ["-n", &self.namespace].into_iter().chain(args.split_whitespace()).collect();
        let output = self.cluster.kubectl(&args).await.expect("kubectl runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    /// Applies `object` as kubectl does. `Err` is what the API server said.
    pub async fn try_apply(&self, object: &Value) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), object.to_string()).expect("the file is written");
        let path = file.path().display().to_string();
        let output =
            self.cluster.kubectl(&["-n", &self.namespace, "apply", "-f", &path]).await.expect("kubectl runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    pub async fn apply(&self, object: &Value) {
        self.try_apply(object).await.unwrap_or_else(|said| panic!("{said}\n{object:#}"));
    }

    /// Applies a file or folder of the repository as it is shipped.
    pub async fn apply_shipped(&self, flag: &str, path: &str) {
        self.kubectl(&format!("apply {flag} {}", shared::repository(path))).await;
    }

    /// `spec.slack.apiURL` of this world's Slack.
    pub fn api_url(&self) -> String {
        self.api_url.clone()
    }

    /// Applies ChatBot `ops`, connected to this world's Slack, with `spec` merged into it.
    pub async fn apply_bot(&self, spec: Value) {
        self.apply(&objects::chat_bot(&self.api_url(), spec)).await;
    }

    /// Applies the Secret `ops-slack` with the tokens that Slack accepts now.
    pub async fn apply_tokens(&self) {
        let (bot, app) = (self.slack.bot_token(), self.slack.app_token());
        self.apply_secret("ops-slack", &[("bot-token", &bot), ("app-token", &app)]).await;
    }

    /// Applies a Secret, whose values must then be seen nowhere else.
    pub async fn apply_secret(&self, name: &str, values: &[(&str, &str)]) {
        let secret_values = values.iter().map(|(_, value)| (*value).to_owned());
        self.secrets.lock().expect("no test panics in here").extend(secret_values);
        self.apply(&objects::secret(name, values)).await;
    }

    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().expect("no test panics in here").clone()
    }

    /// Slack's server is down: connections are cut and refused.
    pub fn slack_goes_down(&self) {
        self.slack.inject(Fault::RefuseConnections { millis: None });
    }

    pub fn slack_comes_back(&self) {
        self.slack.clear_faults();
    }

    pub async fn delete(&self, what: &str) {
        self.kubectl(&format!("delete {what} --wait=true --timeout=60s")).await;
    }

    /// Applies a merge patch to an object.
    pub async fn patch<K: Namespaced>(&self, name: &str, patch: Value) -> K {
        self.api::<K>()
            .patch(name, &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .unwrap_or_else(|error| panic!("patch {name}: {error}"))
    }

    /// A merge patch of the ChatBot's spec.
    pub async fn patch_bot(&self, spec: Value) {
        self.patch::<ChatBot>("ops", json!({"spec": spec})).await;
    }

    pub async fn bot(&self) -> ChatBot {
        self.api().get("ops").await.expect("ChatBot ops")
    }

    pub async fn plugin(&self, name: &str) -> BotPlugin {
        self.api().get(name).await.unwrap_or_else(|error| panic!("BotPlugin {name}: {error}"))
    }

    pub async fn deployment(&self) -> Deployment {
        self.api().get("ops-bot").await.expect("Deployment ops-bot")
    }

    /// A condition of ChatBot `ops`, if it speaks of the bot's present generation.
    pub async fn condition(&self, type_: &str) -> Option<Condition> {
        let bot = self.bot().await;
        let generation = bot.metadata.generation;
        let conditions = bot.status.map(|status| status.conditions).unwrap_or_default();
        conditions.into_iter().find(|c| c.type_ == type_ && c.observed_generation == generation)
    }

    /// Waits until condition `type_` of ChatBot `ops` has `status` and `reason`.
    pub async fn told(&self, type_: &str, status: &str, reason: &str) -> (Condition, Duration) {
        let what = format!("ChatBot ops {type_}={status}/{reason}");
        eventually(&what, SOON, || async {
            let condition = self.condition(type_).await;
            condition.clone().filter(|c| c.status == status && c.reason == reason).ok_or(condition)
        })
        .await
    }

    /// Waits until ChatBot `ops` is ready.
    pub async fn ready(&self) -> Duration {
        self.told("Ready", "True", "Connected").await.1
    }

    /// Waits until a condition of a BotPlugin has `status` and `reason`.
    pub async fn plugin_told(&self, name: &str, status: &str, reason: &str) -> Condition {
        let what = format!("BotPlugin {name} Ready={status}/{reason}");
        let probe = || async {
            let plugin = self.plugin(name).await;
            let generation = plugin.metadata.generation;
            let status_of = plugin.status.unwrap_or_default();
            let ready = status_of.conditions.iter().find(|c| c.type_ == "Ready").cloned();
            let wanted = |c: &Condition| {
                c.status == status && c.reason == reason && c.observed_generation == generation
            };
            ready.filter(wanted).ok_or(status_of)
        };
        eventually(&what, SOON, probe).await.0
    }

    /// Applies ChatBot `ops` and waits until it answers.
    pub async fn ready_bot(&self, spec: Value) {
        self.apply_bot(spec).await;
        self.ready().await;
    }

    /// The bot's pods that are not on their way out.
    pub async fn pods(&self) -> Vec<Pod> {
        let labels = ListParams::default().labels("app.kubernetes.io/name=chatops-bot");
        let pods = self.api::<Pod>().list(&labels).await.expect("pods are listed").items;
        pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect()
    }

    /// The bot's only pod, as (uid, restart count): unchanged as long as nothing restarted it.
    pub async fn pod_identity(&self) -> (String, i32) {
        let pods = self.pods().await;
        let [pod] = pods.as_slice() else { panic!("one pod expected, found {}", pods.len()) };
        let statuses = pod.status.clone().unwrap_or_default().container_statuses.unwrap_or_default();
        (pod.uid().expect("a uid"), statuses.iter().map(|status| status.restart_count).sum())
    }

    /// What the bot answers alice in #ops.
    pub async fn ask(&self, text: &str) -> String {
        self.slack.ask("alice", "#ops", text).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// What the bot answers alice in #ops, or nothing within a short time: a bot that has not taken up a new prefix yet
    /// is silent.
    async fn ask_briefly(&self, text: &str) -> Option<String> {
        let question = self.slack.user("alice").types("#ops", text).await.expect("alice types");
        let answer = self.slack.wait_for_reply(&question, Duration::from_secs(1)).await;
        answer.ok().map(|answer| answer.text)
    }

    /// Asks until the answer is `answer`, and returns how long that took.
    pub async fn answers(&self, text: &str, answer: &str) -> Duration {
        let what = format!("{text:?} → {answer:?}");
        let probe = || async {
            let said = self.ask_briefly(text).await;
            if said.as_deref() == Some(answer) { Ok(()) } else { Err(said) }
        };
        eventually(&what, SOON, probe).await.1
    }

    /// Messages of the Events about ChatBot `ops` with `reason`.
    pub async fn events(&self, reason: &str) -> Vec<String> {
        let events = self
            .api::<k8s_openapi::api::events::v1::Event>()
            .list(&ListParams::default())
            .await
            .expect("events are listed");
        events
            .into_iter()
            .filter(|event| event.reason.as_deref() == Some(reason))
            .filter(|event| event.regarding.as_ref().is_some_and(|r| r.kind.as_deref() == Some("ChatBot")))
            .filter_map(|event| event.note)
            .collect()
    }
}
