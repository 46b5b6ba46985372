//! The ways into and out of the bot: each adapter decodes what its platform delivers into [`crate::chat`]'s neutral
//! types and encodes answers from them. Nothing here knows what a command is.

pub mod scripted;
pub mod slack;
pub mod terminal;
