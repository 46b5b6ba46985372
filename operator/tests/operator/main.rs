//! The operator against an API server in this process: fast enough for many plans, with a hook for faults.
//!
//! Time is paused and jumps ahead whenever every task waits, so that nothing here takes as long as it says.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod api_server;
mod build;
mod children;
mod cluster_dns;
mod corpus;
mod faults;
mod identity;
mod managed_redis;
mod plugins;
mod reasons;
mod sharing;
mod storage;
mod truth;
mod world;
