//! What a test does with a running simulator: read channels and the transcript, wait for what the app does, look at the
//! counters. Typing as a person is in `people`, tokens, scopes and faults are in `administration`.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use axum::body::Bytes;
use serde_json::Value;
use tokio::time;

use super::{
    ids::Ts,
    journal::{Action, Entry},
    message::Message,
    people::Person,
    replies,
    shared::Shared,
    stats::{Delivery, Stats},
    workspace::{ChannelKind, Team, User},
    world::World,
};

/// How long [`Slack::ask`] waits for the answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// A handle on a running simulator. Channels are named `#ops`, by id, or `@alice` for the bot's direct channel with
/// alice; people by name or id. Naming one that does not exist is an error.
#[derive(Debug, Clone)]
pub struct Slack {
    pub(crate) shared: Arc<Shared>,
}

/// A channel as a test sees it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ChannelInfo {
    /// `C…` or `D…`
    pub id: String,
    /// Without `#`, empty for a direct message.
    pub name: String,
    /// What it is.
    pub kind: ChannelKind,
    /// User ids.
    pub members: Vec<String>,
}

/// The ids behind the names.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct WorkspaceInfo {
    /// The workspace.
    pub team: Team,
    /// `A…`
    pub app_id: String,
    /// User id of the bot.
    pub bot_user_id: String,
    /// `B…`
    pub bot_id: String,
    /// People and bots.
    pub users: Vec<User>,
    /// Channels, direct ones too.
    pub channels: Vec<ChannelInfo>,
}

impl Slack {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Somebody to type as: `alice`, `bob`, `carol`, the guest `gus`, `frida` of another company (Slack Connect), the
    /// other bot `ci`.
    #[must_use]
    pub fn user(&self, name: &str) -> Person {
        Person::new(self.clone(), name)
    }

