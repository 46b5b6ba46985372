//! A simulated Slack: what a bot sees of a workspace, by Web API and Socket Mode, together with the people who type in it
//! and the ways in which it fails. It is held to what Slack's official clients accept (`tests/slack_sdks.rs`).
//!
//! A test starts one in its own process with [`Simulator::builder`], points the app at [`Simulator::api_url`] and acts
//! and looks through [`Slack`]. Where it runs elsewhere (`slack-simulator serve`), [`Remote`] does the same over HTTP, and a
//! person with a browser on the page at `/`.
//! It knows nothing of the product under test.

mod administration;
mod builder;
mod commands;
mod console;
mod control;
mod delivery;
mod events;
mod faults;
mod handle;
mod home;
mod ids;
mod journal;
mod markup;
mod message;
mod modals;
mod origin;
mod page;
mod people;
mod rate_limits;
mod remote;
mod replies;
mod response_urls;
mod server;
mod shared;
mod simulator;
mod socket_mode;
mod sockets;
mod stats;
mod view;
mod web_api;
mod workspace;
mod world;

pub use builder::{APP_TOKEN_VARIABLE, BOT_TOKEN_VARIABLE, Builder};
pub use console::{Console, converse};
pub use control::{Ask, SlashCommand, State, Type};
pub use faults::{ApiFailure, Fault};
pub use handle::{ChannelInfo, Slack, WorkspaceInfo};
pub use home::Home;
pub use ids::{InvalidTs, Ts};
pub use journal::{Action, Entry};
pub use message::{Edited, File, Message, Reaction};
pub use modals::Modal;
pub use origin::Hosts;
pub use people::Person;
pub use remote::Remote;
pub use simulator::Simulator;
pub use stats::{Calls, Delivery, Outcome, Stats};
pub use view::{Gone, View};
pub use workspace::{BotIdentity, ChannelKind, Team, User};
