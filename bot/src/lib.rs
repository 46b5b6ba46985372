//! The chat process: adapters, command loop, plugins, storage.

pub mod chat;
