//! The product's promises, each in a file of its own, on a real cluster with a simulated Slack and a real Redis.
//!
//! `make test` starts the cluster and loads the images; `e2e/scripts/test.sh --keep -- FILTER` runs one test on a
//! cluster that stays up.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_debug_implementations,
    reason = "what helps tests fails by panicking and speaks to the person who runs them"
)]

mod support;

mod children;
mod conversation;
mod guides;
mod live_changes;
mod operator_process;
mod parity;
mod rbac;
mod refusals;
mod replicas;
mod resolver;
mod storage;
mod truth;
