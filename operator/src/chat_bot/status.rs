//! Step 5: everything that is known → the status. The computation is pure; [`update`] is the one function that writes.

pub mod accepted;
mod dns;
pub mod facts;
mod faults;
mod managed_redis;
pub mod plugins;
pub mod ready;
pub mod rollout;
mod scopes;
mod slack;
mod storage;

use chatops_crds::{
    ChatBotStatus,
    chat_bot::status::{SlackStatus, Summary},
    shared::conditions::{Verdict, merge},
};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

pub use facts::{Cause, Facts};

use super::Context;
use crate::{cluster::labels, cluster_dns};

/// Writes the status if it differs.
///
/// # Errors
/// What the API server answered.
pub async fn update(facts: &Facts<'_>, context: &Context) -> Result<(), kube::Error> {
    let before = context.status.current(facts.bot, facts.bot.status.as_ref());
    if facts.is_awaiting_a_first_report() && !before.conditions.is_empty() {
        // The operator has just started and has not asked a bot that runs: what was said of it stays until it has.
        return Ok(());
    }
    let now = (context.clock)();
    let mut after = compute(facts, &before, now);
    let cluster_dns = cluster_dns::condition(facts.bot, &context.cluster_dns);
    after.conditions.extend(merge(
        &before.conditions,
        cluster_dns.as_slice(),
        after.observed_generation,
        now,
    ));
    context.status.write(facts.bot, &before, &after, now).await?;
    Ok(())
}

/// The whole status. Times of transitions are kept from `before`.
pub fn compute(facts: &Facts<'_>, before: &ChatBotStatus, now: Timestamp) -> ChatBotStatus {
    let generation = facts.bot.metadata.generation;
    let verdicts = verdicts(facts);
    let plugins = plugins::verdicts(facts);
    let at_work = plugins.iter().filter(|plugin| plugin.is_at_work()).count();
    let selected = facts.resolution.plugins.len() + facts.unreadable.len();
    let pods = || facts.pods.iter().filter(|pod| !pod.leaving);
    let ready = pods().filter(|pod| pod.ready).count();
    let selector: Vec<String> =
        labels::selector(&facts.bot.name_any()).iter().map(|(key, value)| format!("{key}={value}")).collect();
    let report = facts.report();
    ChatBotStatus {
        observed_generation: generation,
        replicas: i32::try_from(pods().count()).ok(),
        selector: Some(selector.join(",")),
        summary: Some(Summary {
            pods: format!("{ready}/{}", facts.wanted()),
            plugins: format!("{at_work}/{selected}"),
            commands: plugins.iter().map(|plugin| plugin.commands).sum(),
        }),
        slack: slack_status(facts),
        storage: Some(storage::kind(facts).into()),
        version: report.map(|report| report.bot_version.clone()).filter(|version| !version.is_empty()),
        plugins: plugins::listed(&plugins),
        conditions: merge(&before.conditions, &verdicts, generation, now),
    }
}

/// All conditions, `Ready` first.
pub fn verdicts(facts: &Facts<'_>) -> Vec<Verdict> {
    vec![
        ready::ready(facts),
        accepted::accepted(facts),
        rollout::progressing(facts),
        slack::credentials_valid(facts),
        slack::connected(facts),
        storage::storage_ready(facts),
        dns::dns_ready(facts),
        plugins::plugins_loaded(facts),
    ]
}

fn slack_status(facts: &Facts<'_>) -> Option<SlackStatus> {
    let report = facts.report()?;
    let workspace = report.slack.workspace.clone();
    let mut missing_scopes = report.slack.missing_required_scopes.clone();
    missing_scopes.extend(report.slack.missing_optional_scopes.clone());
    Some(SlackStatus {
        bot_user: workspace.as_ref().map(|workspace| format!("@{}", workspace.bot_user)),
        workspace: workspace.map(|workspace| workspace.team),
        connections: facts
            .pods
            .iter()
            .filter_map(|pod| pod.says())
            .map(|report| report.slack.connections)
            .sum(),
        missing_scopes,
    })
}
