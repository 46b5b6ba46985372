//! Leaving Errbot: reads what its plugins stored in Redis through err-storage-redis, keys `errbot:<plugin>:<key>` with
//! values that jsonpickle wrote. Knows nothing of where the values go. Nothing in a value is ever executed: Python's
//! classes are names here, and what only running code could restore is a [`Loss`] with its reason.

mod clock;
mod decode;
mod names;
mod node;
mod python;
mod server;

pub use decode::{Counting, Decoded, Loss, Note, Reason, decode};
pub use names::{Clash, Home, InvalidMapping, Mapping, Place};
pub use node::Unreadable;
pub use server::{PAGE, Reader, Server, ServerError, Stored};
