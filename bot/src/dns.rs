//! Whether the names that the bot needs resolve in its pod, and if not, why: it asks the name servers of `resolv.conf`
//! itself, since what the system's resolver answers hides which server, which search domain and which error it was.
//! Looks and judges; what is done about it is not decided here.

mod ask;
mod classify;
mod hosts;
mod observation;
mod probe;
mod resolver;
mod verdict;
mod watch;

pub use classify::classify;
pub use hosts::{Host, Role, hooks, needed};
pub use observation::{Answer, Failure, HostSeen, NameSeen, Observation};
pub use probe::Prober;
pub use resolver::Resolver;
pub use watch::Watch;
