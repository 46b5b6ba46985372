//! What goes wrong, again and again, while people type. The seed decides what and to whom.

use std::{convert::Infallible, fmt, time::Duration};

use chatops_e2e::{
    local::Redis,
    slack::{ApiFailure, Fault, Simulator, Slack},
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};

use crate::replicas::Replicas;

/// Between two deaths.
const DEATH: Duration = Duration::from_secs(2);

/// Between two faults of Slack or of the network.
const MISHAP: Duration = Duration::from_millis(700);

/// Between two upheavals.
const UPHEAVAL: Duration = Duration::from_secs(5);

pub struct Trouble<'a> {
    slack: Slack,
    replicas: Replicas,
    redis: &'a mut Redis,
    seeded: SmallRng,
    happened: Happened,
}

/// How much went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Happened {
    deaths: usize,
    mishaps: usize,
    upheavals: usize,
}

impl<'a> Trouble<'a> {
    pub fn with(slack: &Simulator, replicas: Replicas, redis: &'a mut Redis, seed: u64) -> Self {
        let (slack, seeded) = (slack.slack(), SmallRng::seed_from_u64(seed));
        Self { slack, replicas, redis, seeded, happened: Happened::default() }
    }

    pub async fn goes_on(&mut self) -> Infallible {
        let (mut death, mut mishap, mut upheaval) = (every(DEATH), every(MISHAP), every(UPHEAVAL));
        loop {
            tokio::select! {
                _ = death.tick() => self.death(),
                _ = mishap.tick() => self.mishap(),
                _ = upheaval.tick() => self.upheaval().await,
            }
        }
    }

    /// Nothing goes wrong from now on.
    pub async fn ends(&mut self) -> Happened {
        self.slack.clear_faults();
        self.redis.start_again().expect("Redis starts");
        self.fill_redis("0").await;
        self.replicas.all_go_on();
        self.happened
    }

    /// With `1` it takes nothing any more, with `0` everything.
    async fn fill_redis(&self, maxmemory: &str) {
        self.redis.set("maxmemory", maxmemory).await.expect("Redis is there");
    }

    fn death(&mut self) {
        let number = self.seeded.random_range(0..self.replicas.count());
        self.replicas.kill(number);
        self.replicas.start_missing();
        self.happened.deaths += 1;
    }

    fn mishap(&mut self) {
        let post = |failure| Fault::Api { method: "chat.postMessage".into(), times: 3, failure };
        let fault = match self.seeded.random_range(0..13) {
            0 => Fault::DuplicateEvents { times: 20 },
            1 => Fault::RepeatEnvelopes { times: 20, after_millis: 1_000 },
            2 => Fault::LoseAcknowledgements { times: 10 },
            3 => post(ApiFailure::LostAnswer),
            4 => post(ApiFailure::Status(503)),
            5 => post(ApiFailure::RateLimited(1)),
            6 => Fault::DropSockets,
            7 => Fault::Disconnect { reason: "refresh_requested".into() },
            8 => Fault::Refresh { after_millis: 0 },
            9 => Fault::HandshakeHang { times: 1 },
            10 => Fault::Garbage { frame: "{\"type\": \"events_api\"".into() },
            11 => Fault::ApiLatency { millis: 200 },
            _ => Fault::ApiLatency { millis: 0 },
        };
        self.slack.inject(fault);
        self.happened.mishaps += 1;
    }

    /// Redis dies or is full, sockets turn silent, replicas stand still or are told to end.
    async fn upheaval(&mut self) {
        let number = self.seeded.random_range(0..self.replicas.count());
        match self.seeded.random_range(0..6) {
            0 => {
                self.redis.kill();
                self.redis.start_again().expect("Redis starts");
            }
            1 => {
                self.fill_redis("1").await;
                sleep(Duration::from_millis(500)).await;
                self.fill_redis("0").await;
            }
            2 => {
                self.slack.inject(Fault::HalfOpen);
                sleep(Duration::from_secs(3)).await;
                self.slack.inject(Fault::DropSockets);
            }
            // Longer than a lease: others take over meanwhile what it still believes to have.
            3 => self.replicas.pause(number),
            4 => self.replicas.terminate(number),
            // As when another image is rolled out.
            _ => (0..self.replicas.count()).for_each(|number| self.replicas.terminate(number)),
        }
        self.happened.upheavals += 1;
    }
}

/// Never twice at once, also after one that took long.
fn every(period: Duration) -> Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Happened { deaths, mishaps, upheavals } = self;
        write!(f, "{deaths} deaths, {mishaps} mishaps, {upheavals} upheavals")
    }
}
