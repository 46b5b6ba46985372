//! From a BotPlugin to the bots that select it and to what each says of it. Reads caches only.

use std::sync::Arc;

use chatops_crds::{
    BotPlugin, ChatBot,
    bot_report::BotReport,
    resolve::{Problem, resolve, selects},
};
use kube::ResourceExt;

use crate::{
    bots::{
        pods::{BotPod, pods_of, spokesman},
        reports::{ReportState, Reports},
    },
    cluster::{
        Guarded,
        cache::{Cache, in_namespace},
    },
};

/// A bot that selects the plugin.
#[derive(Clone, Debug)]
pub struct SelectingBot {
    pub name: String,
    pub is_suspended: bool,
    /// One of its pods has not been asked yet, and no other speaks for it.
    pub is_awaited: bool,
    /// What `resolve` says of the plugin in this bot.
    pub problems: Vec<Problem>,
    /// What the bot says of itself, if it does.
    pub report: Option<Arc<BotReport>>,
}

/// The bots that select `plugin`, in the order of names.
pub(super) fn bots(plugin: &BotPlugin, cache: &Cache, reports: &Reports) -> Vec<SelectingBot> {
    let namespace = plugin.namespace().unwrap_or_default();
    let plugins = in_namespace(&cache.bot_plugins, &namespace);
    let mut bots: Vec<_> = in_namespace(&cache.chat_bots, &namespace)
        .iter()
        .filter_map(|bot| bot.0.as_ref().ok())
        .filter(|bot| bot.metadata.deletion_timestamp.is_none() && selects(bot, plugin))
        .map(|bot| selecting(bot, plugin, &plugins, &pods_of(cache, reports, &namespace, &bot.name_any())))
        .collect();
    bots.sort_by(|a, b| a.name.cmp(&b.name));
    bots
}

fn selecting(
    bot: &ChatBot,
    plugin: &BotPlugin,
    plugins: &[Arc<Guarded<BotPlugin>>],
    pods: &[BotPod],
) -> SelectingBot {
    let readable = plugins.iter().filter_map(|plugin| plugin.0.as_ref().ok());
    let name = plugin.name_any();
    let mut problems = resolve(bot, readable).problems;
    problems.retain(|problem| problem.plugin() == Some(&name));
    let report = spokesman(pods, None).and_then(|pod| match &pod.report {
        ReportState::Fresh(report) => Some(report.clone()),
        ReportState::Awaited | ReportState::Silent => None,
    });
    let is_suspended = bot.spec.wanted_replicas() == 0;
    SelectingBot {
        name: bot.name_any(),
        is_suspended,
        is_awaited: !is_suspended && report.is_none() && pods.iter().any(BotPod::is_awaited),
        problems,
        report,
    }
}
