//! What takes longer than a moment shows on the message that asked for it that it is being worked on, and how it ended.

use std::{pin::pin, time::Duration};

use tokio::{task::JoinHandle, time::timeout};

use super::answers::Answer;
use crate::{
    chat::{Message, Sign},
    inbox::Taken,
    outbox::Outbox,
};

/// Who waits longer wants to know that something happens.
const MOMENT: Duration = Duration::from_millis(800);

/// A sign that is to be taken off.
pub(super) struct Progress {
    outbox: Outbox,
    message: Message,
    /// Putting it on; none where somebody else may have.
    working: Option<JoinHandle<()>>,
}

/// What `answering` comes to, and the sign that was put on `taken` meanwhile.
pub(super) async fn shown(
    outbox: &Outbox,
    taken: &Taken,
    answering: impl Future<Output = Option<Answer>>,
) -> (Option<Answer>, Option<Progress>) {
    let progress = |message, working| Progress { outbox: outbox.clone(), message, working };
    let mut answering = pin!(answering);
    let in_a_moment = timeout(MOMENT, &mut answering).await;
    match (in_a_moment, taken.incoming.message()) {
        // The replica that had begun it may have put a sign on.
        (Ok(answer), Some(message)) if taken.started => (answer, Some(progress(message, None))),
        (Ok(answer), _) => (answer, None),
        (Err(_), None) => (answering.await, None),
        (Err(_), Some(message)) => {
            let (outbox, typed) = (outbox.clone(), message.clone());
            let working = async move { outbox.sign(&typed, Sign::Working, true).await };
            let progress = progress(message, Some(tokio::spawn(working)));
            (answering.await, Some(progress))
        }
    }
}

impl Progress {
    /// Takes the sign off, and shows how it ended, if that is known.
    pub(super) async fn end(self, ended: Option<Sign>) {
        let Progress { outbox, message, working } = self;
        if let Some(working) = working {
            // One that broke off is not there.
            let _ = working.await;
        }
        outbox.sign(&message, Sign::Working, false).await;
        if let Some(ended) = ended {
            outbox.sign(&message, ended, true).await;
        }
    }
}
