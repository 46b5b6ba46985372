//! The controller of `BotPlugin`s: a verdict per bot, and nothing else. What a plugin does to a bot is the ChatBot
//! controller's work; both call the same `resolve`, so they never disagree.

mod dereference;
pub mod status;

use std::{fmt, sync::Arc, time::Duration};

use chatops_crds::{
    BotPlugin, BotPluginStatus,
    shared::conditions::{READY, Reason, Status, Verdict, merge},
};
use k8s_openapi::jiff::Timestamp;
use kube::{
    Client,
    core::{DeserializeGuard, error_boundary::InvalidObject},
};

use crate::{
    bots::reports::Reports,
    cluster::{
        Guarded,
        cache::Cache,
        client::brief,
        status::{StatusWriter, write_unreadable},
    },
};

/// What every reconcile of a BotPlugin uses.
pub struct Context {
    pub client: Client,
    pub cache: Cache,
    pub reports: Reports,
    pub status: StatusWriter<BotPluginStatus>,
    pub clock: fn() -> Timestamp,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl Context {
    pub fn new(client: Client, cache: Cache, reports: Reports, clock: fn() -> Timestamp) -> Self {
        let status = StatusWriter::new(client.clone());
        Self { client, cache, reports, status, clock }
    }
}

/// Why a reconcile has to be tried again.
#[derive(Debug, thiserror::Error)]
#[error("status: {}", brief(.0))]
pub struct Error(#[source] kube::Error);

/// Makes `plugin`'s status what its bots say of it.
///
/// # Errors
/// When the API server did not take the status.
pub async fn reconcile(
    plugin: Arc<Guarded<BotPlugin>>,
    context: Arc<Context>,
) -> Result<Option<Duration>, Error> {
    let plugin = match &plugin.0 {
        Ok(plugin) => plugin,
        Err(invalid) => return report_unreadable(invalid, &context).await.map_err(Error),
    };
    if plugin.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let bots = dereference::bots(plugin, &context.cache, &context.reports);
    let before = context.status.current(plugin, plugin.status.as_ref());
    if bots.iter().any(|bot| bot.is_awaited) && !before.conditions.is_empty() {
        // A bot that runs has not been asked yet; what was said stays until it has, and its answer wakes us.
        return Ok(None);
    }
    let now = (context.clock)();
    let after = status::compute(plugin, &bots, &before, now);
    context.status.write(plugin, &before, &after, now).await.map_err(Error)?;
    Ok(None)
}

async fn report_unreadable(
    invalid: &InvalidObject,
    context: &Context,
) -> Result<Option<Duration>, kube::Error> {
    let message = format!(
        "the object cannot be read: {}. Correct it, or upgrade the operator if the object was written for a newer one. No bot loads it",
        invalid.error
    );
    let verdicts = [Verdict::new(READY, Status::False, Reason::InvalidSpec, message)];
    let now = (context.clock)();
    let generation = invalid.metadata.generation;
    let object = DeserializeGuard::<BotPlugin>(Err(invalid.clone()));
    write_unreadable(&context.client, &object, |before| merge(before, &verdicts, generation, now), now)
        .await?;
    Ok(None)
}
