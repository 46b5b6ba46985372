//! Who reacted, and where: looked up where an emoji would run a command, and nowhere else. Neither is in Slack's event.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{link::Link, web_api::CallError};
use crate::chat::Incoming;

/// People that are remembered at most.
const MOST: usize = 1_000;

/// Users of whom it is known whether they are bots.
#[derive(Debug, Default)]
pub(super) struct People {
    known: Mutex<Vec<(String, bool)>>,
}

impl People {
    fn is_bot(&self, user: &str) -> Option<bool> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(known, _)| known == user).map(|(_, is_bot)| *is_bot)
    }

    fn remember(&self, user: &str, is_bot: bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MOST {
            known.remove(0);
        }
        known.push((user.to_owned(), is_bot));
    }
}

/// Why a reaction runs nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// Slack does not answer at the moment: it should deliver the reaction again.
    #[error(transparent)]
    Later(CallError),
    /// Two bots could keep each other going.
    #[error("a bot reacted")]
    Bot,
    #[error("Slack does not say who reacted: {0}")]
    Unknown(CallError),
}

#[derive(Serialize)]
struct Who<'a> {
    user: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    user: Known,
}

#[derive(Deserialize)]
struct Known {
    #[serde(default)]
    is_bot: bool,
}

#[derive(Serialize)]
struct Where<'a> {
    channel: &'a str,
    ts: &'a str,
    limit: u8,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    ts: String,
}

/// `incoming` in the thread of the message `on`, if a person reacted to it.
pub(super) async fn placed(link: &Link, incoming: Incoming, on: &str) -> Result<Incoming, Refused> {
    let (is_bot, thread) =
        tokio::join!(is_bot(link, &incoming.user.id), thread(link, &incoming.channel.id, on));
    if is_bot? {
        return Err(Refused::Bot);
    }
    Ok(Incoming { thread: Some(thread?), ..incoming })
}

async fn is_bot(link: &Link, user: &str) -> Result<bool, Refused> {
    if let Some(is_bot) = link.people.is_bot(user) {
        return Ok(is_bot);
    }
    let Answer { user: Known { is_bot } } =
        look(link, "users.info", &Who { user }).await.map_err(|error| match error {
            CallError::Refused(_) => {
                // Perhaps a scope is missing by now.
                link.doubt.notify_one();
                Refused::Unknown(error)
            }
            error => Refused::Later(error),
        })?;
    link.people.remember(user, is_bot);
    Ok(is_bot)
}

/// The thread that a message is in, or that an answer to it opens.
async fn thread(link: &Link, channel: &str, ts: &str) -> Result<String, Refused> {
    match look::<Page>(link, "conversations.replies", &Where { channel, ts, limit: 1 }).await {
        // The first is the one that opened the thread.
        Ok(page) => Ok(page.messages.into_iter().next().map_or_else(|| ts.to_owned(), |first| first.ts)),
        // Where the bot may not read, the message opens a thread if it is in none.
        Err(CallError::Refused(_)) => Ok(ts.to_owned()),
        Err(error) => Err(Refused::Later(error)),
    }
}

async fn look<T: serde::de::DeserializeOwned>(
    link: &Link,
    method: &'static str,
    asked: &impl Serialize,
) -> Result<T, CallError> {
    let session = link.session.borrow().clone();
    let tokens = session.ok_or_else(|| CallError::Refused("no_token".into()))?.tokens;
    let answer = link.web.call_with_form::<T>(method, &tokens.bot, asked, link.timing.accept).await?;
    Ok(answer.body)
}
