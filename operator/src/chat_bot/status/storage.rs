//! `StorageReady`: whether plugins can keep data.

use chatops_crds::{
    bot_report::StorageKind,
    chat_bot::Storage,
    shared::conditions::{Reason, STORAGE_READY, Status, Verdict},
};

use super::{Facts, faults, managed_redis};

pub fn storage_ready(facts: &Facts<'_>) -> Verdict {
    let Some(report) = facts.report() else {
        return match managed_redis::hindrance(facts).filter(|_| facts.wanted() > 0) {
            Some(cause) => cause.on(STORAGE_READY),
            None => facts.hindrance().unknown(STORAGE_READY),
        };
    };
    if let Some(cause) = facts.reports().find_map(|report| faults::storage::cause(report, facts)) {
        return cause.on(STORAGE_READY);
    }
    let is = |status, reason, message: &str| Verdict::new(STORAGE_READY, status, reason, message);
    match (report.storage.ready, report.storage.kind) {
        (false, _) => is(Status::Unknown, Reason::Progressing, "The bot is connecting to its storage"),
        (true, StorageKind::Memory) => is(
            Status::True,
            Reason::EphemeralStorage,
            "Data are in memory and are lost when the pod restarts: set spec.storage.redis, managedRedis or embedded to keep them",
        ),
        (true, StorageKind::Redis) => is(Status::True, Reason::StorageConnected, "Redis answers"),
        (true, StorageKind::Embedded) => is(Status::True, Reason::StorageConnected, "The volume is in use"),
    }
}

/// What the spec asks for, as people read it.
pub fn kind(facts: &Facts<'_>) -> &'static str {
    match &facts.bot.spec.storage {
        Storage { managed_redis: Some(_), .. } => "ManagedRedis",
        Storage { redis: Some(_), .. } => StorageKind::Redis.as_str(),
        Storage { embedded: Some(_), .. } => StorageKind::Embedded.as_str(),
        _ => StorageKind::Memory.as_str(),
    }
}
