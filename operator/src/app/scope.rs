//! The watches and controllers of one scope: one namespace, or all. A ChatBot needs nothing outside its namespace, so
//! scopes share nothing but the client.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
    sync::Arc,
    time::Duration,
};

use chatops_crds::{BotPlugin, ChatBot, shared::conditions::READY};
use k8s_openapi::{NamespaceResourceScope, jiff::Timestamp};
use kube::{
    Api, Client, Resource, ResourceExt,
    runtime::{reflector::store::Writer, watcher::Event},
};
use serde::de::DeserializeOwned;
use tokio::{sync::Notify, task::JoinSet, time::interval};

use super::controller;
use crate::{
    bot_plugin,
    bots::{self, access::Access, pods, reports::Reports},
    chat_bot::{self, Settings},
    cluster::{
        Guarded,
        cache::{Cache, Writers},
        labels::MANAGED,
        watch::{follow, without_managed_fields},
    },
    cluster_dns::{self, Board},
    serve::metrics::Metrics,
    wake::{Wake, Written},
};

/// What one scope works with.
#[derive(Clone)]
pub struct Scope {
    pub client: Client,
    /// None: all namespaces.
    pub namespace: Option<String>,
    pub access: Access,
    pub settings: Settings,
    /// Identity of the cluster ([`crate::cluster::identity`]).
    pub cluster_id: String,
    pub metrics: Metrics,
    pub clock: fn() -> Timestamp,
    /// How the stub zones stand that ChatBots ask for.
    pub cluster_dns: Board,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Tasks that never end; one that does says which it was.
pub type Tasks = JoinSet<&'static str>;

impl Scope {
    /// Starts everything, and returns the caches, from which it can be told how far it is. It ends when `tasks` is
    /// dropped.
    pub fn start(self, tasks: &mut Tasks) -> Cache {
        let (cache, writers) = Cache::new();
        let (wake, queues) = Wake::new(cache.clone());
        let reports = Reports::default();
        let pods_changed = Arc::new(Notify::new());
        self.watch(tasks, writers, &wake, &pods_changed);
        tasks.spawn(wake_asking(self.cluster_dns.clone(), cache.clone(), wake.clone()));

        let told = move |namespace: &str, bot: &str| wake.bot_and_plugins(namespace, bot);
        let (pods, access, kept) = (cache.pods.clone(), self.access.clone(), reports.clone());
        tasks.spawn(async move {
            bots::follow_all(pods, pods_changed, access, kept, told).await;
            "following bots"
        });

        let (chat_bots, bot_plugins) = queues.streams();
        let context = Arc::new(chat_bot::Context::new(
            self.client.clone(),
            cache.clone(),
            reports.clone(),
            self.settings.clone(),
            self.cluster_id.clone(),
            self.cluster_dns,
            self.clock,
        ));
        let filled = cache.clone();
        tasks.spawn(controller::run(
            "ChatBot",
            filled,
            cache.chat_bots.clone(),
            chat_bots,
            self.metrics.clone(),
            move |bot| chat_bot::reconcile(bot, context.clone()),
        ));
        let context =
            Arc::new(bot_plugin::Context::new(self.client.clone(), cache.clone(), reports, self.clock));
        let filled = cache.clone();
        tasks.spawn(controller::run(
            "BotPlugin",
            filled,
            cache.bot_plugins.clone(),
            bot_plugins,
            self.metrics,
            move |plugin| bot_plugin::reconcile(plugin, context.clone()),
        ));
        cache
    }

