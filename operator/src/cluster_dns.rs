//! Stub zones in the cluster's own DNS: opt-in, twice. What is forwarded where, the operator's administrator says
//! ([`Settings`]); a ChatBot only says that it wants it. So the author of a ChatBot chooses neither a zone nor a server.
//!
//! [`corefile`], [`kube_dns`], [`place`], [`plan`] and [`propagation`] are pure; [`detect`] reads; [`worker`] is the one
//! level-triggered reconcile over all ChatBots; [`board`] tells the ChatBots how it stands. Nothing here knows what a bot
//! is made of. An operator that watches some namespaces sees the ChatBots of those only: of several operators on one
//! cluster, one may be given `apply`.

pub mod board;
pub mod canary;
pub mod commands;
pub mod controller;
pub mod corefile;
pub mod detect;
mod events;
pub mod kube_dns;
pub mod place;
pub mod plan;
pub mod propagation;
pub mod record;
pub mod stub_zones;
pub mod undo;
pub mod words;
pub mod worker;

pub use board::{Board, condition};
use stub_zones::StubZones;

/// What the operator's administrator allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Settings {
    /// The cluster's DNS is neither read nor written.
    #[default]
    Off,
    /// It is read, and what would be changed is told.
    Diagnose(StubZones),
    /// What ChatBots ask for is done.
    Apply(StubZones),
}

impl Settings {
    pub fn stub(&self) -> Option<&StubZones> {
        match self {
            Self::Off => None,
            Self::Diagnose(stub) | Self::Apply(stub) => Some(stub),
        }
    }

    /// The value of `--cluster-dns`.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Diagnose(_) => "diagnose",
            Self::Apply(_) => "apply",
        }
    }
}
