//! Watches that fill a cache and never give up.

use std::{fmt::Debug, pin::pin, time::Duration};

use backon::ExponentialBuilder;
use futures::StreamExt;
use kube::{
    Api, Resource, ResourceExt,
    runtime::{
        WatchStreamExt,
        reflector::store::Writer,
        watcher,
        watcher::{Event, ExponentialBackoff},
    },
};
use serde::de::DeserializeOwned;

use super::client::brief;

/// How long the server keeps a watch open, in seconds. Short, because it bounds how long a half-open connection goes
/// unnoticed; a new watch from the same resource version costs the server little.
const WATCH_SECONDS: u32 = 60;

/// First pause after a failure.
const MIN_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause after a failure: a bot's change must not wait half a minute after a short outage.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// Follows all objects of a kind into `writer`, each pruned before it is kept. `changed` is called after the cache has
/// taken an event, `restarted` after each failure. Never ends.
pub async fn follow<K>(
    api: Api<K>,
    labels: Option<&str>,
    mut writer: Writer<K>,
    prune: fn(&mut K),
    mut changed: impl FnMut(&Event<K>),
    restarted: impl Fn(),
) where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let mut config = watcher::Config::default().timeout(WATCH_SECONDS);
    config.label_selector = labels.map(str::to_owned);
    loop {
        let mut events = pin!(watcher(api.clone(), config.clone()).modify(prune).backoff(backoff()));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    writer.apply_watcher_event(&event);
                    changed(&event);
                }
                Err(error) => {
                    restarted();
                    tracing::warn!(kind = %K::kind(&()), error = words(&error), "the watch failed and is started again");
                    if is_expired(&error) {
                        break;
                    }
                }
            }
        }
    }
}

/// The watcher lists anew when an event says that its version is too old, but not when the answer's head says so.
fn is_expired(error: &watcher::Error) -> bool {
    matches!(error, watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410)
}

fn words(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error) => format!("list: {}", brief(error)),
        watcher::Error::WatchStartFailed(error) | watcher::Error::WatchFailed(error) => brief(error),
        watcher::Error::WatchError(status) => format!("{} {}", status.code, status.message),
        watcher::Error::NoResourceVersion => error.to_string(),
    }
}

fn backoff() -> ExponentialBackoff {
    let backoff =
        ExponentialBuilder::default().with_min_delay(MIN_PAUSE).with_max_delay(MAX_PAUSE).with_jitter();
    ExponentialBackoff::from(backoff.without_max_times())
}

/// Takes out of an object what only costs memory.
pub fn without_managed_fields<K: Resource>(object: &mut K) {
    object.managed_fields_mut().clear();
}
