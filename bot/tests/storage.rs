//! One contract for every storage, and how each storage's faults are told and outlasted. Against real servers and
//! files.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "storage/back_ends.rs"]
mod back_ends;
#[path = "storage/certificates.rs"]
mod certificates;
#[path = "storage/cluster.rs"]
mod cluster;
#[path = "storage/contract.rs"]
mod contract;
#[path = "storage/copies.rs"]
mod copies;
#[path = "storage/credentials.rs"]
mod credentials;
#[path = "storage/embedded.rs"]
mod embedded;
#[path = "storage/faults.rs"]
mod faults;
#[path = "storage/kept.rs"]
mod kept;
#[path = "storage/layout.rs"]
mod layout;
#[path = "storage/owner.rs"]
mod owner;
#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "storage/sentinel.rs"]
mod sentinel;
#[path = "storage/versions.rs"]
mod versions;
