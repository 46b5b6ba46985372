//! From the configuration to a storage that is kept usable, for whoever runs a bot or moves its data.

use std::{sync::Arc, time::Duration};

use chatops_crds::{
    bot_config::{RedisConfig, StorageConfig},
    bot_report::{Fault, FaultCode, StorageKind, StorageReport},
};
use tokio::{sync::watch, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{Embedded, Memory, Redis, Storage};

/// A storage, which works while its keeper runs.
pub struct Opened {
    pub storage: Arc<dyn Storage>,
    pub keeper: Keeper,
}

/// Opens what a storage needs, opens it again whenever it has to, and reports how it fares.
#[derive(Clone, Debug)]
pub enum Keeper {
    /// There is nothing to keep.
    Memory,
    Redis(Redis),
    Embedded(Embedded),
}

/// Storage as `config` says; nothing is opened before its keeper runs.
pub fn open(config: &StorageConfig) -> Opened {
    match config {
        StorageConfig::Memory {} => Opened { storage: Arc::new(Memory::new()), keeper: Keeper::Memory },
        StorageConfig::Redis(config) => {
            let redis = Redis::new(RedisConfig::clone(config));
            Opened { storage: Arc::new(redis.clone()), keeper: Keeper::Redis(redis) }
        }
        StorageConfig::Embedded(config) => {
            let embedded = Embedded::new(config);
            Opened { storage: Arc::new(embedded.clone()), keeper: Keeper::Embedded(embedded) }
        }
    }
}

impl Keeper {
    /// Tells `report` how the storage fares whenever that changes, the first time at once. Never returns: faults are
    /// outlasted.
    pub async fn run(self, report: impl Fn(StorageReport) + Send + Sync + 'static) {
        match self {
            Keeper::Memory => {
                report(StorageReport { kind: StorageKind::Memory, ready: true, fault: None });
                std::future::pending().await
            }
            Keeper::Embedded(embedded) => {
                report(StorageReport { kind: StorageKind::Embedded, ready: false, fault: None });
                embedded.run(report).await;
            }
            Keeper::Redis(redis) => {
                report(StorageReport { kind: StorageKind::Redis, ready: false, fault: None });
                redis.run(report).await;
            }
        }
    }
}

/// A storage with the task that keeps it.
pub struct Kept {
    pub storage: Arc<dyn Storage>,
    /// The last report.
    pub report: watch::Receiver<StorageReport>,
    _keeper: AbortOnDropHandle<()>,
}

impl Opened {
    /// Keeps the storage in a task of its own, and waits for at most `patience` until it can be used.
    ///
    /// # Errors
    /// What is wrong with it then; with no patience, what is wrong at first.
    pub async fn ready(self, patience: Duration) -> Result<Kept, Fault> {
        let (sender, mut report) = watch::channel(StorageReport::default());
        let tell = move |report| {
            sender.send_replace(report);
        };
        let keeper = AbortOnDropHandle::new(tokio::spawn(self.keeper.run(tell)));
        let ready = timeout(patience, report.wait_for(|report| report.ready)).await.is_ok();
        if !ready {
            let told = report.wait_for(|report| report.ready || report.fault.is_some()).await;
            let told = told.map(|report| report.clone()).unwrap_or_default();
            if !told.ready {
                return Err(told.fault.unwrap_or_else(|| Fault::new(FaultCode::Other)));
            }
        }
        Ok(Kept { storage: self.storage, report, _keeper: keeper })
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("keeper", &self.keeper).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("report", &self.report.borrow()).finish_non_exhaustive()
    }
}
