//! Follows one pod by long poll: an unchanged bot costs one request every ten seconds, a change is known at once.

use std::{collections::BTreeSet, pin::pin, time::Duration};

use chatops_crds::bot_report::Envelope;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    access::{Access, AccessError, PodAddress},
    reports::Reports,
    sanitize::sanitize,
};

/// How long the bot may hold a poll while nothing changes. Shorter than a report stays fresh.
const WAIT_SECONDS: u64 = 10;

/// Deadline of a poll.
const DEADLINE: Duration = Duration::from_secs(WAIT_SECONDS + 3);

/// Pause after a failed poll, and the shortest time between two answers that say the same: a bot that ignores `wait`
/// must not keep the operator busy.
const PAUSE: Duration = Duration::from_secs(1);

/// Pause after the first few failures in a row: a process that has just started answers soon.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How many are the first few.
const FIRST_FAILURES: u32 = 15;

/// Follows the pod `uid` until it is stopped. `told` is called when its report changed, became stale, or is fresh again.
pub(super) async fn follow(
    uid: String,
    pod: PodAddress,
    access: Access,
    reports: Reports,
    told: impl Fn(&str, &str),
) {
    let bot = pod.bot_name();
    let mut shared = BTreeSet::new();
    let mut tell = || {
        let sharing = reports.sharing(&bot);
        for each in [&bot].into_iter().chain(&shared).chain(&sharing) {
            told(&each.namespace, &each.name);
        }
        shared = sharing;
    };
    let mut since = String::new();
    let mut failures = 0;
    loop {
        let started = Instant::now();
        let answer = {
            let mut poll = pin!(poll(&access, &pod, &since));
            let stale_at = reports.stale_at(&uid);
            let mut stale = pin!(sleep_until(stale_at));
            let mut waiting = started < stale_at;
            loop {
                tokio::select! {
                    answer = &mut poll => break answer,
                    () = &mut stale, if waiting => {
                        waiting = false;
                        tell();
                    }
                }
            }
        };
        match answer {
            Ok(envelope) => {
                failures = 0;
                let unchanged = envelope.hash == since;
                since.clone_from(&envelope.hash);
                if reports.record(&uid, envelope) {
                    tell();
                }
                if unchanged {
                    sleep(PAUSE.saturating_sub(started.elapsed())).await;
                }
            }
            Err(error) => {
                tracing::debug!(pod = pod.name, namespace = pod.namespace, %error, "no report");
                since.clear();
                failures += 1;
                let pause = if failures > FIRST_FAILURES { PAUSE } else { FIRST_PAUSE };
                let stale_at = reports.stale_at(&uid);
                let now = Instant::now();
                sleep(pause).await;
                if now < stale_at && stale_at <= Instant::now() {
                    tell();
                }
            }
        }
    }
}

async fn poll(access: &Access, pod: &PodAddress, since: &str) -> Result<Envelope, AccessError> {
    let path = if since.is_empty() {
        "/status".to_owned()
    } else {
        format!("/status?since={since}&wait={WAIT_SECONDS}s")
    };
    let body =
        timeout(DEADLINE, access.get(pod, &path)).await.map_err(|_elapsed| AccessError::Deadline)??;
    Ok(sanitize(serde_json::from_slice(&body)?))
}