    /// The workspace with its ids.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceInfo {
        let world = self.shared.lock();
        let workspace = &world.workspace;
        let channels = workspace.channels.values().map(|channel| ChannelInfo {
            id: channel.id.clone(),
            name: channel.name.clone(),
            kind: channel.kind,
            members: channel.members.iter().cloned().collect(),
        });
        WorkspaceInfo {
            team: workspace.team.clone(),
            app_id: workspace.app.id.clone(),
            bot_user_id: workspace.app.user_id.clone(),
            bot_id: workspace.app.bot_id.clone(),
            users: workspace.users.values().cloned().collect(),
            channels: channels.collect(),
        }
    }

    pub(crate) fn channel_id(&self, channel: &str) -> anyhow::Result<String> {
        let id = self.shared.lock().workspace.resolve(channel);
        id.with_context(|| format!("the simulated workspace has no channel {channel}"))
    }

    /// All messages of a channel, oldest first, thread replies among them, ephemeral ones not.
    ///
    /// # Errors
    /// There is no such channel.
    pub fn messages(&self, channel: &str) -> anyhow::Result<Vec<Message>> {
        let id = self.channel_id(channel)?;
        let world = self.shared.lock();
        Ok(world
            .workspace
            .channels
            .get(&id)
            .map(|channel| channel.messages.iter().cloned().collect())
            .unwrap_or_default())
    }

    /// A message as it is now; `None` once it is deleted.
    #[must_use]
    pub fn current(&self, message: &Message) -> Option<Message> {
        self.shared.lock().workspace.channels.get(&message.channel)?.message(message.ts).cloned()
    }

    /// What the bot answered to a message so far, oldest first: in the message's thread, and in the channel if the
    /// message is not itself in a thread; what only its author sees too.
    #[must_use]
    pub fn replies_to(&self, message: &Message) -> Vec<Message> {
        replies_in(&self.shared.lock(), message)
    }

    /// Waits for the bot's first answer to a message, as [`Slack::replies_to`] counts them. With several questions open in
    /// one channel, ask in threads: in the channel the first message after the question is taken for its answer.
    ///
    /// # Errors
    /// None came within the deadline.
    pub async fn wait_for_reply(&self, message: &Message, deadline: Duration) -> anyhow::Result<Message> {
        let answer = {
            let mut world = self.shared.lock();
            match replies_in(&world, message).into_iter().next() {
                Some(reply) => return Ok(reply),
                None => world.waiters.wait(message),
            }
        };
        let answer = time::timeout(deadline, answer).await.with_context(|| {
            let (text, author, done) = (&message.text, &message.author, self.last_words());
            format!("waited {deadline:?} for an answer to {text:?} of {author}; lately:\n{done}")
        })?;
        answer.context("the simulator was stopped while waiting for an answer")
    }

    /// Types in a channel and waits up to ten seconds for the answer; returns the text as people read it.
    ///
    /// # Errors
    /// No such user or channel, or no answer in time.
    pub async fn ask(&self, user: &str, channel: &str, text: &str) -> anyhow::Result<String> {
        let question = self.user(user).types(channel, text).await?;
        Ok(self.wait_for_reply(&question, ANSWER_DEADLINE).await?.text)
    }

    /// Everything the app under test did, oldest first.
    #[must_use]
    pub fn transcript(&self) -> Vec<Entry> {
        self.shared.lock().journal.since(0).filter(|entry| entry.by_app).cloned().collect()
    }

    /// Everything that happened after a sequence number (0 for all), whoever did it, oldest first.
    #[must_use]
    pub fn journal(&self, after: u64) -> Vec<Entry> {
        self.shared.lock().journal.since(after).cloned().collect()
    }

    /// Sequence number of the journal's newest entry.
    #[must_use]
    pub fn journal_end(&self) -> u64 {
        self.shared.lock().journal.last()
    }

    /// Waits until the transcript of the app holds what is looked for.
    ///
    /// # Errors
    /// It did not within the deadline; the error shows the last entries.
    pub async fn wait_for<T>(
        &self,
        mut looked_for: impl FnMut(&[Entry]) -> Option<T>,
        deadline: Duration,
    ) -> anyhow::Result<T> {
        self.wait_until("something in the transcript", deadline, |slack| looked_for(&slack.transcript()))
            .await
    }

    /// Waits until a condition on anything in the simulator holds; it is evaluated after every change.
    ///
    /// # Errors
    /// It did not hold within the deadline; the error names `what` and shows the last entries of the transcript.
    pub async fn wait_until<T>(
        &self,
        what: &str,
        deadline: Duration,
        mut condition: impl FnMut(&Self) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut changes = self.shared.changes();
        let waiting = async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = condition(self) {
                    return Some(found);
                }
                changes.changed().await.ok()?;
            }
        };
        match time::timeout(deadline, waiting).await {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(anyhow!("the simulator was stopped while waiting for {what}")),
            Err(_) => Err(anyhow!("waited {deadline:?} for {what}; lately:\n{}", self.last_words())),
        }
    }

    fn last_words(&self) -> String {
        let world = self.shared.lock();
        let recent: Vec<String> = world.journal.newest_first().take(10).map(describe).collect();
        recent.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Waits until this many sockets are open (ghosts count).
    ///
    /// # Errors
    /// They were not within the deadline.
    pub async fn wait_for_sockets(&self, number: usize, deadline: Duration) -> anyhow::Result<()> {
        let what = format!("{number} open sockets");
        self.wait_until(&what, deadline, |slack| (slack.stats().sockets == number).then_some(())).await
    }

    /// The counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let world = self.shared.lock();
        world.counters.snapshot(world.sockets.open.len(), world.sockets.ghosts())
    }

    /// How often a Web API method was called, refused calls too.
    #[must_use]
    pub fn calls(&self, method: &str) -> u64 {
        self.shared.lock().counters.calls(method)
    }

    /// The last 10,000 attempts to deliver a payload, oldest first.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.lock().counters.deliveries().cloned().collect()
    }

    /// The last 10,000 payloads that nobody acknowledged in time, in no attempt.
    #[must_use]
    pub fn given_up(&self) -> Vec<Value> {
        self.shared.lock().counters.given_up().cloned().collect()
    }

    /// Content of an uploaded file.
    #[must_use]
    pub fn file_content(&self, id: &str) -> Option<Bytes> {
        self.shared.lock().files.get(id)?.content.clone()
    }
}

fn replies_in(world: &World, message: &Message) -> Vec<Message> {
    let newer = world.journal.newest_first().take_while(|entry| is_after(&entry.action, message.ts));
    let replies = newer.filter(|entry| entry.by_app).filter_map(|entry| entry.action.new_message());
    let mut replies: Vec<Message> =
        replies.filter(|reply| replies::answers(reply, message)).cloned().collect();
    replies.reverse();
    replies
}

/// Whether an entry may be newer than a time stamp; entries that carry none do not end the search.
fn is_after(action: &Action, ts: Ts) -> bool {
    action.new_message().is_none_or(|message| message.ts > ts)
}

fn describe(entry: &Entry) -> String {
    let place = |message: &Message| format!("{} in {}: {}", message.author, message.channel, message.text);
    let what = match &entry.action {
        Action::Posted { message } => format!("{} posted", place(message)),
        Action::Ephemeral { message } => format!("{} (ephemeral)", place(message)),
        Action::Updated { message } => format!("{} (edited)", place(message)),
        Action::Deleted { message } => format!("{} (deleted)", place(message)),
        Action::ReactionAdded { ts, name, .. } => format!(":{name}: added to {ts}"),
        Action::ReactionRemoved { ts, name, .. } => format!(":{name}: removed from {ts}"),
        Action::FileUploaded { file } => format!("file {} uploaded", file.name),
    };
    format!("  {} {what}", entry.at)
}
