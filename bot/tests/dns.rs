//! What the bot says about names: the causes by what was seen, real name servers that produce them, and the verdict in
//! the report.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "dns/classification.rs"]
mod classification;
#[path = "dns/probing.rs"]
mod probing;
#[path = "dns/servers.rs"]
mod servers;
#[path = "dns/watching.rs"]
mod watching;
