//! The operator's metrics. Labels are static words: their number is bounded whatever people apply.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReconcileLabels {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    verb: &'static str,
    resource: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReadyLabels {
    ready: &'static str,
}

/// Shared by everything that counts.
#[derive(Clone)]
pub struct Metrics(Arc<Families>);

struct Families {
    registry: Registry,
    reconciles: Family<ReconcileLabels, Counter>,
    durations: Family<KindLabels, Histogram>,
    requests: Family<RequestLabels, Counter>,
    watch_restarts: Family<KindLabels, Counter>,
    bots: Family<ReadyLabels, Gauge>,
    active: Gauge<f64, AtomicU64>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// From half a millisecond (nothing to do) to 32 s (the API server hardly answers).
fn durations() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 4.0, 9))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("chatops_operator");
        let families = Families {
            reconciles: Family::default(),
            durations: Family::new_with_constructor(durations as fn() -> Histogram),
            requests: Family::default(),
            watch_restarts: Family::default(),
            bots: Family::default(),
            active: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("reconciles", "Reconciles by kind and outcome", families.reconciles.clone());
        registry.register(
            "reconcile_duration_seconds",
            "How long a reconcile took",
            families.durations.clone(),
        );
        registry.register("api_requests", "Requests to the API server", families.requests.clone());
        registry.register(
            "watch_restarts",
            "Watches that failed and began anew",
            families.watch_restarts.clone(),
        );
        registry.register("bots", "ChatBots by the status of their condition Ready", families.bots.clone());
        registry.register("active", "1 while this operator holds the lease", families.active.clone());
        Self(Arc::new(Families { registry, ..families }))
    }
}

impl Metrics {
    pub fn reconciled(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.0.reconciles.get_or_create(&ReconcileLabels { kind, outcome }).inc();
        self.0.durations.get_or_create(&KindLabels { kind }).observe(took.as_secs_f64());
    }

    /// `code` is an HTTP status; none when there was no answer.
    pub fn requested(&self, method: &str, path: &str, code: Option<u16>) {
        let labels = RequestLabels { verb: verb(method, path), resource: resource(path), code: class(code) };
        self.0.requests.get_or_create(&labels).inc();
    }

    pub fn watch_restarted(&self, kind: &'static str) {
        self.0.watch_restarts.get_or_create(&KindLabels { kind }).inc();
    }

    /// Number of ChatBots whose `Ready` has `status` (`True`, `False` or `Unknown`).
    pub fn bots(&self, status: &'static str, number: usize) {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        self.0.bots.get_or_create(&ReadyLabels { ready: status }).set(number);
    }

    pub fn active(&self, active: bool) {
        self.0.active.set(if active { 1.0 } else { 0.0 });
    }

    /// The text that Prometheus scrapes.
    pub fn exposition(&self) -> String {
        let mut text = String::new();
        match encode(&mut text, &self.0.registry) {
            Ok(()) => text,
            Err(fmt::Error) => String::new(),
        }
    }
}

fn verb(method: &str, path: &str) -> &'static str {
    match method {
        "GET" if path.contains("watch=true") || path.contains("&watch=1") => "watch",
        "GET" => "get",
        "POST" => "create",
        "PATCH" => "patch",
        "PUT" => "update",
        "DELETE" => "delete",
        _ => "other",
    }
}

/// The resource a path names, as in RBAC rules.
fn resource(path: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "botplugins",
        "botplugins/status",
        "chatbots",
        "chatbots/status",
        "configmaps",
        "deployments",
        "events",
        "leases",
        "networkpolicies",
        "persistentvolumeclaims",
        "poddisruptionbudgets",
        "pods",
        "pods/proxy",
        "pods/status",
        "secrets",
        "serviceaccounts",
        "services",
        "statefulsets",
    ];
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let skipped = if parts.first() == Some(&"apis") { 3 } else { 2 };
    let rest = parts.get(skipped..).unwrap_or_default();
    let rest = if rest.first() == Some(&"namespaces") { rest.get(2..).unwrap_or_default() } else { rest };
    let name = match rest {
        [resource, _name, subresource, ..] => format!("{resource}/{subresource}"),
        [resource, ..] => (*resource).to_owned(),
        [] => String::new(),
    };
    KNOWN.iter().find(|known| **known == name).copied().unwrap_or("other")
}

fn class(code: Option<u16>) -> &'static str {
    match code {
        None => "none",
        Some(409) => "409",
        Some(429) => "429",
        Some(200..=299) => "2xx",
        Some(400..=499) => "4xx",
        Some(500..=599) => "5xx",
        Some(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_verb_and_resource() {
        let metrics = Metrics::default();
        metrics.requested("PATCH", "/api/v1/namespaces/a/pods/b/status?fieldManager=x", Some(200));
        metrics.requested("GET", "/apis/chatops.dev/v1alpha1/chatbots?watch=true", None);
        metrics.requested("GET", "/apis/apps/v1/namespaces/a/deployments/ops-bot", Some(404));
        let text = metrics.exposition();
        for line in [
            r#"api_requests_total{verb="patch",resource="pods/status",code="2xx"} 1"#,
            r#"api_requests_total{verb="watch",resource="chatbots",code="none"} 1"#,
            r#"api_requests_total{verb="get",resource="deployments",code="4xx"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_not_known_does_not_become_a_label() {
        assert_eq!(resource("/api/v1/namespaces/a/endpoints/b"), "other");
        assert_eq!(resource("/"), "other");
    }
}
