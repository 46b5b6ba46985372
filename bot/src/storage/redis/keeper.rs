//! Keeps one connection open: finds the server, opens the connection again when it ends, looks after it while it is
//! quiet, takes new credentials up, and reports what is wrong.

use std::{mem::replace, time::Duration};

use chatops_crds::{
    bot_report::{Fault, FaultCode, StorageKind, StorageReport},
    chat_bot::storage::Topology,
};
use tokio::time::{Instant, sleep};

use super::{
    cluster,
    connect::{Access, Node, dial},
    credentials::Credentials,
    fault,
    greet::{greet, probe},
    link::{Link, Shared},
    sentinel,
};
use crate::storage::reporter::Reporter;

/// Between two looks at a quiet connection.
const LOOK: Duration = Duration::from_secs(2);

/// Between two times that sentinels are asked while all is well: a master that is cut off from them takes writes that
/// will be lost, and does not say so.
const ASK_SENTINELS: Duration = Duration::from_secs(5);

/// Between two attempts to open one. Recovery is promised within 5 s after the fix; an attempt that is under way when
/// it comes takes a deadline or two.
const RETRY: Duration = Duration::from_millis(500);

/// The same while the keys belong to another bot, which takes a person to change.
const RETRY_IN_USE: Duration = Duration::from_secs(2);

/// Between two looks that failed commands ask for.
const DOUBT: Duration = Duration::from_millis(200);

/// A server that is of use.
struct Found {
    node: Node,
    credentials: Credentials,
    /// Why it takes no writes, though it answers.
    read_only: Option<Fault>,
}

/// Never returns.
pub(super) async fn keep(shared: &Shared, report: impl Fn(StorageReport)) {
    let mut reporter = Reporter::new(StorageKind::Redis, report);
    let mut known = Vec::new();
    loop {
        match Box::pin(find(shared, &mut known)).await {
            Ok(found) => {
                reporter.tell(found.read_only.clone());
                tend(shared, found, &mut reporter).await;
                // The first attempt to open it again is worth waiting for.
                shared.link.send_replace(Link::Opening);
            }
            Err(fault) => {
                let in_use = fault.code == FaultCode::StorageInUse;
                let link = if in_use { Link::InUse(fault.arg("owner").to_owned()) } else { Link::Down };
                shared.link.send_replace(link);
                reporter.tell(Some(fault));
                sleep(if in_use { RETRY_IN_USE } else { RETRY }).await;
            }
        }
    }
}

/// Finds the server that has the keys. `known`: servers of the cluster besides those of the configuration.
async fn find(shared: &Shared, known: &mut Vec<String>) -> Result<Found, Fault> {
    let access = Access::read(&shared.config).await?;
    match shared.config.topology {
        Topology::Standalone => {
            let address = shared.config.addresses.first().map_or("", String::as_str);
            let node = dial(&access.server(&shared.config, address)).await?;
            greeted(shared, access, node).await
        }
        Topology::Cluster => {
            let node = cluster::owner(shared, &access, known).await?;
            greeted(shared, access, node).await
        }
        Topology::Sentinel => master(shared, access).await,
    }
}

/// The first of the servers that sentinels name that takes writes, or else that answers.
async fn master(shared: &Shared, access: Access) -> Result<Found, Fault> {
    let (mut reading, mut first) = (None, None);
    for (address, _) in sentinel::masters(&shared.config, &access).await? {
        let found = match dial(&access.server(&shared.config, &address)).await {
            Ok(node) => greeted(shared, access.clone(), node).await,
            Err(fault) => Err(fault),
        };
        match found {
            Ok(found) if found.read_only.as_ref().is_some_and(fault::is_about_the_place) => {
                reading.get_or_insert(found);
            }
            Ok(found) => return Ok(found),
            Err(fault) => {
                first.get_or_insert(fault);
            }
        }
    }
    let nobody = || Fault::new(FaultCode::StorageMasterUnknown);
    reading.ok_or_else(|| first.unwrap_or_else(nobody))
}

async fn greeted(shared: &Shared, access: Access, node: Node) -> Result<Found, Fault> {
    let server = access.server(&shared.config, &node.address);
    let read_only = greet(shared, &server, &node.open()).await?;
    Ok(Found { node, credentials: access.credentials, read_only })
}

/// Returns when the connection is of no use any more.
async fn tend<R: Fn(StorageReport)>(shared: &Shared, mut found: Found, reporter: &mut Reporter<R>) {
    shared.link.send_replace(Link::Open(found.node.open()));
    while let Some(new) = successor(shared, &mut found, reporter).await {
        shared.link.send_replace(Link::Open(new.node.open()));
        replace(&mut found, new).node.retire();
    }
    found.node.retire();
}

/// What takes the connection's place once there are new credentials. None: it is of no use any more.
async fn successor<R: Fn(StorageReport)>(
    shared: &Shared,
    found: &mut Found,
    reporter: &mut Reporter<R>,
) -> Option<Found> {
    let several = shared.config.topology != Topology::Standalone;
    let mut asked = Instant::now();
    loop {
        tokio::select! {
            _ = &mut found.node.driver => return None,
            () = sleep(LOOK) => (),
            () = doubtful(shared) => (),
        }
        if let Some(new) = Box::pin(rotated(shared, found)).await {
            return Some(new);
        }
        if shared.config.topology == Topology::Sentinel && asked.elapsed() >= ASK_SENTINELS {
            asked = Instant::now();
            if Box::pin(is_master_no_more(shared, &found.node)).await {
                return None;
            }
        }
        match probe(shared, &found.node.open()).await {
            // Another server takes its place, or is about to.
            Ok(Some(fault)) | Err(fault) if several && fault::is_about_the_place(&fault) => return None,
            Ok(read_only) => reporter.tell(read_only),
            Err(fault) => {
                reporter.tell(Some(fault));
                return None;
            }
        }
    }
}

/// A connection with new credentials, if there are any and the server takes them. Until it does, the old connection
/// is as good as ever.
async fn rotated(shared: &Shared, found: &Found) -> Option<Found> {
    let config = &shared.config;
    let current = Credentials::read(config.username.as_ref(), config.password.as_ref()).await.ok()?;
    if current == found.credentials {
        return None;
    }
    let access = Access::read(config).await.ok()?;
    let node = dial(&access.server(config, &found.node.address)).await.ok()?;
    let new = greeted(shared, access, node).await.ok()?;
    tracing::info!("new Redis credentials are in use");
    Some(new)
}

/// Whether more sentinels name another server than name this one.
async fn is_master_no_more(shared: &Shared, node: &Node) -> bool {
    let Ok(access) = Access::read(&shared.config).await else { return false };
    let Ok(masters) = sentinel::masters(&shared.config, &access).await else { return false };
    let for_this = masters.iter().find(|(address, _)| **address == *node.address);
    masters.first().is_some_and(|(_, votes)| *votes > for_this.map_or(0, |(_, votes)| *votes))
}

/// A command failed, and the last look was a while ago.
async fn doubtful(shared: &Shared) {
    sleep(DOUBT).await;
    shared.doubt.notified().await;
}
