//! Step 1: from a ChatBot to everything around it. Reads caches only, and never a Secret.

use std::sync::Arc;

use chatops_crds::{BotPlugin, ChatBot, resolve};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Service, ServiceAccount},
    networking::v1::NetworkPolicy,
};
use kube::{Resource, ResourceExt};

use crate::{
    bots::{
        pods::{BotPod, pods_of},
        reports::Reports,
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
    pub deployment: Option<Arc<Deployment>>,
}

impl Dereferenced {
    /// The plugins that can be resolved.
    pub fn readable_plugins(&self) -> impl Iterator<Item = &BotPlugin> {
        self.plugins.iter().filter_map(|plugin| plugin.0.as_ref().ok())
    }
}

/// Name of every object of ChatBot `name`.
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
            deployment: named(&cache.deployments, &namespace, &child),
        },
        pods: pods_of(cache, reports, &namespace, &name),
    }
}

/// What the selector says about labels alone, for a plugin of which nothing else can be read.
fn selects(bot: &ChatBot, labels: std::collections::BTreeMap<String, String>) -> bool {
    let mut plugin = BotPlugin::new("", chatops_crds::BotPluginSpec::default());
    plugin.metadata.labels = Some(labels);
    resolve::selects(bot, &plugin)
}
