//! What the operator knows of the cluster: one cache a kind, for the namespaces that one watch covers.

use std::sync::Arc;

use chatops_crds::{BotPlugin, ChatBot};
use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::{ConfigMap, PersistentVolumeClaim, Pod, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use kube::{
    Resource, ResourceExt,
    runtime::reflector::{
        ObjectRef, Store,
        store::{Writer, WriterDropped, store},
    },
};

use tokio::sync::OnceCell;

use super::Guarded;

/// The readable side.
#[derive(Clone, Debug)]
pub struct Cache {
    pub chat_bots: Store<Guarded<ChatBot>>,
    pub bot_plugins: Store<Guarded<BotPlugin>>,
    pub config_maps: Store<ConfigMap>,
    pub deployments: Store<Deployment>,
    pub network_policies: Store<NetworkPolicy>,
    pub persistent_volume_claims: Store<PersistentVolumeClaim>,
    pub pod_disruption_budgets: Store<PodDisruptionBudget>,
    pub pods: Store<Pod>,
    pub service_accounts: Store<ServiceAccount>,
    pub services: Store<Service>,
    pub stateful_sets: Store<StatefulSet>,
    filled: Arc<OnceCell<()>>,
}

/// The side that the watches fill.
#[derive(Debug)]
pub struct Writers {
    pub chat_bots: Writer<Guarded<ChatBot>>,
    pub bot_plugins: Writer<Guarded<BotPlugin>>,
    pub config_maps: Writer<ConfigMap>,
    pub deployments: Writer<Deployment>,
    pub network_policies: Writer<NetworkPolicy>,
    pub persistent_volume_claims: Writer<PersistentVolumeClaim>,
    pub pod_disruption_budgets: Writer<PodDisruptionBudget>,
    pub pods: Writer<Pod>,
    pub service_accounts: Writer<ServiceAccount>,
    pub services: Writer<Service>,
    pub stateful_sets: Writer<StatefulSet>,
}

impl Cache {
    /// Empty caches.
    pub fn new() -> (Self, Writers) {
        let (chat_bots, chat_bots_writer) = store();
        let (bot_plugins, bot_plugins_writer) = store();
        let (config_maps, config_maps_writer) = store();
        let (deployments, deployments_writer) = store();
        let (network_policies, network_policies_writer) = store();
        let (persistent_volume_claims, persistent_volume_claims_writer) = store();
        let (pod_disruption_budgets, pod_disruption_budgets_writer) = store();
        let (pods, pods_writer) = store();
        let (service_accounts, service_accounts_writer) = store();
        let (services, services_writer) = store();
        let (stateful_sets, stateful_sets_writer) = store();
        let cache = Self {
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
            filled: Arc::default(),
        };
        let writers = Writers {
            chat_bots: chat_bots_writer,
            bot_plugins: bot_plugins_writer,
            config_maps: config_maps_writer,
            deployments: deployments_writer,
            network_policies: network_policies_writer,
            persistent_volume_claims: persistent_volume_claims_writer,
            pod_disruption_budgets: pod_disruption_budgets_writer,
            pods: pods_writer,
            service_accounts: service_accounts_writer,
            services: services_writer,
            stateful_sets: stateful_sets_writer,
        };
        (cache, writers)
    }

    /// Waits until *every* cache is filled: a reconcile that sees bots but not yet their plugins would unload them.
    /// Any number may wait; a store itself wakes only the last of several.
    ///
    /// # Errors
    /// [`WriterDropped`] when a watch ended before.
    pub async fn ready(&self) -> Result<(), WriterDropped> {
        self.filled.get_or_try_init(|| self.all_filled()).await.copied()
    }

    async fn all_filled(&self) -> Result<(), WriterDropped> {
        self.chat_bots.wait_until_ready().await?;
        self.bot_plugins.wait_until_ready().await?;
        self.config_maps.wait_until_ready().await?;
        self.deployments.wait_until_ready().await?;
        self.network_policies.wait_until_ready().await?;
        self.persistent_volume_claims.wait_until_ready().await?;
        self.pod_disruption_budgets.wait_until_ready().await?;
        self.pods.wait_until_ready().await?;
        self.service_accounts.wait_until_ready().await?;
        self.services.wait_until_ready().await?;
        self.stateful_sets.wait_until_ready().await
    }
}

/// The object `namespace`/`name` of a cache.
pub fn named<K>(store: &Store<K>, namespace: &str, name: &str) -> Option<Arc<K>>
where
    K: Resource<DynamicType = ()> + Clone,
{
    store.get(&ObjectRef::new(name).within(namespace))
}

/// All objects of a namespace.
pub fn in_namespace<K>(store: &Store<K>, namespace: &str) -> Vec<Arc<K>>
where
    K: Resource<DynamicType = ()> + Clone,
{
    store.state_filter(|object| object.namespace().as_deref() == Some(namespace))
}
