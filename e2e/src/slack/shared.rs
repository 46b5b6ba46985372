//! What every part of a running simulator holds on to: the state behind its lock, the settings, and the signal that
//! something changed.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::watch};

use super::{delivery, origin::Hosts, world::World};

/// What is fixed at the start.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Divides Slack's long waits: one minute and five minutes before a redelivery, ten seconds after a warning.
    pub(crate) time_factor: f64,
    /// How long Slack waits for an acknowledgement: 3 s.
    pub(crate) ack_deadline: Duration,
    /// How often the server pings each socket.
    pub(crate) ping_interval: Duration,
    /// The names under which it is reached, if it has any: links then lead there, with TLS.
    pub(crate) hosts: Option<Hosts>,
}

/// One running simulator.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) runtime: Handle,
    pub(crate) started: Instant,
    /// Whether connections are accepted.
    pub(crate) gate: watch::Sender<bool>,
    world: Mutex<World>,
    changes: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, runtime: Handle, world: World) -> Self {
        Self {
            settings,
            runtime,
            started: Instant::now(),
            gate: watch::Sender::new(true),
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
        }
    }

    /// The state, to look at. A panic elsewhere leaves it consistent enough for a test's last look.
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, starts the deliveries that the change caused, in order, and wakes everybody who waits.
    pub(crate) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.lock();
        let result = change(&mut world);
        for payload in mem::take(&mut world.outgoing) {
            delivery::start(self, &mut world, payload);
        }
        drop(world);
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Tells of every change from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
