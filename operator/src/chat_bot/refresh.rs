//! Asks the kubelet to refresh what a pod has mounted.
//!
//! On its own the kubelet looks about once a minute. A changed annotation of the pod makes it look at once (Kubernetes
//! docs, "Configure a Pod to Use a ConfigMap": mounted ConfigMaps are updated automatically). It is asked only while
//! something is awaited: a configuration that the bot does not have yet, or a Secret that the bot finds fault with.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chatops_crds::bot_report::{BotReport, FaultCode};
use k8s_openapi::{api::core::v1::Pod, jiff::Timestamp};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
};
use serde_json::json;
use tokio::time::Instant;

use super::validate::ValidatedBot;
use crate::{
    bots::pods::BotPod,
    cluster::{FIELD_MANAGER, client::brief, labels},
};

/// Pauses between requests for a new configuration. The first request may come before the kubelet's own watch has
/// brought the ConfigMap; a bot that never takes it up is not asked for ever.
const CONFIG_PAUSES: &[f64] = &[0.0, 0.4, 0.8, 1.0, 2.0, 4.0, 8.0, 30.0, 60.0];

/// Pauses between requests for a corrected Secret: at most 8 s, so that the bot recovers within 10 s after the fix.
const SECRET_PAUSES: &[f64] = &[2.0, 2.0, 2.0, 3.0, 4.0, 6.0, 8.0];

/// An entry that was not due for so long belongs to a pod that is gone.
const FORGOTTEN: Duration = Duration::from_secs(300);

/// What was asked of which pod.
#[derive(Debug, Default)]
pub struct Refreshes(Mutex<HashMap<String, Request>>);

/// What a pod is asked to take up.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Awaited {
    /// The configuration with this hash.
    Config(String),
    /// Another content of a Secret or of certificates.
    Secret,
}

#[derive(Clone, Debug)]
struct Request {
    awaited: Awaited,
    tries: usize,
    due: Instant,
}

impl Refreshes {
    /// Asks for each pod of `bot` that waits for something and is due. Returns when to look again.
    pub async fn ask(
        &self,
        client: &Client,
        bot: &ValidatedBot,
        pods: &[BotPod],
        now: Timestamp,
    ) -> Option<Duration> {
        let mut again: Option<Duration> = None;
        for pod in pods {
            let Some((due, next)) = self.next(&pod.uid, awaited(pod, &bot.config_hash), Instant::now())
            else {
                continue;
            };
            if due {
                refresh(client, &bot.namespace, &pod.name, now).await;
            }
            again = Some(again.map_or(next, |again| again.min(next)));
        }
        again
    }

    /// Whether the pod is to be asked now, and when to look again; none if it waits for nothing.
    fn next(&self, uid: &str, awaited: Option<Awaited>, now: Instant) -> Option<(bool, Duration)> {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(awaited) = awaited else {
            requests.remove(uid);
            return None;
        };
        requests.retain(|_, request| now.saturating_duration_since(request.due) < FORGOTTEN);
        if requests.get(uid).is_none_or(|request| request.awaited != awaited) {
            let due = now + pause(&awaited, 0);
            requests.insert(uid.into(), Request { awaited, tries: 0, due });
        }
        let request = requests.get_mut(uid)?;
        let due = request.due <= now;
        if due {
            request.tries += 1;
            request.due = now + pause(&request.awaited, request.tries);
        }
        Some((due, request.due - now))
    }
}

fn pause(awaited: &Awaited, tries: usize) -> Duration {
    let pauses = match awaited {
        Awaited::Config(_) => CONFIG_PAUSES,
        Awaited::Secret => SECRET_PAUSES,
    };
    let seconds = pauses.get(tries).or(pauses.last()).copied().unwrap_or_default();
    Duration::from_secs_f64(seconds)
}

fn awaited(pod: &BotPod, config_hash: &str) -> Option<Awaited> {
    let report = pod.says()?;
    if report.config_hash != config_hash {
        return Some(Awaited::Config(config_hash.into()));
    }
    finds_fault_with_a_secret(report).then_some(Awaited::Secret)
}

