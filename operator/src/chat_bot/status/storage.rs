//! `StorageReady`: whether plugins can keep data.

use chatops_crds::{
    bot_report::StorageKind,
    shared::conditions::{Reason, STORAGE_READY, Status, Verdict},
};

use super::{Facts, faults};

pub fn storage_ready(facts: &Facts<'_>) -> Verdict {
    let Some(report) = facts.report() else { return facts.hindrance().unknown(STORAGE_READY) };
    let storage = &report.storage;
    match (storage.kind, storage.ready, &storage.fault) {
        (StorageKind::Memory, true, _) => Verdict::new(
            STORAGE_READY,
            Status::True,
            Reason::EphemeralStorage,
            "Data are in memory and are lost when the pod restarts: set spec.storage.redis to keep them",
        ),
        (StorageKind::Redis, true, _) => {
            Verdict::new(STORAGE_READY, Status::True, Reason::StorageConnected, "Redis answers")
        }
        (_, false, Some(fault)) => faults::storage_fault(fault, &facts.bot.spec).on(STORAGE_READY),
        (_, false, None) => {
            let message = "The bot is connecting to its storage";
            Verdict::new(STORAGE_READY, Status::Unknown, Reason::Progressing, message)
        }
    }
}

/// What the spec asks for, as people read it.
pub fn kind(facts: &Facts<'_>) -> &'static str {
    match facts.bot.spec.storage.redis {
        Some(_) => StorageKind::Redis.as_str(),
        None => StorageKind::Memory.as_str(),
    }
}
