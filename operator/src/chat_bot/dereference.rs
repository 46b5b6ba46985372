//! Step 1: from a ChatBot to everything around it. Reads caches only, and never a Secret.

use std::{collections::BTreeSet, sync::Arc};

use chatops_crds::{BotPlugin, ChatBot, bot_config::render::managed_redis_name, resolve};
use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::{ConfigMap, PersistentVolumeClaim, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
    policy::v1::PodDisruptionBudget,
};
use kube::{Resource, ResourceExt};

use crate::{
    bots::{
        pods::{BotPod, pods_of},
        reports::{BotName, Reports},
        servers::{ServerPod, redis_pods_of},
    },
    cluster::{
        Guarded,
        cache::{Cache, in_namespace, named},
    },
};

/// What there is around a ChatBot.
#[derive(Debug)]
pub struct Dereferenced {
    /// Every BotPlugin of the namespace, in the order of names.
    plugins: Vec<Arc<Guarded<BotPlugin>>>,
    /// Those that the bot may select and that cannot be read.
    pub unreadable: Vec<UnreadablePlugin>,
    pub children: Children,
    pub pods: Vec<BotPod>,
    /// Pods of the managed Redis.
    pub redis_pods: Vec<ServerPod>,
    /// Other bots that take messages of the same Slack app.
    pub sharing: BTreeSet<BotName>,
}

/// A BotPlugin that this operator cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadablePlugin {
    pub name: String,
    pub error: String,
}

/// The bot's objects as the caches have them.
#[derive(Debug, Default)]
pub struct Children {
    pub service_account: Option<Arc<ServiceAccount>>,
    pub config_map: Option<Arc<ConfigMap>>,
    pub service: Option<Arc<Service>>,
    pub network_policy: Option<Arc<NetworkPolicy>>,
    pub disruption_budget: Option<Arc<PodDisruptionBudget>>,
    pub deployment: Option<Arc<Deployment>>,
    /// The volume of the embedded store.
    pub claim: Option<Arc<PersistentVolumeClaim>>,
    pub redis: RedisChildren,
}

/// The objects of a managed Redis as the caches have them, also where none is wanted.
#[derive(Debug, Default)]
pub struct RedisChildren {
    pub claim: Option<Arc<PersistentVolumeClaim>>,
    pub network_policy: Option<Arc<NetworkPolicy>>,
    pub service: Option<Arc<Service>>,
    pub stateful_set: Option<Arc<StatefulSet>>,
}

impl Dereferenced {
    /// The plugins that can be resolved.
    pub fn readable_plugins(&self) -> impl Iterator<Item = &BotPlugin> {
        self.plugins.iter().filter_map(|plugin| plugin.0.as_ref().ok())
    }
}

/// Name of every object of ChatBot `name` itself.
pub fn child_name(name: &str) -> String {
    format!("{name}-bot")
}

/// Everything around `bot`, as the caches and the bots have told it.
pub fn dereference(bot: &ChatBot, cache: &Cache, reports: &Reports) -> Dereferenced {
    let (namespace, name) = (bot.namespace().unwrap_or_default(), bot.name_any());
    let child = child_name(&name);
    let mut plugins = in_namespace(&cache.bot_plugins, &namespace);
    plugins.sort_by_key(|plugin| plugin.name_any());
    let unreadable = plugins
        .iter()
        .filter_map(|plugin| Some((plugin.meta(), plugin.0.as_ref().err()?)))
        .filter(|(meta, _)| selects(bot, meta.labels.clone().unwrap_or_default()))
        .map(|(meta, invalid)| UnreadablePlugin {
            name: meta.name.clone().unwrap_or_default(),
            error: invalid.error.clone(),
        })
        .collect();
    Dereferenced {
        unreadable,
        plugins,
        children: Children {
            service_account: named(&cache.service_accounts, &namespace, &child),
            config_map: named(&cache.config_maps, &namespace, &child),
            service: named(&cache.services, &namespace, &child),
            network_policy: named(&cache.network_policies, &namespace, &child),
            disruption_budget: named(&cache.pod_disruption_budgets, &namespace, &child),
            deployment: named(&cache.deployments, &namespace, &child),
            claim: named(&cache.persistent_volume_claims, &namespace, &child),
            redis: redis_children(cache, &namespace, &managed_redis_name(&name)),
        },
        pods: pods_of(cache, reports, &namespace, &name),
        redis_pods: redis_pods_of(cache, &namespace, &name),
        sharing: reports.sharing(&BotName { namespace, name }),
    }
}

fn redis_children(cache: &Cache, namespace: &str, name: &str) -> RedisChildren {
    RedisChildren {
        claim: named(&cache.persistent_volume_claims, namespace, name),
        network_policy: named(&cache.network_policies, namespace, name),
        service: named(&cache.services, namespace, name),
        stateful_set: named(&cache.stateful_sets, namespace, name),
    }
}

/// What the selector says about labels alone, for a plugin of which nothing else can be read.
fn selects(bot: &ChatBot, labels: std::collections::BTreeMap<String, String>) -> bool {
    let mut plugin = BotPlugin::new("", chatops_crds::BotPluginSpec::default());
    plugin.metadata.labels = Some(labels);
    resolve::selects(bot, &plugin)
}
