//! Keeps one connection open: opens it again when it ends, looks after it while it is quiet, takes new credentials
//! up, and reports what is wrong.

use std::time::Duration;

use chatops_crds::bot_report::{Fault, StorageKind, StorageReport};
use tokio::time::sleep;

use super::{
    Link, Shared,
    connect::{Connected, Credentials, connect, probe},
};

/// Between two looks at a quiet connection.
const LOOK: Duration = Duration::from_secs(2);

/// Between two attempts to open one. Recovery is promised within 5 s after the fix, of which an attempt that is under
/// way takes up to four.
const RETRY: Duration = Duration::from_millis(500);

/// Between two looks that failed commands ask for.
const DOUBT: Duration = Duration::from_millis(200);

/// Never returns.
pub(super) async fn keep(shared: &Shared, report: impl Fn(StorageReport)) {
    let mut reporter = Reporter { report, told: None };
    loop {
        match open(shared).await {
            Ok((connected, credentials)) => {
                reporter.tell(connected.read_only.clone());
                tend(shared, connected, credentials, &mut reporter).await;
                // The first attempt to open it again is worth waiting for.
                shared.link.send_replace(Link::Opening);
            }
            Err(fault) => {
                shared.link.send_replace(Link::Down);
                reporter.tell(Some(fault));
                sleep(RETRY).await;
            }
        }
    }
}

async fn open(shared: &Shared) -> Result<(Connected, Credentials), Fault> {
    let credentials = Credentials::read(&shared.config).await?;
    let connected = connect(&shared.config, &credentials).await?;
    Ok((connected, credentials))
}

/// Returns when the connection is of no use any more.
async fn tend<R: Fn(StorageReport)>(
    shared: &Shared,
    connected: Connected,
    mut used: Credentials,
    reporter: &mut Reporter<R>,
) {
    let Connected { mut connection, mut driver, .. } = connected;
    shared.link.send_replace(Link::Open(connection.clone()));
    loop {
        tokio::select! {
            _ = &mut driver => return,
            () = sleep(LOOK) => (),
            () = doubtful(shared) => (),
        }
        if let Some((new, credentials)) = rotated(shared, &used).await {
            Connected { connection, driver, .. } = new;
            used = credentials;
            shared.link.send_replace(Link::Open(connection.clone()));
        }
        match probe(&shared.config, &mut connection).await {
            Ok(read_only) => reporter.tell(read_only),
            Err(fault) => return reporter.tell(Some(fault)),
        }
    }
}

/// A connection with new credentials, if there are any and the server takes them. Until it does, the old connection
/// is as good as ever.
async fn rotated(shared: &Shared, used: &Credentials) -> Option<(Connected, Credentials)> {
    let current = Credentials::read(&shared.config).await.ok().filter(|current| current != used)?;
    let connected = connect(&shared.config, &current).await.ok()?;
    tracing::info!("new Redis credentials are in use");
    Some((connected, current))
}

/// A command failed, and the last look was a while ago.
async fn doubtful(shared: &Shared) {
    sleep(DOUBT).await;
    shared.doubt.notified().await;
}

/// Tells what has changed.
struct Reporter<R> {
    report: R,
    /// What was told last.
    told: Option<StorageReport>,
}

impl<R: Fn(StorageReport)> Reporter<R> {
    /// `fault`: what is wrong now, if something is.
    fn tell(&mut self, fault: Option<Fault>) {
        let state = StorageReport { kind: StorageKind::Redis, ready: fault.is_none(), fault };
        if self.told.as_ref() == Some(&state) {
            return;
        }
        match &state.fault {
            Some(fault) => tracing::warn!(code = ?fault.code, args = ?fault.args, "Redis cannot be used"),
            None => tracing::info!("Redis answers"),
        }
        self.told = Some(state.clone());
        (self.report)(state);
    }
}
