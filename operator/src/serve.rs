//! The operator's own HTTP server: `/healthz`, `/readyz`, `/metrics`.
//!
//! It knows how the operator fares, never how the bots fare: a bot that is not ready must not restart the operator.

pub mod health;
pub mod metrics;

use std::{io, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use tokio::net::TcpListener;

use health::Health;
use metrics::Metrics;

#[derive(Clone)]
struct Served {
    health: Arc<Health>,
    metrics: Metrics,
}

/// Serves until the process ends.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, health: Arc<Health>, metrics: Metrics) -> io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(exposition))
        .with_state(Served { health, metrics });
    axum::serve(listener, router).await
}

async fn healthz(State(served): State<Served>) -> impl IntoResponse {
    if served.health.is_alive() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "stuck") }
}

async fn readyz(State(served): State<Served>) -> impl IntoResponse {
    let phase = served.health.phase();
    let status = if phase.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, phase.as_str())
}

async fn exposition(State(served): State<Served>) -> impl IntoResponse {
    let content_type = [("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")];
    (content_type, served.metrics.exposition())
}
