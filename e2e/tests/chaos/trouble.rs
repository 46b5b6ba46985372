//! What goes wrong, again and again, while people type.

use std::{convert::Infallible, time::Duration};

use chatops_e2e::slack::{ApiFailure, Fault, Simulator, Slack};
use tokio::time::interval;

use crate::replicas::Replicas;

/// Between two deaths.
const DEATH: Duration = Duration::from_secs(2);

/// Between two faults of Slack or of the network.
const MISHAP: Duration = Duration::from_millis(700);

pub struct Trouble {
    slack: Slack,
    replicas: Replicas,
    killed: usize,
    mishaps: usize,
}

impl Trouble {
    pub fn with(slack: &Simulator, replicas: Replicas) -> Self {
        Self { slack: slack.slack(), replicas, killed: 0, mishaps: 0 }
    }

    pub async fn goes_on(&mut self) -> Infallible {
        let (mut death, mut mishap) = (interval(DEATH), interval(MISHAP));
        loop {
            tokio::select! {
                _ = death.tick() => {
                    self.replicas.kill(self.killed % self.replicas.count());
                    self.replicas.start_missing();
                    self.killed += 1;
                }
                _ = mishap.tick() => {
                    self.slack.inject(mishap_number(self.mishaps));
                    self.mishaps += 1;
                }
            }
        }
    }

    /// Nothing goes wrong from now on. Returns what did.
    pub fn ends(&mut self) -> String {
        self.slack.clear_faults();
        format!("{} deaths, {} other mishaps", self.killed, self.mishaps)
    }
}

fn mishap_number(number: usize) -> Fault {
    let post = |failure| Fault::Api { method: "chat.postMessage".into(), times: 3, failure };
    match number % 8 {
        0 => Fault::DuplicateEvents { times: 20 },
        1 => post(ApiFailure::LostAnswer),
        2 => Fault::LoseAcknowledgements { times: 10 },
        3 => post(ApiFailure::Status(503)),
        4 => Fault::RepeatEnvelopes { times: 20, after_millis: 1_000 },
        5 => post(ApiFailure::RateLimited(1)),
        6 => Fault::DropSockets,
        _ => Fault::ApiLatency { millis: 200 },
    }
}
