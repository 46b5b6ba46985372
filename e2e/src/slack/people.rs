//! Acting as a person of the workspace.

use anyhow::Context as _;
use serde_json::Value;

use super::{
    commands,
    handle::Slack,
    home::{self, Home},
    ids::{self, Ts},
    markup,
    message::Message,
    modals::{self, Modal},
    workspace::User,
    world::World,
};

/// Somebody of the workspace, to act as. Every act is seen by the app the way Slack would tell it; the functions are
/// `async` as an act on a real workspace would be, and complete at once.
#[derive(Debug, Clone)]
pub struct Person {
    slack: Slack,
    name: String,
}

impl Person {
    pub(crate) fn new(slack: Slack, name: &str) -> Self {
        Self { slack, name: name.to_owned() }
    }

    /// Types a message into a channel.
    ///
    /// # Errors
    /// No such person or channel, or the person is not in it.
    pub async fn types(&self, channel: &str, text: &str) -> anyhow::Result<Message> {
        let channel = self.slack.channel_id(channel)?;
        self.act(|world, user| post(world, user, &channel, None, text))
    }

    /// Types a reply in the thread of a message.
    ///
    /// # Errors
    /// No such person, or the person is not in the channel.
    pub async fn types_in_thread(&self, of: &Message, text: &str) -> anyhow::Result<Message> {
        let parent = of.thread_ts.unwrap_or(of.ts);
        self.act(|world, user| post(world, user, &of.channel, Some(parent), text))
    }

    /// Types a direct message to the bot.
    ///
    /// # Errors
    /// No such person.
    pub async fn direct_message(&self, text: &str) -> anyhow::Result<Message> {
        self.act(|world, user| {
            let channel = world.workspace.direct_channel(&user.id).context("no direct channel")?;
            post(world, user, &channel, None, text)
        })
    }

