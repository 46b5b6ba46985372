//! The chat process: adapters, command loop, plugins, storage.

pub mod action;
pub mod adapter;
pub mod chat;
pub mod cli;
pub mod command;
pub mod dns;
pub mod engine;
pub mod errbot;
pub mod inbox;
pub mod markdown;
pub mod mask;
pub mod network;
pub mod outbox;
pub mod report;
pub mod secret;
pub mod storage;
pub mod transfer;
