//! How far the operator is: one source for both probes.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

/// The supervisor's loop beats every second; without a beat for this long the process is stuck and should be restarted.
const STUCK: Duration = Duration::from_secs(30);

/// What the operator is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The API server has not answered yet.
    Starting,
    /// Another operator holds the lease, and this one could take over.
    Standby,
    /// The lease is ours, and the caches are being filled.
    Syncing,
    /// The lease is ours, and objects are reconciled.
    Active,
}

impl Phase {
    const ALL: [Phase; 4] = [Phase::Starting, Phase::Standby, Phase::Syncing, Phase::Active];

    /// The word as `/readyz` answers it.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Starting => "starting",
            Phase::Standby => "standby",
            Phase::Syncing => "syncing",
            Phase::Active => "active",
        }
    }

    /// Whether a rollout of the operator may go on. It does *not* mean that the API server answers now or that bots are
    /// well: neither would get better by taking the operator out.
    pub fn is_ready(self) -> bool {
        matches!(self, Phase::Standby | Phase::Active)
    }
}

/// Shared between the supervisor and the probes.
#[derive(Debug)]
pub struct Health {
    beat: Mutex<Instant>,
    phase: AtomicU8,
}

impl Default for Health {
    fn default() -> Self {
        Self { beat: Mutex::new(Instant::now()), phase: AtomicU8::new(Phase::Starting as u8) }
    }
}

impl Health {
    /// The supervisor's loop runs.
    pub fn beat(&self) {
        *self.beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether the supervisor's loop ran lately.
    pub fn is_alive(&self) -> bool {
        self.beat.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < STUCK
    }

    pub fn enter(&self, phase: Phase) {
        let before = self.phase.swap(phase as u8, Ordering::Relaxed);
        if before != phase as u8 {
            tracing::info!(phase = phase.as_str(), "the operator's phase");
        }
    }

    pub fn phase(&self) -> Phase {
        let number = self.phase.load(Ordering::Relaxed);
        Phase::ALL.into_iter().find(|phase| *phase as u8 == number).unwrap_or(Phase::Starting)
    }
}
