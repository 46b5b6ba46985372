//! The controllers that turn `ChatBot`s and `BotPlugin`s into running bots.
//!
//! Each controller is a pipeline with one file a step: dereference → validate → build → apply → status. Only
//! [`cluster`] writes to the API server; what the bots say comes in through [`bots`].

pub mod app;
pub mod bot_plugin;
pub mod bots;
pub mod chat_bot;
pub mod cli;
pub mod cluster;
pub mod cluster_dns;
pub mod serve;
pub mod wake;
