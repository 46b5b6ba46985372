//! The simulator's whole state, behind one lock, and what can happen in it: posting, editing, deleting, reacting. Every
//! act is journaled and queues the events it causes; how events travel is not known here.

use std::collections::BTreeMap;

use axum::body::Bytes;

use super::{
    delivery::Payload,
    events,
    faults::Armed,
    home::Home,
    ids::Ts,
    journal::{Action, Journal},
    markup,
    message::{Edited, File, Message, Reaction},
    modals::Modals,
    origin::Origin,
    rate_limits::RateLimits,
    replies::Waiters,
    response_urls::ResponseUrls,
    sockets::Sockets,
    stats::Counters,
    workspace::{User, Workspace},
};

/// Files that are kept with their content.
const FILES_KEPT: usize = 100;

/// All state of one simulator.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) workspace: Workspace,
    pub(crate) journal: Journal,
    pub(crate) counters: Counters,
    pub(crate) limits: RateLimits,
    pub(crate) faults: Armed,
    pub(crate) sockets: Sockets,
    pub(crate) files: BTreeMap<String, StoredFile>,
    pub(crate) waiters: Waiters,
    pub(crate) modals: Modals,
    /// By the id of who sees it.
    pub(crate) homes: BTreeMap<String, Home>,
    pub(crate) response_urls: ResponseUrls,
    /// Payloads to deliver, in order, once the present change is complete.
    pub(crate) outgoing: Vec<Payload>,
    /// Where the links of events lead.
    pub(crate) origin: Origin,
    retention: usize,
    last_ts: Ts,
}

/// A file and its bytes; not shared before `files.completeUploadExternal`.
#[derive(Debug)]
pub(crate) struct StoredFile {
    pub(crate) file: File,
    pub(crate) upload_secret: String,
    pub(crate) content: Option<Bytes>,
}

impl World {
    pub(crate) fn new(workspace: Workspace, rate_limits: bool, retention: usize, origin: Origin) -> Self {
        Self {
            workspace,
            journal: Journal::new(retention),
            counters: Counters::default(),
            limits: RateLimits::new(rate_limits),
            faults: Armed::default(),
            sockets: Sockets::default(),
            files: BTreeMap::new(),
            waiters: Waiters::default(),
            modals: Modals::default(),
            homes: BTreeMap::new(),
            response_urls: ResponseUrls::default(),
            outgoing: Vec::new(),
            origin,
            retention,
            last_ts: Ts::ZERO,
        }
    }

    pub(crate) fn next_ts(&mut self) -> Ts {
        self.last_ts = Ts::after(self.last_ts);
        self.last_ts
    }

    /// Signs a message with its author.
    pub(crate) fn signed(&self, message: Message, author: &User) -> Message {
        Message {
            author: author.name.clone(),
            user: Some(author.id.clone()),
            team: author.team_id.clone(),
            bot_id: author.bot.as_ref().map(|bot| bot.bot_id.clone()),
            app_id: author.bot.as_ref().map(|bot| bot.app_id.clone()),
            ..message
        }
    }

    /// Signs a message with the app's bot.
    pub(crate) fn signed_by_app(&self, message: Message) -> Message {
        match self.workspace.users.get(&self.workspace.app.user_id) {
            Some(bot) => self.signed(message, bot),
            None => message,
        }
    }

    fn readable(&self, message: &Message) -> String {
        let (blocks, attachments) = (message.blocks.as_ref(), message.attachments.as_ref());
        markup::shown(&message.wire_text, blocks, attachments, &self.workspace)
    }

    /// Posts a signed message to its channel, which must exist.
    pub(crate) fn post(&mut self, mut message: Message) -> Message {
        message.ts = self.next_ts();
        message.text = self.readable(&message);
        let by_app = self.is_from_app(&message);
        if by_app {
            self.waiters.posted(&message);
        }
        if message.visible_to.is_some() {
            self.journal.record(by_app, Action::Ephemeral { message: message.clone() });
            return message;
        }
        if let Some(channel) = self.workspace.channels.get_mut(&message.channel) {
            // The first reply makes the message above it the parent of a thread, which carries its own `ts` as `thread_ts`.
            if let Some(parent) = message.thread_ts.and_then(|parent| channel.message_mut(parent)) {
                parent.thread_ts = message.thread_ts;
            }
            channel.messages.push_back(message.clone());
            if channel.messages.len() > self.retention {
                channel.messages.pop_front();
            }
        }
        self.journal.record(by_app, Action::Posted { message: message.clone() });
        events::posted(self, &message);
        message
    }

