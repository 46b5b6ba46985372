//! When to look at the cluster's DNS, and who is told. What ChatBots ask for is read from the caches each second, which
//! costs nothing; the API server is asked when that changed, while a change is on its way, and now and then.

use std::{collections::HashSet, net::IpAddr, sync::Arc, time::Duration};

use chatops_crds::{ChatBot, chat_bot::dns::ClusterStubZone};
use k8s_openapi::jiff::Timestamp;
use kube::{Client, Resource, ResourceExt};
use tokio::time::{Instant, sleep};

use super::{
    Settings,
    board::{Board, Teller, Told, asked, board},
    canary::{Canary, NameServer},
    events,
    stub_zones::StubZones,
    words,
    worker::{Asked, Look, Worker},
};
use crate::cluster::{Guarded, cache::Cache, client::brief};

/// How often the caches are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Pauses after failures of the API server.
const PAUSES: &[u64] = &[1, 2, 5, 10, 30];

/// What it is started with.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub settings: Settings,
    /// DNS domain of the cluster, e.g. `cluster.local`.
    pub cluster_domain: String,
    /// The name server that the operator's own pod asks; none outside of a cluster.
    pub name_server: Option<IpAddr>,
}

/// The one reconcile of the cluster's DNS.
#[derive(Debug)]
pub struct Controller {
    worker: Worker,
    mode: &'static str,
    stub: Option<StubZones>,
    teller: Teller,
    /// UIDs of ChatBots that were told by Events what is told now.
    informed: HashSet<String>,
    clock: fn() -> Timestamp,
}

impl Controller {
    /// A controller that asks the name server of `setup`.
    pub fn new(client: Client, setup: &Setup, clock: fn() -> Timestamp) -> (Self, Board) {
        let canary = setup.name_server.map(|address| Arc::new(NameServer::new(address)) as Arc<dyn Canary>);
        Self::with_canary(client, setup, canary, clock)
    }

    pub fn with_canary(
        client: Client,
        setup: &Setup,
        canary: Option<Arc<dyn Canary>>,
        clock: fn() -> Timestamp,
    ) -> (Self, Board) {
        let (teller, board) = board(&setup.settings);
        let worker = Worker::new(client, setup, canary);
        let (mode, stub) = (setup.settings.mode(), setup.settings.stub().cloned());
        (Self { worker, mode, stub, teller, informed: HashSet::new(), clock }, board)
    }

    /// Never ends.
    pub async fn run(mut self, caches: Vec<Cache>) -> &'static str {
        let name = "cluster DNS";
        let Some(stub) = self.stub.clone() else { return std::future::pending().await };
        for cache in &caches {
            if cache.ready().await.is_err() {
                return name;
            }
        }
        let (mut known, mut due, mut failures) = (None, Instant::now(), 0);
        loop {
            let bots: Vec<_> = caches.iter().flat_map(|cache| cache.chat_bots.state()).collect();
            let asked = asked_by(&bots);
            if known != Some(asked) || due <= Instant::now() {
                let again = match self.worker.look(asked, &stub).await {
                    Ok(look) => {
                        failures = 0;
                        self.tell(&look, &bots).await;
                        look.again
                    }
                    // Somebody else was faster: what they wrote is read and edited.
                    Err(kube::Error::Api(status)) if status.code == 409 => TICK,
                    Err(error) => {
                        tracing::warn!(error = brief(&error), "the cluster's DNS could not be looked at");
                        self.tell_failure(&error);
                        failures += 1;
                        Duration::from_secs(PAUSES[(failures - 1).min(PAUSES.len() - 1)])
                    }
                };
                (known, due) = (Some(asked), Instant::now() + again);
            }
            sleep(TICK.min(due.saturating_duration_since(Instant::now()))).await;
        }
    }

    async fn tell(&mut self, look: &Look, bots: &[Arc<Guarded<ChatBot>>]) {
        if self.publish(Told { mode: self.mode, apply: look.apply.clone(), diagnose: look.diagnose.clone() })
        {
            self.informed.clear();
        }
        for bot in bots.iter().filter_map(|bot| bot.0.as_ref().ok()) {
            let said = match asked(bot) {
                ClusterStubZone::None => None,
                ClusterStubZone::Diagnose => look.diagnose.as_ref(),
                ClusterStubZone::Apply => look.apply.as_ref(),
            };
            let Some((reason, command)) = said.and_then(|said| Some((said.reason, said.command.as_ref()?)))
            else {
                continue;
            };
            if self.informed.insert(bot.uid().unwrap_or_default()) {
                events::publish(self.worker.client(), bot, reason, command, (self.clock)()).await;
            }
        }
    }

    /// What was told stays, unless nothing was.
    fn tell_failure(&self, error: &kube::Error) {
        let told = self.teller.borrow().as_ref().clone();
        let said = || Some(words::unreadable(&brief(error)));
        self.publish(Told {
            mode: self.mode,
            apply: told.apply.or_else(said),
            diagnose: told.diagnose.or_else(said),
        });
    }

    /// Says whether it is news.
    fn publish(&self, told: Told) -> bool {
        self.teller.send_if_modified(|before| {
            let news = **before != told;
            if news {
                *before = Arc::new(told);
            }
            news
        })
    }
}

/// What all ChatBots together ask for. One that is being deleted asks for nothing; of one that cannot be read it is not
/// known.
fn asked_by(bots: &[Arc<Guarded<ChatBot>>]) -> Asked {
    let mut all = Asked::default();
    for bot in bots.iter().filter(|bot| bot.meta().deletion_timestamp.is_none()) {
        match bot.0.as_ref().map(asked) {
            Ok(ClusterStubZone::None) => {}
            Ok(ClusterStubZone::Diagnose) => all.diagnose = true,
            Ok(ClusterStubZone::Apply) => all.apply = true,
            Err(_) => all.unsure = true,
        }
    }
    all
}
