//! What one person sees of the workspace, and what changed of it since a look before: what the page shows.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::{
    handle::{Slack, WorkspaceInfo},
    home::Home,
    ids::Ts,
    journal::Action,
    message::Message,
    modals::Modal,
    world::World,
};

/// `GET /control/view`: what a person sees.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct View {
    /// Names this look: given with the next one, that tells only what changed since.
    pub cursor: String,
    /// These are all messages, and what was seen before is void: the first look, one by a cursor of a simulator that
    /// has been restarted, or one by a cursor that is too old.
    pub complete: bool,
    /// The workspace, with those channels that the person is in.
    pub workspace: WorkspaceInfo,
    /// Messages that are new or changed, as they are now, oldest first; also those that only this person sees.
    pub messages: Vec<Message>,
    /// Messages that are there no more.
    pub gone: Vec<Gone>,
    /// What lies over everything else.
    #[serde(default)]
    pub modal: Option<Modal>,
    /// The app's own page.
    #[serde(default)]
    pub home: Option<Home>,
}

/// A message that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Channel id.
    pub channel: String,
    /// Its time stamp.
    pub ts: Ts,
}

impl View {
    /// Whether there is more to see than in the look before, with the modal and the page of these hashes.
    #[must_use]
    pub fn has_news(&self, modal: &str, home: &str) -> bool {
        let modal_now = self.modal.as_ref().map(|modal| modal.hash.as_str());
        let home_now = self.home.as_ref().map(|home| home.hash.as_str());
        modal_now.unwrap_or_default() != modal
            || home_now.unwrap_or_default() != home
            || self.complete
            || !self.messages.is_empty()
            || !self.gone.is_empty()
    }
}

impl Slack {
    /// What a person sees since the look of which this is the cursor, or everything. Opens the person's direct channel
    /// with the bot.
    ///
    /// # Errors
    /// There is no such person.
    pub fn view(&self, person: &str, cursor: &str) -> anyhow::Result<View> {
        let mut world = self.shared.lock();
        let user = world.workspace.user(person).cloned();
        let user = user.with_context(|| format!("the simulated workspace has no user {person}"))?;
        ensure!(user.bot.is_none(), "{person} is a bot");
        world.workspace.direct_channel(&user.id);
        let since = place_of(&world, cursor);
        let (mut messages, gone) = match since {
            Some(sequence) => changes(&world, &user.id, sequence),
            None => (everything(&world, &user.id), Vec::new()),
        };
        messages.extend(ephemeral(&world, &user.id, since.unwrap_or(0)));
        messages.sort_by_key(|message| message.ts);
        let (modal, home) = (world.modals.of(&user.id).cloned(), world.homes.get(&user.id).cloned());
        let cursor = cursor_of(&world);
        drop(world);
        let mut workspace = self.workspace();
        workspace.channels.retain(|channel| channel.members.contains(&user.id));
        Ok(View { cursor, complete: since.is_none(), workspace, messages, gone, modal, home })
    }
}

/// The workspace's id is another one in every simulator.
fn cursor_of(world: &World) -> String {
    format!("{}-{}", world.workspace.team.id, world.journal.last())
}

/// Where in the journal a cursor stands, if all that came after it is still there.
fn place_of(world: &World, cursor: &str) -> Option<u64> {
    let (team, sequence) = cursor.rsplit_once('-')?;
    let sequence = sequence.parse().ok().filter(|_| team == world.workspace.team.id)?;
    let is_whole = match world.journal.since(sequence).next() {
        Some(next) => next.sequence == sequence + 1,
        None => sequence == world.journal.last(),
    };
    is_whole.then_some(sequence)
}

fn everything(world: &World, user: &str) -> Vec<Message> {
    let channels = world.workspace.channels.values().filter(|channel| channel.members.contains(user));
    channels.flat_map(|channel| channel.messages.iter().cloned()).collect()
}

fn changes(world: &World, user: &str, since: u64) -> (Vec<Message>, Vec<Gone>) {
    let touched: BTreeSet<(&str, Ts)> =
        world.journal.since(since).filter_map(|entry| touched(&entry.action)).collect();
    let (mut messages, mut gone) = (Vec::new(), Vec::new());
    for (id, ts) in touched {
        let channel = world.workspace.channels.get(id).filter(|channel| channel.members.contains(user));
        match channel.map(|channel| channel.message(ts)) {
            Some(Some(message)) => messages.push(message.clone()),
            Some(None) => gone.push(Gone { channel: id.to_owned(), ts }),
            None => {}
        }
    }
    (messages, gone)
}

fn touched(action: &Action) -> Option<(&str, Ts)> {
    match action {
        Action::Posted { message } | Action::Updated { message } | Action::Deleted { message } => {
            Some((&message.channel, message.ts))
        }
        Action::ReactionAdded { channel, ts, .. } | Action::ReactionRemoved { channel, ts, .. } => {
            Some((channel, *ts))
        }
        Action::Ephemeral { .. } | Action::FileUploaded { .. } => None,
    }
}

/// Messages that only this person sees; they are in no channel.
fn ephemeral(world: &World, user: &str, since: u64) -> impl Iterator<Item = Message> {
    world.journal.since(since).filter_map(move |entry| match &entry.action {
        Action::Ephemeral { message } if message.visible_to.as_deref() == Some(user) => Some(message.clone()),
        _ => None,
    })
}