    /// Edits a message of one's own.
    ///
    /// # Errors
    /// No such person or message.
    pub async fn edits(&self, message: &Message, text: &str) -> anyhow::Result<Message> {
        self.act(|world, user| {
            let typed = markup::typed(text, &world.workspace);
            let edited = world.edit(&message.channel, message.ts, &user.id, |message| {
                message.wire_text = typed.text;
                message.blocks = Some(typed.blocks);
            });
            edited.context("there is no such message to edit")
        })
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// No such person or message.
    pub async fn deletes(&self, message: &Message) -> anyhow::Result<()> {
        self.act(|world, user| {
            let deleted = world.delete(&message.channel, message.ts, &user.id);
            deleted.map(drop).context("there is no such message to delete")
        })
    }

    /// Puts an emoji (without colons) under a message.
    ///
    /// # Errors
    /// No such person or message.
    pub async fn reacts(&self, message: &Message, emoji: &str) -> anyhow::Result<()> {
        self.act(|world, user| {
            let added = world.react(&message.channel, message.ts, &user.id, emoji);
            added.map(drop).context("there is no such message to react to")
        })
    }

    /// Invites somebody, the bot too, into a channel.
    ///
    /// # Errors
    /// No such person or channel.
    pub async fn invites(&self, invited: &str, channel: &str) -> anyhow::Result<()> {
        let channel = self.slack.channel_id(channel)?;
        self.act(|world, _| {
            let invited = find(world, invited)?.id;
            world.join(&channel, &invited).context("there is no such channel")
        })
    }

    /// Runs a slash command (`/ops`) with what follows it. Slack says nothing to the person beyond what the app does, unless
    /// the app does not take it.
    ///
    /// # Errors
    /// No such person or channel, or the person is not in it.
    pub async fn runs_command(&self, channel: &str, command: &str, text: &str) -> anyhow::Result<()> {
        let channel = self.slack.channel_id(channel)?;
        self.act(|world, user| {
            is_in(world, user, &channel)?;
            commands::slash(world, user, &channel, command, text);
            Ok(())
        })
    }

    /// Clicks a button under a message.
    ///
    /// # Errors
    /// No such person.
    pub async fn clicks(&self, message: &Message, action_id: &str, value: &str) -> anyhow::Result<()> {
        self.act(|world, user| {
            commands::click(world, user, message, action_id, value);
            Ok(())
        })
    }

    /// Presses the button of a message that has this action id.
    ///
    /// # Errors
    /// No such person or button.
    pub async fn presses(&self, message: &Message, action_id: &str) -> anyhow::Result<()> {
        let value = button(message, action_id).with_context(|| format!("no button {action_id}"))?;
        self.clicks(message, action_id, &value).await
    }

    /// The modal that the person sees.
    #[must_use]
    pub fn modal(&self) -> Option<Modal> {
        let world = self.slack.shared.lock();
        let user = world.workspace.user(&self.name)?;
        world.modals.of(&user.id).cloned()
    }

    /// Submits the modal, filled in with the states of its elements by block and action, as in
    /// `{"app": {"value": {"value": "web"}}}`.
    ///
    /// # Errors
    /// No such person, or there is no modal.
    pub async fn submits(&self, values: &Value) -> anyhow::Result<()> {
        self.act(|world, user| modals::submit(world, user, values))
    }

    /// Closes the modal.
    ///
    /// # Errors
    /// No such person.
    pub async fn cancels(&self) -> anyhow::Result<()> {
        self.act(|world, user| {
            world.modals.close(&user.id);
            Ok(())
        })
    }

    /// Opens the app's own page.
    ///
    /// # Errors
    /// No such person.
    pub async fn opens_home(&self) -> anyhow::Result<()> {
        self.act(|world, user| {
            home::opened(world, user);
            Ok(())
        })
    }

    /// The app's own page, as the person sees it; none before the app published it.
    #[must_use]
    pub fn home(&self) -> Option<Home> {
        let world = self.slack.shared.lock();
        let user = world.workspace.user(&self.name)?;
        world.homes.get(&user.id).cloned()
    }

    /// Posts as a legacy integration of that name: `bot_message` without a user.
    ///
    /// # Errors
    /// No such channel.
    pub async fn posts_as_integration(&self, channel: &str, text: &str) -> anyhow::Result<Message> {
        let channel = self.slack.channel_id(channel)?;
        let message = Message {
            author: self.name.clone(),
            username: Some(self.name.clone()),
            subtype: Some("bot_message".to_owned()),
            bot_id: Some(ids::object("B")),
            ..Message::new(&channel, &markup::normalised(text))
        };
        Ok(self.slack.shared.change(|world| world.post(message)))
    }

    fn act<T>(&self, act: impl FnOnce(&mut World, &User) -> anyhow::Result<T>) -> anyhow::Result<T> {
        self.slack.shared.change(|world| {
            let user = find(world, &self.name)?;
            act(world, &user)
        })
    }
}

fn find(world: &World, name: &str) -> anyhow::Result<User> {
    world.workspace.user(name).cloned().with_context(|| format!("the simulated workspace has no user {name}"))
}

/// Value of the button of `message` that has this action id.
fn button(message: &Message, action_id: &str) -> Option<String> {
    let blocks = message.blocks.as_ref()?.as_array()?;
    let mut elements = blocks.iter().flat_map(|block| block["elements"].as_array()).flatten();
    let button = elements.find(|element| element["action_id"] == action_id)?;
    Some(button["value"].as_str().unwrap_or_default().to_owned())
}

fn is_in(world: &World, user: &User, channel: &str) -> anyhow::Result<()> {
    let members = world.workspace.channels.get(channel).map(|channel| &channel.members);
    let is_member = members.is_some_and(|members| members.contains(&user.id));
    anyhow::ensure!(is_member, "{} is not in that channel", user.name);
    Ok(())
}

fn post(
    world: &mut World,
    user: &User,
    channel: &str,
    thread: Option<Ts>,
    text: &str,
) -> anyhow::Result<Message> {
    is_in(world, user, channel)?;
    let typed = markup::typed(text, &world.workspace);
    let is_person = user.bot.is_none();
    let message = Message {
        thread_ts: thread,
        client_msg_id: is_person.then(ids::uuid),
        blocks: is_person.then_some(typed.blocks),
        ..Message::new(channel, &typed.text)
    };
    let message = world.signed(message, user);
    Ok(world.post(message))
}
