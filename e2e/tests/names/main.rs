//! Names that do not resolve, each cause switched on against the running product: the condition names it within 15 s,
//! and the fix, applied as the condition prints it, makes the bot answer. On clusters of their own with an internet,
//! one test at a time.
//!
//! NetworkPolicies are not enforced there: where one is the cause or the fix, the test bed plays it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_debug_implementations,
    reason = "what helps tests fails by panicking and speaks to the person who runs them"
)]

#[path = "../product"]
mod product {
    #[allow(dead_code, unused_imports, reason = "the product's tests need more of it")]
    pub mod support;
}

mod bed;
mod causes;
mod cluster_level;
mod guides;
mod outage;
mod proxy;
mod remedy;

use product::support;
