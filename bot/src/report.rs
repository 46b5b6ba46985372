//! What the bot tells about itself: facts for the operator at `/status`, probes for the kubelet, numbers for
//! Prometheus. Every part of the bot writes here; nothing here knows any of them.

mod facts;
mod metrics;
mod server;

pub use facts::Facts;
pub use metrics::Metrics;
pub use server::serve;
