//! What each fuzz target does with its input. The tests `corpus` of the bot and of the operator include these files
//! and do the same with every file of `corpus`.

pub mod bot;
pub mod operator;
