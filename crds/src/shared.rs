//! What both kinds use: names, durations, references, conditions.

pub mod conditions;
pub mod durations;
pub mod hash;
pub mod names;
pub mod references;
