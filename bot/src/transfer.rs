//! Moving what plugins store: into a file and back, from one storage to another, away. Every way ends with reading back
//! what was written. Knows storages by their trait only, and nothing of terminals and options.

mod carry;
mod export;
mod lines;
mod purge;
mod record;
mod walk;

pub use carry::{Carried, Carrier, Item, Records, verify};
pub use export::{ExportError, Exported, Resume, export, resume};
pub use lines::{FormatError, Header, Reader, Trailer, Writer};
pub use purge::{Counts, count, purge};
pub use record::{Digest, Record};
pub use walk::Walk;
