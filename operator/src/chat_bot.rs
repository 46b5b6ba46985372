//! The controller of `ChatBot`s, step by step: dereference → validate → build → apply → status.
//!
//! A spec that cannot be built is a reported state, not an error. The status is computed on every path, also when a
//! child could not be applied. A second reconcile of an unchanged world writes nothing.

pub mod apply;
pub mod build;
pub mod dereference;
pub mod refresh;
pub mod status;
mod unreadable;
pub mod validate;

use std::{fmt, sync::Arc, time::Duration};

use chatops_crds::{ChatBot, ChatBotStatus, resolve::resolve};
use k8s_openapi::jiff::Timestamp;
use kube::Client;

use crate::{
    bots::reports::Reports,
    cluster::{Guarded, cache::Cache, client::brief, status::StatusWriter},
    cluster_dns::Board,
};

/// What the operator's administrator decided.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Image of bots that name none.
    pub bot_image: String,
    /// Image of managed Redis servers whose ChatBot names none.
    pub redis_image: String,
    /// DNS domain of the cluster, e.g. `cluster.local`.
    pub cluster_domain: String,
    /// Where the operator runs: bots let it in.
    pub operator_namespace: String,
}

/// What every reconcile of a ChatBot uses.
pub struct Context {
    pub client: Client,
    pub cache: Cache,
    pub reports: Reports,
    pub settings: Settings,
    /// Identity of the cluster ([`crate::cluster::identity`]).
    pub cluster_id: String,
    pub status: StatusWriter<ChatBotStatus>,
    pub refreshes: refresh::Refreshes,
    pub cluster_dns: Board,
    pub clock: fn() -> Timestamp,
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl Context {
    pub fn new(
        client: Client,
        cache: Cache,
        reports: Reports,
        settings: Settings,
        cluster_id: String,
        cluster_dns: Board,
        clock: fn() -> Timestamp,
    ) -> Self {
        let status = StatusWriter::new(client.clone());
        let refreshes = refresh::Refreshes::default();
        Self { client, cache, reports, settings, cluster_id, status, refreshes, cluster_dns, clock }
    }
}

/// Why a reconcile has to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("apply: {0}")]
    Apply(#[source] apply::Error),
    #[error("status: {}", brief(.0))]
    Status(#[source] kube::Error),
}

/// Makes the cluster what `bot` says, and `bot`'s status what the cluster is. Returns when to look again at the latest;
/// none if only a change can make a difference.
///
/// # Errors
/// When the API server did not take something; the status tells the rest all the same.
pub async fn reconcile(bot: Arc<Guarded<ChatBot>>, context: Arc<Context>) -> Result<Option<Duration>, Error> {
    let bot = match &bot.0 {
        Ok(bot) => bot,
        Err(invalid) => return unreadable::report(invalid, &context).await.map_err(Error::Status),
    };
    if bot.metadata.deletion_timestamp.is_some() {
        // Its children go with it; applying them now would bring them back.
        return Ok(None);
    }
    let found = dereference::dereference(bot, &context.cache, &context.reports);
    let resolution = resolve(bot, found.readable_plugins());
    let validated = validate::validate(bot, &resolution, &context.settings, &context.cluster_id);
    let applied = match &validated {
        Ok(valid) => {
            let resources = build::build(valid);
            // On the heap, since it waits for the answers to many requests at the same time.
            Some(Box::pin(apply::apply(&context.client, &resources, &found)).await)
        }
        Err(_problems) => None,
    };
    let refresh_again = match &validated {
        Ok(valid) => context.refreshes.ask(&context.client, valid, &found.pods, (context.clock)()).await,
        Err(_problems) => None,
    };
    let facts = status::Facts::new(bot, &resolution, &found, &validated, applied.as_ref());
    status::update(&facts, &context).await.map_err(Error::Status)?;
    match applied {
        Some(Err(error)) => match error.look_again() {
            Some(pause) => Ok(Some(pause)),
            None => Err(Error::Apply(error)),
        },
        _ => Ok(refresh_again),
    }
}
