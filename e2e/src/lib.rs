//! What the product is tested and shown with: a simulated Slack, a local cluster, faults, and a look at what the
//! operator did. Drives the shipped programs and never links them.

pub mod audit;
pub mod cluster;
pub mod faults;
pub mod installed;
pub mod internet;
pub mod local;
pub mod operator;
pub mod slack;
