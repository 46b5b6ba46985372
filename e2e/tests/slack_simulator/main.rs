//! Slack's rules that an official client does not reach, kept by the simulator: redelivery, ghosts, one-time tickets,
//! error codes, and the faults that tests inject.

mod app;
mod console;
mod events;
mod faults;
mod modals;
mod page;
mod slash;
mod socket_mode;
mod web_api;