    fn watch(&self, tasks: &mut Tasks, writers: Writers, wake: &Wake, pods_changed: &Arc<Notify>) {
        // Without `..`, so that a kind cannot be forgotten.
        let Writers {
            chat_bots,
            bot_plugins,
            config_maps,
            deployments,
            network_policies,
            persistent_volume_claims,
            pod_disruption_budgets,
            pods,
            service_accounts,
            services,
            stateful_sets,
        } = writers;
        let woken = wake.clone();
        self.follow(
            tasks,
            "ChatBot",
            None,
            chat_bots,
            without_managed_fields::<Guarded<ChatBot>>,
            move |e| woken.on_chat_bot(e),
        );
        let (woken, mut written) = (wake.clone(), Written::default());
        self.follow(
            tasks,
            "BotPlugin",
            None,
            bot_plugins,
            without_managed_fields::<Guarded<BotPlugin>>,
            move |event| woken.on_bot_plugin(event, &mut written),
        );
        self.follow_child(tasks, "ConfigMap", config_maps, wake);
        self.follow_child(tasks, "Deployment", deployments, wake);
        self.follow_child(tasks, "NetworkPolicy", network_policies, wake);
        self.follow_child(tasks, "PersistentVolumeClaim", persistent_volume_claims, wake);
        self.follow_child(tasks, "PodDisruptionBudget", pod_disruption_budgets, wake);
        self.follow_child(tasks, "ServiceAccount", service_accounts, wake);
        self.follow_child(tasks, "Service", services, wake);
        self.follow_child(tasks, "StatefulSet", stateful_sets, wake);
        let (woken, pods_changed) = (wake.clone(), pods_changed.clone());
        self.follow(tasks, "Pod", Some(MANAGED), pods, pods::prune, move |event| {
            pods_changed.notify_one();
            woken.on_child(event);
        });
    }

    fn follow_child<K>(&self, tasks: &mut Tasks, kind: &'static str, writer: Writer<K>, wake: &Wake)
    where
        K: Watched,
    {
        let wake = wake.clone();
        self.follow(tasks, kind, Some(MANAGED), writer, without_managed_fields::<K>, move |e| {
            wake.on_child(e)
        });
    }

    fn follow<K: Watched>(
        &self,
        tasks: &mut Tasks,
        kind: &'static str,
        labels: Option<&'static str>,
        writer: Writer<K>,
        prune: fn(&mut K),
        changed: impl FnMut(&Event<K>) + Send + 'static,
    ) {
        let api: Api<K> = match &self.namespace {
            Some(namespace) => Api::namespaced(self.client.clone(), namespace),
            None => Api::all(self.client.clone()),
        };
        let metrics = self.metrics.clone();
        tasks.spawn(async move {
            follow(api, labels, writer, prune, changed, || metrics.watch_restarted(kind)).await;
            kind
        });
    }
}

/// Wakes the ChatBots that ask for stub zones whenever something else is told of them. Never ends.
async fn wake_asking(mut board: Board, cache: Cache, wake: Wake) -> &'static str {
    loop {
        board.changed().await;
        for bot in cache.chat_bots.state() {
            if bot.0.as_ref().is_ok_and(cluster_dns::board::asks) {
                wake.bot_and_plugins(&bot.namespace().unwrap_or_default(), &bot.name_any());
            }
        }
    }
}

/// A kind that can be watched.
trait Watched:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl<K> Watched for K where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// Keeps the gauge of bots up to date. Never ends.
pub async fn gauge(caches: Vec<Cache>, metrics: Metrics) -> &'static str {
    let mut tick = interval(Duration::from_secs(5));
    loop {
        tick.tick().await;
        let mut numbers: HashMap<&str, usize> = [("True", 0), ("False", 0), ("Unknown", 0)].into();
        for bot in caches.iter().flat_map(|cache| cache.chat_bots.state()) {
            let conditions = bot.0.as_ref().ok().and_then(|bot| bot.status.as_ref()).map(|s| &s.conditions);
            let ready = conditions.into_iter().flatten().find(|condition| condition.type_ == READY);
            let status = ready.map_or("Unknown", |condition| condition.status.as_str());
            if let Some(number) = numbers.get_mut(status) {
                *number += 1;
            }
        }
        for status in ["True", "False", "Unknown"] {
            metrics.bots(status, numbers.get(status).copied().unwrap_or_default());
        }
    }
}
