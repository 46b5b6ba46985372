//! What the tests share: a world of one's own on the shared cluster, ways to look at it, and ways to wait.

pub mod guide;
pub mod objects;
pub mod secrecy;
pub mod shared;
pub mod wait;
pub mod world;

pub use wait::{SOON, eventually};
pub use world::{World, in_a_world};
