//! Waiting for a condition, never for a time.

use std::{fmt::Debug, future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// How long anything may take that a pod has to be started for. Generous: speed is measured by the benchmark.
pub const SOON: Duration = Duration::from_secs(90);

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(100);

/// Looks until `probe` gives a value, and returns it with the time it took. `probe` answers `Err` with what it saw
/// instead, which the panic at the deadline repeats.
pub async fn eventually<T, E, F, Fut>(what: &str, within: Duration, mut probe: F) -> (T, Duration)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: Debug,
{
    let start = Instant::now();
    loop {
        match probe().await {
            Ok(value) => return (value, start.elapsed()),
            Err(seen) if start.elapsed() > within => {
                panic!("{what}: not within {within:?}; last seen: {seen:#?}")
            }
            Err(_) => sleep(INTERVAL).await,
        }
    }
}
