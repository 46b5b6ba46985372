//! One look at the cluster's DNS: read, plan, write at most once, ask, say. Level-triggered: what is in force is a
//! function of what ChatBots ask for and of the flags, worked out anew each time.

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio::time::Instant;

use super::{
    Settings,
    canary::Canary,
    controller::Setup,
    detect::{Objects, Server, is_forbidden},
    place::Place,
    plan::{self, Records, Step, Write},
    propagation::{Judgement, Snapshot, Watched},
    stub_zones::StubZones,
    words::{self, Said},
};
use crate::cluster::{client::brief, foreign};

/// When to look again: while a change is on its way, while something is in force or wrong, and while nobody asks.
const ON_ITS_WAY: Duration = Duration::from_secs(2);
const SETTLED: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(300);

/// How often what others put in with our marks is taken out while nobody asks; then it is theirs.
const MOST_REMOVALS: u32 = 2;

/// What all ChatBots together ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub apply: bool,
    pub diagnose: bool,
    /// A ChatBot cannot be read: nothing is taken away on its account.
    pub unsure: bool,
}

/// What came of a look.
#[derive(Clone, Debug)]
pub struct Look {
    /// For ChatBots that ask for `Apply`.
    pub apply: Option<Said>,
    /// For ChatBots that ask for `Diagnose`.
    pub diagnose: Option<Said>,
    pub again: Duration,
}

/// Looks, and remembers.
pub struct Worker {
    client: Client,
    may_write: bool,
    canary: Option<Arc<dyn Canary>>,
    name_server: Option<String>,
    /// A name that every cluster has.
    cluster_name: String,
    records: Records,
    progress: Progress,
    removals: u32,
}

