//! What both kinds use: names, durations, references, conditions, who sees what.

pub mod conditions;
pub mod durations;
pub mod hash;
pub mod names;
pub mod references;
pub mod visibility;