fn finds_fault_with_a_secret(report: &BotReport) -> bool {
    use FaultCode::{
        InvalidAppToken, InvalidBotToken, ProxyAuthFailed, ProxySecretNotFound, StorageAuthFailed,
        StorageCertificateNotFound, StorageSecretNotFound, TokenRevoked, TokensSecretKeyMissing,
        TokensSecretNotFound, TrustedCaNotFound,
    };
    let mounted = [
        InvalidAppToken,
        InvalidBotToken,
        ProxyAuthFailed,
        ProxySecretNotFound,
        StorageAuthFailed,
        StorageCertificateNotFound,
        StorageSecretNotFound,
        TokenRevoked,
        TokensSecretKeyMissing,
        TokensSecretNotFound,
        TrustedCaNotFound,
    ];
    [&report.slack.credentials_fault, &report.slack.connection_fault, &report.storage.fault]
        .into_iter()
        .flatten()
        .any(|fault| mounted.contains(&fault.code))
}

/// Through `pods/status`, a right that cannot change what a pod runs. Failing is no error: the pod may be gone, and it
/// is asked again.
async fn refresh(client: &Client, namespace: &str, pod: &str, now: Timestamp) {
    let patch = json!({"metadata": {"annotations": {labels::REFRESHED: now.to_string()}}});
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    let api = Api::<Pod>::namespaced(client.clone(), namespace);
    match api.patch_status(pod, &params, &Patch::Merge(&patch)).await {
        Ok(_) => tracing::debug!(pod, namespace, "the kubelet is asked to refresh"),
        Err(error) => {
            tracing::info!(pod, namespace, error = brief(&error), "the kubelet could not be asked to refresh")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chatops_crds::bot_report::{Fault, SlackReport};

    use super::*;
    use crate::bots::reports::ReportState;

    fn pod(report: BotReport) -> BotPod {
        BotPod {
            name: "ops-bot-1".into(),
            uid: "u".into(),
            template: None,
            leaving: false,
            running: true,
            ready: true,
            obstacle: None,
            report: ReportState::Fresh(Arc::new(report)),
        }
    }

    fn report(config_hash: &str, fault: Option<FaultCode>) -> BotReport {
        let slack = SlackReport { credentials_fault: fault.map(Fault::new), ..SlackReport::default() };
        BotReport { config_hash: config_hash.into(), slack, ..BotReport::default() }
    }

    #[test]
    fn a_pod_is_asked_only_while_something_is_awaited() {
        assert_eq!(awaited(&pod(report("new", None)), "new"), None);
        assert_eq!(awaited(&pod(report("old", None)), "new"), Some(Awaited::Config("new".into())));
        let missing = pod(report("new", Some(FaultCode::TokensSecretNotFound)));
        assert_eq!(awaited(&missing, "new"), Some(Awaited::Secret));
        let leaving = BotPod { leaving: true, ..missing };
        assert_eq!(awaited(&leaving, "new"), None);
    }

    #[test]
    fn a_new_configuration_is_asked_for_at_once_and_then_ever_less_often() {
        let (refreshes, start) = (Refreshes::default(), Instant::now());
        let config = || Some(Awaited::Config("new".into()));
        let (due, next) = refreshes.next("u", config(), start).unwrap();
        assert!(due && next == Duration::from_millis(400));
        let (due, _) = refreshes.next("u", config(), start + Duration::from_millis(100)).unwrap();
        assert!(!due, "another wake asks nothing more");
        let mut now = start;
        let mut asked = 0;
        for _ in 0..100 {
            let (due, next) = refreshes.next("u", config(), now).unwrap();
            asked += usize::from(due);
            now += next;
        }
        assert!(now - start > Duration::from_secs(60) * 80, "asked {asked} times in {:?}", now - start);
    }

    #[test]
    fn a_secret_is_asked_for_every_eight_seconds_at_least() {
        let (refreshes, mut now) = (Refreshes::default(), Instant::now());
        for _ in 0..100 {
            let (_, next) = refreshes.next("u", Some(Awaited::Secret), now).unwrap();
            assert!(next <= Duration::from_secs(8), "{next:?}");
            now += next;
        }
    }

    #[test]
    fn what_arrived_is_forgotten() {
        let (refreshes, now) = (Refreshes::default(), Instant::now());
        refreshes.next("u", Some(Awaited::Secret), now);
        assert_eq!(refreshes.next("u", None, now), None);
        assert!(refreshes.0.lock().unwrap().is_empty());
    }
}
