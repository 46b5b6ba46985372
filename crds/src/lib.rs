//! The kinds `ChatBot` and `BotPlugin`, and the two contracts between operator and bot.
//!
//! Everything here is pure: types, rules and functions of their arguments. Nothing in this crate knows a Kubernetes
//! client, an async runtime, a template engine or any input and output.

pub mod advice;
pub mod bot_config;
pub mod bot_plugin;
pub mod bot_report;
pub mod chat_bot;
pub mod manifest;
pub mod reference;
pub mod resolve;
pub mod shared;

pub use bot_plugin::{BotPlugin, BotPluginSpec, BotPluginStatus};
pub use chat_bot::{ChatBot, ChatBotSpec, ChatBotStatus};

/// API group of both kinds.
pub const GROUP: &str = "chatops.dev";

/// Served and stored version of both kinds.
pub const VERSION: &str = "v1alpha1";
