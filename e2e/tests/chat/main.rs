//! What people meet in Slack, from what they type or click to the answer: the shipped bot in a simulated Slack.

mod files;
mod forms;
mod home;
mod reactions;
mod slash_commands;
mod world;