    /// Applies a change to a message, marks it as edited by `editor`, and returns what it is now. `None` if there is no
    /// such message.
    pub(crate) fn edit(
        &mut self,
        channel: &str,
        ts: Ts,
        editor: &str,
        change: impl FnOnce(&mut Message),
    ) -> Option<Message> {
        let edited = Edited { user: editor.to_owned(), ts: self.next_ts() };
        let before = self.workspace.channels.get(channel)?.message(ts)?.clone();
        let mut after = before.clone();
        change(&mut after);
        after.edited = Some(edited);
        after.text = self.readable(&after);
        *self.workspace.channels.get_mut(channel)?.message_mut(ts)? = after.clone();
        self.journal.record(self.is_app(editor), Action::Updated { message: after.clone() });
        events::changed(self, &before, &after);
        Some(after)
    }

    /// Deletes a message and returns what it was.
    pub(crate) fn delete(&mut self, channel: &str, ts: Ts, by: &str) -> Option<Message> {
        let message = self.workspace.channels.get_mut(channel)?.remove(ts)?;
        self.journal.record(self.is_app(by), Action::Deleted { message: message.clone() });
        events::deleted(self, &message);
        Some(message)
    }

    /// Adds a reaction. `None` if there is no such message, `Some(false)` if it was there already.
    pub(crate) fn react(&mut self, channel: &str, ts: Ts, user: &str, name: &str) -> Option<bool> {
        let message = self.workspace.channels.get_mut(channel)?.message_mut(ts)?;
        let index =
            message.reactions.iter().position(|reaction| reaction.name == name).unwrap_or_else(|| {
                message.reactions.push(Reaction { name: name.to_owned(), users: Vec::new() });
                message.reactions.len() - 1
            });
        let users = &mut message.reactions.get_mut(index)?.users;
        if users.iter().any(|present| present == user) {
            return Some(false);
        }
        users.push(user.to_owned());
        let message = message.clone();
        let action = Action::ReactionAdded { channel: channel.to_owned(), ts, name: name.to_owned() };
        self.journal.record(self.is_app(user), action);
        events::reacted(self, &message, user, name);
        Some(true)
    }

    /// Takes a reaction away. `None` if there is no such message, `Some(false)` if there was none.
    pub(crate) fn unreact(&mut self, channel: &str, ts: Ts, user: &str, name: &str) -> Option<bool> {
        let message = self.workspace.channels.get_mut(channel)?.message_mut(ts)?;
        let Some(reaction) = message.reactions.iter_mut().find(|reaction| reaction.name == name) else {
            return Some(false);
        };
        let before = reaction.users.len();
        reaction.users.retain(|present| present != user);
        let removed = reaction.users.len() < before;
        message.reactions.retain(|reaction| !reaction.users.is_empty());
        if removed {
            let action = Action::ReactionRemoved { channel: channel.to_owned(), ts, name: name.to_owned() };
            self.journal.record(self.is_app(user), action);
        }
        Some(removed)
    }

    /// Makes a user a member of a channel and tells the app. `None` if there is no such channel.
    pub(crate) fn join(&mut self, channel: &str, user: &str) -> Option<()> {
        let is_new = self.workspace.channels.get_mut(channel)?.members.insert(user.to_owned());
        if is_new {
            events::joined(self, channel, user);
        }
        Some(())
    }

    /// Keeps a file's description until its content arrives; the oldest file goes when there are too many.
    pub(crate) fn expect_file(&mut self, stored: StoredFile) {
        if self.files.len() >= FILES_KEPT {
            let oldest =
                self.files.iter().min_by_key(|(_, stored)| stored.file.created).map(|(id, _)| id.clone());
            self.files.remove(&oldest.unwrap_or_default());
        }
        self.files.insert(stored.file.id.clone(), stored);
    }

    fn is_app(&self, user: &str) -> bool {
        user == self.workspace.app.user_id
    }

    pub(crate) fn is_from_app(&self, message: &Message) -> bool {
        message.bot_id.as_deref() == Some(self.workspace.app.bot_id.as_str())
    }
}
