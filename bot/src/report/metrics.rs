//! Numbers for Prometheus. Labels are `&'static str`, so that nothing typed or configured can become one and their
//! number stays bounded.

use std::{fmt, sync::Arc, time::Duration};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

type Labels<const N: usize> = [(&'static str, &'static str); N];
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// The bot's metrics. Clones are handles to the same numbers.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    incoming: Family<Labels<1>, Counter>,
    acknowledgement: Histogram,
    commands: Histograms,
    replies: Family<Labels<1>, Counter>,
    slack_calls: Family<Labels<2>, Counter>,
    slack_connections: Gauge,
    slack_reconnects: Family<Labels<1>, Counter>,
    storage_errors: Family<Labels<1>, Counter>,
}

impl Metrics {
    pub fn new() -> Metrics {
        let acknowledgement = Histogram::new([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0]);
        let mut metrics = Metrics {
            registry: Arc::default(),
            incoming: Family::default(),
            acknowledgement,
            commands: Family::new_with_constructor(command_seconds),
            replies: Family::default(),
            slack_calls: Family::default(),
            slack_connections: Gauge::default(),
            slack_reconnects: Family::default(),
            storage_errors: Family::default(),
        };
        metrics.registry = Arc::new(metrics.describe());
        metrics
    }

    fn describe(&self) -> Registry {
        let mut registry = Registry::with_prefix("chatops_bot");
        registry.register("incoming_messages", "Messages by what became of them", self.incoming.clone());
        registry.register_with_unit(
            "acknowledgement",
            "Time from the arrival of an envelope to its acknowledgement",
            Unit::Seconds,
            self.acknowledgement.clone(),
        );
        registry.register_with_unit(
            "commands",
            "Time that commands ran, by how they ended",
            Unit::Seconds,
            self.commands.clone(),
        );
        registry.register("replies", "Answers by whether they reached the platform", self.replies.clone());
        registry.register("slack_api_calls", "Calls of Slack's Web API", self.slack_calls.clone());
        registry.register("slack_connections", "Open Slack sockets", self.slack_connections.clone());
        registry.register("slack_reconnects", "Ended Slack sockets by reason", self.slack_reconnects.clone());
        registry.register("storage_errors", "Failed storage calls", self.storage_errors.clone());
        registry
    }

    /// A message arrived; `outcome` is what became of it.
    pub fn incoming(&self, outcome: &'static str) {
        self.incoming.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// An envelope was acknowledged, `after` its arrival.
    pub fn acknowledged(&self, after: Duration) {
        self.acknowledgement.observe(after.as_secs_f64());
    }

    /// A command ended with `outcome` after running for `took`.
    pub fn command(&self, outcome: &'static str, took: Duration) {
        self.commands.get_or_create(&[("outcome", outcome)]).observe(took.as_secs_f64());
    }

    /// An answer was delivered or not.
    pub fn reply(&self, outcome: &'static str) {
        self.replies.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Slack answered a call of `method`, or did not.
    pub fn slack_call(&self, method: &'static str, outcome: &'static str) {
        self.slack_calls.get_or_create(&[("method", method), ("outcome", outcome)]).inc();
    }

    /// So many Slack sockets are open now.
    pub fn slack_connections(&self, open: i64) {
        self.slack_connections.set(open);
    }

    /// A Slack socket ended for `reason`.
    pub fn slack_reconnect(&self, reason: &'static str) {
        self.slack_reconnects.get_or_create(&[("reason", reason)]).inc();
    }

    /// A storage call of kind `operation` failed.
    pub fn storage_error(&self, operation: &'static str) {
        self.storage_errors.get_or_create(&[("operation", operation)]).inc();
    }

    /// All numbers in OpenMetrics text form.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        match text::encode(&mut out, &self.registry) {
            Ok(()) => out,
            Err(fmt::Error) => String::new(),
        }
    }
}

fn command_seconds() -> Histogram {
    Histogram::new([0.001, 0.01, 0.1, 1.0, 10.0, 60.0, 300.0])
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::new();
        metrics.incoming("accepted");
        metrics.command("succeeded", Duration::from_millis(5));
        metrics.slack_call("chat.postMessage", "ok");
        let text = metrics.encode();
        for line in [
            r#"chatops_bot_incoming_messages_total{outcome="accepted"} 1"#,
            r#"chatops_bot_commands_seconds_count{outcome="succeeded"} 1"#,
            r#"chatops_bot_slack_api_calls_total{method="chat.postMessage",outcome="ok"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
