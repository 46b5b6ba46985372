//! Telling how a storage fares, when that has changed.

use chatops_crds::bot_report::{Fault, StorageKind, StorageReport};

/// Tells what has changed.
pub(super) struct Reporter<R> {
    kind: StorageKind,
    report: R,
    /// What was told last.
    told: Option<StorageReport>,
}

impl<R: Fn(StorageReport)> Reporter<R> {
    pub(super) fn new(kind: StorageKind, report: R) -> Self {
        Self { kind, report, told: None }
    }

    /// `fault`: what is wrong now, if something is.
    pub(super) fn tell(&mut self, fault: Option<Fault>) {
        let state = StorageReport { kind: self.kind, ready: fault.is_none(), fault };
        if self.told.as_ref() == Some(&state) {
            return;
        }
        let kind = self.kind.as_str();
        match &state.fault {
            Some(fault) => {
                tracing::warn!(kind, code = ?fault.code, args = ?fault.args, "storage cannot be used")
            }
            None => tracing::info!(kind, "storage answers"),
        }
        self.told = Some(state.clone());
        (self.report)(state);
    }
}
