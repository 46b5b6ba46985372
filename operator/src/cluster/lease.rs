//! The lease that makes one of several operators the active one.
//!
//! `kube-lease-manager` speaks the protocol. What it leaves open is done here: a standby looks every few seconds, so that
//! it takes over soon after a graceful end, and a holder whose renewals fail knows when to stop acting.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use kube::{Client, Config};
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder, LeaseManagerError};
use tokio::time::{sleep, timeout};

use super::client::{Call, client};

/// Name of the Lease.
pub const NAME: &str = "chatops-operator";

/// How long a lease is valid without renewal, in seconds. It is renewed [`GRACE`] before.
const DURATION: u64 = 15;

/// Time left for renewals that fail, in seconds; also the clock skew between nodes that is tolerated.
const GRACE: u64 = 9;

/// A holder stops this long after its last renewal: before anybody else may take over.
const LOST_AFTER: Duration = Duration::from_secs(DURATION - 3);

/// Deadline of one request.
const DEADLINE: Duration = Duration::from_secs(4);

/// How often a standby looks with fresh eyes.
const LOOK: Duration = Duration::from_secs(3);

/// Pause after a failed request.
const PAUSE: Duration = Duration::from_secs(1);

/// How long giving the lease back may take at shutdown.
const RELEASE: Duration = Duration::from_secs(3);

/// One candidate for the lease.
pub struct Lease {
    client: Client,
    namespace: String,
    identity: String,
    /// Start of the last request that the API server granted while we held the lease.
    renewed: Arc<Mutex<Instant>>,
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}

impl Lease {
    /// A candidate `identity` for the lease in `namespace`. It has a client of its own: its deadline is shorter, and its
    /// successful writes are renewals.
    ///
    /// # Errors
    /// When the configuration's certificates or credentials cannot be used.
    pub fn new(config: Config, namespace: &str, identity: &str) -> Result<Self, kube::Error> {
        let renewed = Arc::new(Mutex::new(Instant::now()));
        let seen = renewed.clone();
        let observer = move |call: &Call| {
            let granted = call.status.is_some_and(|status| status.is_success());
            if granted && call.method == http::Method::PATCH {
                *seen.lock().unwrap_or_else(PoisonError::into_inner) = call.started;
            }
        };
        let client = client(config, DEADLINE, Arc::new(observer))?;
        Ok(Self { client, namespace: namespace.into(), identity: identity.into(), renewed })
    }

    /// Waits until the lease is ours. `looked` is called each time the API server told who holds it.
    pub async fn acquire(&self, looked: impl Fn()) -> LeaseManager {
        loop {
            match self.try_acquire(&looked).await {
                Ok(Some(manager)) => return manager,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the lease could not be looked at");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// A new manager knows nothing and asks the API server; one that waits sleeps until the holder's lease expires.
    async fn try_acquire(&self, looked: &impl Fn()) -> Result<Option<LeaseManager>, LeaseManagerError> {
        let manager = LeaseManagerBuilder::new(self.client.clone(), NAME)
            .with_namespace(&self.namespace)
            .with_identity(&self.identity)
            .with_duration(DURATION)
            .with_grace(GRACE)
            .build()
            .await?;
        looked();
        match timeout(LOOK, manager.changed()).await {
            Ok(held) => Ok(held?.then_some(manager)),
            Err(_still_held_by_another) => Ok(None),
        }
    }

    /// Renews the lease until it is lost.
    pub async fn hold(&self, manager: &LeaseManager) {
        let renew = async {
            loop {
                match manager.changed().await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "the lease could not be renewed");
                        sleep(PAUSE).await;
                    }
                }
            }
        };
        let expire = async {
            loop {
                let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
                match LOST_AFTER.checked_sub(renewed.elapsed()) {
                    Some(left) => sleep(left).await,
                    None => break,
                }
            }
        };
        tokio::select! {
            () = renew => {}
            () = expire => {}
        }
    }

    /// Gives the lease back, so that another operator need not wait for it to expire.
    pub async fn release(&self, manager: &LeaseManager) {
        match timeout(RELEASE, manager.release()).await {
            Ok(Ok(())) => tracing::info!("the lease is given back"),
            Ok(Err(error)) => tracing::warn!(%error, "the lease could not be given back"),
            Err(_elapsed) => tracing::warn!("the lease could not be given back in time"),
        }
    }
}
