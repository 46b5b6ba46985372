//! The API server: caches of what is there, and the only code that writes to it.
//!
//! It knows kinds and how objects are compared, not what a bot is or why something is written.

pub mod apply;
pub mod cache;
pub mod client;
pub mod covers;
pub mod create;
pub mod events;
pub mod foreign;
pub mod identity;
pub mod labels;
pub mod lease;
pub mod quantity;
pub mod retire;
pub mod rollout;
pub mod status;
pub mod watch;

use kube::core::DeserializeGuard;

/// Name under which the operator owns fields (server-side apply) and reports Events.
pub const FIELD_MANAGER: &str = "chatops-operator";

/// A watched object that may be unreadable: one written for a newer version must not stop the watch for all others.
pub type Guarded<K> = DeserializeGuard<K>;
