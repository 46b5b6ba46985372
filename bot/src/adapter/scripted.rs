//! A conversation that a test or a transcript holds: messages of any kind go in, answers come out. No platform is
//! imitated.

use tokio::sync::mpsc;

use crate::{
    chat::{Incoming, MessageKey, Reply, Target},
    inbox::{Accepted, Full, Inbox},
    outbox::{FindError, Mark, SendError, Sender},
};

/// What the bot answers.
pub type Answers = mpsc::UnboundedReceiver<Reply>;

/// Types and listens.
#[derive(Debug)]
pub struct Scripted {
    pub inbox: Inbox,
    pub answers: Answers,
}

/// Collects answers for a [`Scripted`].
#[derive(Debug)]
pub struct ScriptedSender {
    answers: mpsc::UnboundedSender<Reply>,
}

/// A conversation over `inbox`, and what an outbox is to send with.
pub fn scripted(inbox: Inbox) -> (Scripted, ScriptedSender) {
    let (sender, answers) = sender();
    (Scripted { inbox, answers }, sender)
}

/// What an outbox is to send with, and the answers for a [`Scripted`] whose inbox is not there yet.
pub fn sender() -> (ScriptedSender, Answers) {
    let (sender, answers) = mpsc::unbounded_channel();
    (ScriptedSender { answers: sender }, answers)
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
        self.answers.recv().await
    }
}

impl Sender for ScriptedSender {
    async fn send(&self, reply: &Reply, _: &[Mark]) -> Result<(), SendError> {
        self.answers.send(reply.clone()).map_err(|_| SendError::Rejected("nobody_listens".into()))
    }

    async fn find(&self, _: &Target, _: &[MessageKey]) -> Result<Vec<Mark>, FindError> {
        Err(FindError::Hidden)
    }

    fn max_chars(&self) -> usize {
        usize::MAX
    }
}
