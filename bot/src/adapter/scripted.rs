//! A conversation that a test or a transcript holds: messages of any kind go in, answers come out. No platform is
//! imitated.

use tokio::sync::mpsc;

use crate::{
    chat::{Incoming, Message, MessageKey, Reply, Sign, Target},
    inbox::{Accepted, Full, Inbox},
    outbox::{FindError, Mark, SendError, Sender},
};

/// What comes of the bot.
#[derive(Debug)]
pub struct Heard {
    answers: mpsc::UnboundedReceiver<Reply>,
    signs: mpsc::UnboundedReceiver<Shown>,
}

/// A sign on a message; true: it was put on, false: it was taken off.
pub type Shown = (Message, Sign, bool);

/// Types and listens.
#[derive(Debug)]
pub struct Scripted {
    pub inbox: Inbox,
    pub heard: Heard,
}

/// Collects answers for a [`Scripted`].
#[derive(Debug)]
pub struct ScriptedSender {
    answers: mpsc::UnboundedSender<Reply>,
    signs: mpsc::UnboundedSender<Shown>,
}

/// A conversation over `inbox`, and what an outbox is to send with.
pub fn scripted(inbox: Inbox) -> (Scripted, ScriptedSender) {
    let (sender, heard) = sender();
    (Scripted { inbox, heard }, sender)
}

/// What an outbox is to send with, and what is heard by a [`Scripted`] whose inbox is not there yet.
pub fn sender() -> (ScriptedSender, Heard) {
    let (says, answers) = mpsc::unbounded_channel();
    let (shows, signs) = mpsc::unbounded_channel();
    (ScriptedSender { answers: says, signs: shows }, Heard { answers, signs })
}

impl Scripted {
    /// Types a message.
    ///
    /// # Errors
    /// [`Full`] when the inbox does not take it.
    pub async fn types(&self, incoming: Incoming) -> Result<Accepted, Full> {
        self.inbox.accept(incoming).await
    }

    /// The next answer; none once nothing can answer any more.
    pub async fn answer(&mut self) -> Option<Reply> {
        self.heard.answers.recv().await
    }

    /// The next sign; none once nothing can be shown any more.
    pub async fn sign(&mut self) -> Option<Shown> {
        self.heard.signs.recv().await
    }
}

impl Sender for ScriptedSender {
    async fn send(&self, reply: &Reply, _: &[Mark]) -> Result<(), SendError> {
        self.answers.send(reply.clone()).map_err(|_| SendError::Rejected("nobody_listens".into()))
    }

    async fn sign(&self, message: &Message, sign: Sign, shown: bool) -> Result<(), SendError> {
        let shown = (message.clone(), sign, shown);
        self.signs.send(shown).map_err(|_| SendError::Rejected("nobody_listens".into()))
    }

    async fn find(&self, _: &Target, _: &[MessageKey]) -> Result<Vec<Mark>, FindError> {
        Err(FindError::Hidden)
    }

    fn max_chars(&self) -> usize {
        usize::MAX
    }
}
