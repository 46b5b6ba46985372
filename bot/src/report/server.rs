//! The bot's HTTP server: `/status` for the operator, `/healthz` and `/readyz` for the kubelet, `/metrics` for
//! Prometheus.

use std::{io, time::Duration};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use chatops_crds::{bot_report::MAX_WAIT_SECONDS, shared::durations};
use serde::Deserialize;
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Facts, Metrics};

/// Serves until `shutdown`; then answers what waits and returns.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    facts: Facts,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let reporter = Reporter { facts, metrics, shutdown: shutdown.clone() };
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .route("/metrics", get(metrics_text))
        .with_state(reporter);
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

#[derive(Clone, Debug)]
struct Reporter {
    facts: Facts,
    metrics: Metrics,
    shutdown: CancellationToken,
}

/// Liveness: this very answer. It says nothing of Slack or storage, since a restart would mend neither.
async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(reporter): State<Reporter>) -> (StatusCode, &'static str) {
    if reporter.facts.current().ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// A long poll: `since` is the hash of the report that the caller has, `wait` how long to wait for another.
#[derive(Debug, Deserialize)]
struct Poll {
    #[serde(default)]
    since: String,
    wait: Option<String>,
}

async fn status(State(reporter): State<Reporter>, Query(poll): Query<Poll>) -> Response {
    let Some(wait) = poll.wait.as_deref().map_or(Some(Duration::ZERO), durations::parse) else {
        return (StatusCode::BAD_REQUEST, "wait: not a duration such as 10s\n").into_response();
    };
    let wait = wait.min(Duration::from_secs(MAX_WAIT_SECONDS));
    let mut reports = reporter.facts.subscribe();
    let news = timeout(wait, reports.wait_for(|envelope| envelope.hash != poll.since));
    tokio::select! {
        _ = news => (),
        () = reporter.shutdown.cancelled() => (),
    }
    let envelope = reports.borrow().clone();
    Json(&*envelope).into_response()
}

async fn metrics_text(State(reporter): State<Reporter>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], reporter.metrics.encode())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use chatops_crds::bot_report::Envelope;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        task::JoinHandle,
    };

    use super::*;

    struct Server {
        facts: Facts,
        shutdown: CancellationToken,
        address: SocketAddr,
        task: JoinHandle<io::Result<()>>,
    }

    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (facts, shutdown) = (Facts::new(), CancellationToken::new());
        let task = tokio::spawn(serve(listener, facts.clone(), Metrics::new(), shutdown.clone()));
        Server { facts, shutdown, address, task }
    }

    /// Status line and body of the answer to `GET path`.
    async fn get(address: SocketAddr, path: String) -> (String, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.lines().next().unwrap().to_owned(), body.to_owned())
    }

    async fn status(address: SocketAddr, query: String) -> Envelope {
        let (_, body) = get(address, format!("/status{query}")).await;
        serde_json::from_str(&body).unwrap()
    }

    fn be_ready(facts: &Facts) {
        facts.update(|report| {
            report.slack.connections = 1;
            report.storage.ready = true;
        });
    }

    #[tokio::test]
    async fn a_long_poll_answers_as_soon_as_the_report_differs() {
        let server = start().await;
        let before = status(server.address, String::new()).await;
        let poll = tokio::spawn(status(server.address, format!("?since={}&wait=30s", before.hash)));
        be_ready(&server.facts);
        let after = timeout(Duration::from_secs(10), poll).await.expect("an answer before `wait`").unwrap();
        assert_ne!(after.hash, before.hash);
        assert!(after.report.ready);
    }

    #[tokio::test]
    async fn a_long_poll_without_news_answers_with_what_is_known() {
        let server = start().await;
        let before = status(server.address, String::new()).await;
        let after = status(server.address, format!("?since={}&wait=10ms", before.hash)).await;
        assert_eq!(after, before);
        let (line, _) = get(server.address, "/status?wait=soon".into()).await;
        assert!(line.contains("400"), "{line}");
    }

    #[tokio::test]
    async fn probes_tell_liveness_from_readiness() {
        let server = start().await;
        assert!(get(server.address, "/healthz".into()).await.0.contains("200"));
        assert!(get(server.address, "/readyz".into()).await.0.contains("503"));
        be_ready(&server.facts);
        assert!(get(server.address, "/readyz".into()).await.0.contains("200"));
        assert!(get(server.address, "/metrics".into()).await.1.ends_with("# EOF\n"));
    }

    #[tokio::test]
    async fn a_shutdown_ends_long_polls() {
        let server = start().await;
        let before = status(server.address, String::new()).await;
        let poll = tokio::spawn(status(server.address, format!("?since={}&wait=30s", before.hash)));
        // The poll may arrive before or after; neither may hold the shutdown up.
        tokio::task::yield_now().await;
        server.shutdown.cancel();
        timeout(Duration::from_secs(10), server.task).await.expect("an end").unwrap().unwrap();
        poll.abort();
    }
}