/// How far the change is that is in the ConfigMap.
#[derive(Debug)]
enum Progress {
    /// It was there when the process started.
    Unknown,
    Watched {
        since: Instant,
        watched: Watched,
    },
    Done,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

impl Worker {
    pub fn new(client: Client, setup: &Setup, canary: Option<Arc<dyn Canary>>) -> Self {
        Self {
            client,
            may_write: matches!(setup.settings, Settings::Apply(_)),
            canary,
            name_server: setup.name_server.map(|address| address.to_string()),
            cluster_name: format!("kubernetes.default.svc.{}", setup.cluster_domain),
            records: Records::default(),
            progress: Progress::Unknown,
            removals: 0,
        }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// # Errors
    /// What the API server answered; what is in force is as it was.
    pub async fn look(&mut self, asked: Asked, stub: &StubZones) -> Result<Look, kube::Error> {
        let somebody = asked.diagnose || (self.may_write && asked.apply);
        if !somebody && !self.may_write {
            return Ok(Look { apply: None, diagnose: None, again: IDLE });
        }
        let objects = Objects::read(&self.client).await?;
        let server = objects.server(self.name_server.as_deref());
        let in_force = self.may_write && asked.apply;
        let place = server.place().filter(|_| in_force);
        let known = !in_force || !matches!(server, Server::Unknown(_));
        if self.may_write && known && (asked.apply || !asked.unsure) && self.tidy(&objects, place).await? {
            // The rest is worked out from what is there now.
            return Ok(Look {
                apply: in_force.then(|| words::taking_out(stub)),
                diagnose: None,
                again: Duration::ZERO,
            });
        }
        if !in_force {
            self.progress = Progress::Unknown;
            let diagnose = asked.diagnose.then(|| self.diagnosed(&objects, &server, stub));
            return Ok(Look { apply: None, diagnose, again: if somebody { SETTLED } else { IDLE } });
        }
        self.removals = 0;
        let (said, again) = match place {
            Some(place) => self.advance(&objects, &server, place, stub).await?,
            None => (unmanaged(&objects, &server, stub), SETTLED),
        };
        Ok(Look { diagnose: asked.diagnose.then(|| said.clone()), apply: Some(said), again })
    }

    fn diagnosed(&self, objects: &Objects, server: &Server, stub: &StubZones) -> Said {
        let Some(place) = server.place() else { return unmanaged(objects, server, stub) };
        match plan::towards(objects, server, place, stub, &self.records) {
            Step::Settled => words::applied(place, stub, server, true),
            Step::Refused(refusal) => words::refused(&refusal),
            _ => words::diagnosed(objects, server, stub),
        }
    }

    /// Takes out what is left of us where it does not belong; says whether it wrote.
    async fn tidy(&mut self, objects: &Objects, except: Option<Place>) -> Result<bool, kube::Error> {
        for leftover in plan::leftovers(objects, except, &self.records) {
            match leftover {
                Err(refusal) => tracing::warn!(%refusal, "what is left of the operator cannot be taken out"),
                Ok(_) if self.removals >= MOST_REMOVALS => {}
                Ok(write) => match self.write(&write).await {
                    Ok(()) => {
                        self.removals += 1;
                        tracing::info!(
                            config_map = write.place.config_map(),
                            "no ChatBot asks for stub zones: taken out"
                        );
                        return Ok(true);
                    }
                    Err(error) if is_forbidden(&error) => {
                        tracing::warn!(
                            error = brief(&error),
                            "what is left of the operator may not be taken out"
                        );
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(false)
    }

    /// One step towards `stub` at `place`.
    async fn advance(
        &mut self,
        objects: &Objects,
        server: &Server,
        place: Place,
        stub: &StubZones,
    ) -> Result<(Said, Duration), kube::Error> {
        let step = plan::towards(objects, server, place, stub, &self.records);
        if !matches!(step, Step::Settled) {
            self.progress = Progress::Unknown;
        }
        Ok(match step {
            Step::Settled => return self.follow(objects, server, place, stub).await,
            Step::Missing => (words::missing(place), SETTLED),
            Step::Refused(refusal) => (words::refused(&refusal), SETTLED),
            Step::GivenUp => (words::reverted(place, stub), SETTLED),
            Step::RolledBack => (words::rolled_back(place, stub), SETTLED),
            Step::Write(write) => {
                let before = self.snapshot(stub).await;
                match self.write(&write).await {
                    Ok(()) => {
                        tracing::info!(
                            config_map = place.config_map(),
                            zones = stub.zone_list(),
                            "stub zones are written"
                        );
                        self.progress =
                            Progress::Watched { since: Instant::now(), watched: Watched::new(before) };
                        (words::pending(place, stub, server), ON_ITS_WAY)
                    }
                    Err(error) if is_forbidden(&error) => (words::forbidden(&brief(&error)), SETTLED),
                    Err(error) => return Err(error),
                }
            }
        })
    }

    /// The change is in the ConfigMap: is it in force, and does it do good?
    async fn follow(
        &mut self,
        objects: &Objects,
        server: &Server,
        place: Place,
        stub: &StubZones,
    ) -> Result<(Said, Duration), kube::Error> {
        if matches!(self.progress, Progress::Done) {
            return Ok((words::applied(place, stub, server, self.canary.is_some()), SETTLED));
        }
        let now = self.snapshot(stub).await;
        let judgement = match &mut self.progress {
            Progress::Watched { since, watched } => watched.judge(&now, since.elapsed()),
            _ if now.answers() => Judgement::Good,
            _ => Judgement::StillFailing,
        };
        Ok(match judgement {
            Judgement::Wait => (words::pending(place, stub, server), ON_ITS_WAY),
            Judgement::StillFailing => (words::still_failing(place, stub, server), SETTLED),
            Judgement::Good => {
                self.progress = Progress::Done;
                (words::applied(place, stub, server, self.canary.is_some()), SETTLED)
            }
            Judgement::Worse => match plan::rolled_back(objects, place, stub, &self.records) {
                Ok(Some(write)) => {
                    self.write(&write).await?;
                    tracing::warn!(
                        config_map = place.config_map(),
                        "names resolve worse with the stub zones: taken out"
                    );
                    self.progress = Progress::Unknown;
                    (words::rolled_back(place, stub), SETTLED)
                }
                Ok(None) => (words::missing(place), SETTLED),
                Err(refusal) => (words::refused(&refusal), SETTLED),
            },
        })
    }

    async fn write(&mut self, write: &Write) -> Result<(), kube::Error> {
        foreign::replace(&self.client, &write.config_map).await?;
        self.records.keep(write.place, write.record.as_ref());
        Ok(())
    }

    /// How names resolve now. Without anybody to ask all is taken for well.
    async fn snapshot(&self, stub: &StubZones) -> Snapshot {
        use super::canary::Answer;
        let Some(canary) = &self.canary else {
            return Snapshot { zones: vec![Answer::Resolves; stub.zones.len()], cluster: Answer::Resolves };
        };
        let zones = futures::future::join_all(stub.zones.iter().map(|zone| canary.ask(zone.as_str())));
        let (zones, cluster) = futures::join!(zones, canary.ask(&self.cluster_name));
        Snapshot { zones, cluster }
    }
}

fn unmanaged(objects: &Objects, server: &Server, stub: &StubZones) -> Said {
    match server {
        Server::Unknown(why) => words::unreadable(why),
        server => words::managed(objects, server, stub),
    }
}
