//! The Slack adapter against a scripted server: what it does when Slack does what Slack does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "slack/bot.rs"]
mod bot;
#[path = "slack/connections.rs"]
mod connections;
#[path = "slack/credentials.rs"]
mod credentials;
#[path = "slack/decoding.rs"]
mod decoding;
#[path = "slack/delivery.rs"]
mod delivery;
#[path = "slack/files.rs"]
mod files;
#[path = "slack/forms.rs"]
mod forms;
#[path = "slack/reactions.rs"]
mod reactions;
#[path = "slack/sending.rs"]
mod sending;
#[path = "slack/server.rs"]
mod server;
#[path = "slack/slash.rs"]
mod slash;
#[path = "slack/tunnel.rs"]
mod tunnel;
#[path = "slack/way_out.rs"]
mod way_out;
