//! How any kind is reconciled: a few at a time, each with a deadline, again after a failure with back-off, and now and
//! then without any reason, since a watch can miss something.

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt::Debug,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt};
use kube::{
    Resource, ResourceExt,
    runtime::{
        Config, applier,
        controller::{Action, Error as ApplierError},
        reflector::{ObjectRef, Store},
    },
};
use tokio::time::timeout;

use crate::{cluster::cache::Cache, serve::metrics::Metrics};

/// Reconciles at the same time; unbounded is kube's default.
const CONCURRENCY: u16 = 8;

/// Gathers events that come together, such as a rollout's.
const DEBOUNCE: Duration = Duration::from_millis(20);

/// Deadline of one reconcile, whatever its requests do.
const DEADLINE: Duration = Duration::from_secs(60);

/// Without any reason, every object is looked at this often (with jitter, so that not all come at once).
const RESYNC: Duration = Duration::from_secs(5 * 60);

/// First and longest pause after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

#[derive(Debug, thiserror::Error)]
enum Failure<E: std::error::Error + 'static> {
    #[error(transparent)]
    Reconcile(E),
    #[error("not done within {} s", DEADLINE.as_secs())]
    Deadline,
}

/// Consecutive failures of each object.
#[derive(Debug, Default)]
struct Failures(Mutex<HashMap<String, u32>>);

impl Failures {
    fn clear(&self, object: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(object);
    }

    /// Counts one more, and says how long to wait.
    fn next_pause(&self, object: &str) -> Duration {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(object.into()).or_default();
        let pause = PAUSES.0.saturating_mul(1 << (*count).min(16)).min(PAUSES.1);
        *count += 1;
        jittered(pause)
    }
}

/// Reconciles what comes through `queue`. `reconcile` says when to look again at the latest. Never ends.
pub(super) async fn run<K, F, E>(
    kind: &'static str,
    filled: Cache,
    store: Store<K>,
    queue: impl Stream<Item = Result<ObjectRef<K>, Infallible>> + Send + 'static,
    metrics: Metrics,
    reconcile: impl Fn(Arc<K>) -> F + Send + Sync + 'static,
) -> &'static str
where
    K: Resource<DynamicType = ()> + Clone + Debug + Send + Sync + 'static,
    F: Future<Output = Result<Option<Duration>, E>> + Send + 'static,
    E: std::error::Error + Send + Sync + 'static,
{
    if filled.ready().await.is_err() {
        return kind;
    }
    let failures = Arc::new(Failures::default());
    let attempt = move |object: Arc<K>, failures: Arc<Failures>| {
        let (name, started) = (full_name(&*object), Instant::now());
        let (work, metrics) = (reconcile(object), metrics.clone());
        Box::pin(async move {
            let result = match timeout(DEADLINE, work).await {
                Ok(Ok(again)) => {
                    failures.clear(&name);
                    let resync = jittered(RESYNC);
                    Ok(Action::requeue(again.map_or(resync, |again| again.min(resync))))
                }
                Ok(Err(error)) => Err(Failure::Reconcile(error)),
                Err(_elapsed) => Err(Failure::Deadline),
            };
            let outcome = match &result {
                Ok(_) => "ok",
                Err(Failure::Reconcile(_)) => "error",
                Err(Failure::Deadline) => "deadline",
            };
            metrics.reconciled(kind, outcome, started.elapsed());
            result
        })
    };
    let retry = move |object: Arc<K>, error: &Failure<E>, failures: Arc<Failures>| {
        let name = full_name(&*object);
        let pause = failures.next_pause(&name);
        tracing::warn!(kind, object = name, %error, ?pause, "the reconcile failed and is tried again");
        Action::requeue(pause)
    };
    let config = Config::default().concurrency(CONCURRENCY).debounce(DEBOUNCE);
    applier(attempt, retry, failures.clone(), store, queue, config)
        .for_each(|outcome| {
            if let Err(ApplierError::ObjectNotFound(gone)) = &outcome {
                let namespace = gone.namespace.clone().unwrap_or_default();
                failures.clear(&format!("{namespace}/{}", gone.name));
            }
            std::future::ready(())
        })
        .await;
    kind
}

fn full_name<K: Resource>(object: &K) -> String {
    format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
}

/// Between 80 % and 120 % of `duration`.
fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(rand::random_range(0.8..1.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_start_anew_after_a_success() {
        let failures = Failures::default();
        let pauses: Vec<_> = (0..40).map(|_| failures.next_pause("a/b")).collect();
        assert!(pauses[0] <= PAUSES.0.mul_f64(1.2));
        assert!(pauses.iter().all(|pause| *pause <= PAUSES.1.mul_f64(1.2)));
        assert!(pauses[39] >= PAUSES.1.mul_f64(0.8));
        failures.clear("a/b");
        assert!(failures.next_pause("a/b") <= PAUSES.0.mul_f64(1.2));
    }
}
