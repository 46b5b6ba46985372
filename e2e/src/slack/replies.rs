//! Which message answers which: the rule, and those who wait for an answer. Under load hundreds wait at once, so an answer
//! is handed to its waiter when it is posted, not found by everybody looking again.

use std::collections::HashMap;

use serde_json::Value;
use tokio::sync::oneshot;

use super::message::Message;

/// Whether a message of the app answers a question: in the question's thread, or for a question that is in no thread in
/// the channel or in the thread under it; and visible to the asker. An app that notes in its messages which ones they
/// answer is believed: an answer that comes late is not taken for that to a question typed since.
pub(crate) fn answers(reply: &Message, question: &Message) -> bool {
    let is_in_place = match question.thread_ts {
        Some(parent) => reply.thread_ts == Some(parent),
        None => reply.thread_ts.is_none_or(|parent| parent == question.ts),
    };
    let is_visible = reply.visible_to.is_none() || reply.visible_to == question.user;
    let is_noted = noted(reply).is_none_or(|answered| names(answered, question));
    reply.channel == question.channel && reply.ts > question.ts && is_in_place && is_visible && is_noted
}

/// Which messages this one answers, as the app noted it in the metadata.
fn noted(reply: &Message) -> Option<&Vec<Value>> {
    reply
        .metadata
        .as_ref()?
        .pointer("/event_payload/answers")?
        .as_array()
        .filter(|answered| !answered.is_empty())
}

/// Each answered message is written as `<channel>:<ts>#<part>`.
fn names(answered: &[Value], question: &Message) -> bool {
    let key = format!("{}:{}", question.channel, question.ts);
    let mut named = answered.iter().filter_map(|answered| answered.as_str()?.rsplit_once('#'));
    named.any(|(named, _)| named == key)
}

/// Questions that wait for their answer, by channel.
#[derive(Debug, Default)]
pub(crate) struct Waiters(HashMap<String, Vec<(Message, oneshot::Sender<Message>)>>);

impl Waiters {
    /// Resolves with the first answer to be posted from now on.
    pub(crate) fn wait(&mut self, question: &Message) -> oneshot::Receiver<Message> {
        let (sender, receiver) = oneshot::channel();
        self.0.entry(question.channel.clone()).or_default().push((question.clone(), sender));
        receiver
    }

    /// Hands a message of the app to whom it answers, and forgets those who no longer wait.
    pub(crate) fn posted(&mut self, reply: &Message) {
        let Some(waiting) = self.0.get_mut(&reply.channel) else { return };
        let (answered, still): (Vec<_>, Vec<_>) =
            waiting.drain(..).partition(|(question, _)| answers(reply, question));
        *waiting = still;
        waiting.retain(|(_, sender)| !sender.is_closed());
        for (_, sender) in answered {
            // Whoever waited may have given up in this moment.
            let _ = sender.send(reply.clone());
        }
    }
}
