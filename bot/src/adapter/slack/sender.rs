//! Answers on their way to Slack, one `chat.postMessage` each.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::{credentials, encode, link::Link, web_api::CallError};
use crate::{
    chat::Reply,
    outbox::{SendError, Sender},
};

/// Longest text of one message as Slack counts it, after escaping; longer ones may be cut or split by Slack (docs:
/// `chat.postMessage`, "Truncating content").
const MAX_CHARS: usize = 4_000;

/// Sends answers to Slack. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct SlackSender {
    link: Arc<Link>,
}

impl SlackSender {
    pub(super) fn new(link: Arc<Link>) -> SlackSender {
        SlackSender { link }
    }
}

impl Sender for SlackSender {
    async fn send(&self, reply: &Reply) -> Result<(), SendError> {
        let session = self.link.session.borrow().clone();
        let tokens = session.ok_or_else(|| SendError::Retry("no token".into()))?.tokens;
        let request = encode::post_message(reply);
        let deadline = self.link.timing.post;
        match self.link.web.call::<IgnoredAny>("chat.postMessage", &tokens.bot, &request, deadline).await {
            Ok(_) => Ok(()),
            Err(CallError::RateLimited { retry_after }) => Err(SendError::RateLimited { retry_after }),
            Err(error @ CallError::Unreachable(_)) => {
                self.link.doubt.notify_one();
                Err(SendError::Retry(error.to_string()))
            }
            // The token may be about to be replaced, and then it works.
            Err(CallError::Refused(code)) if credentials::is_about_token(&code) => {
                self.link.doubt.notify_one();
                Err(SendError::Retry(code))
            }
            Err(CallError::Refused(code)) => {
                if code == "missing_scope" {
                    self.link.doubt.notify_one();
                }
                Err(SendError::Rejected(code))
            }
        }
    }

    fn max_chars(&self) -> usize {
        MAX_CHARS
    }

    fn cost(&self, c: char) -> usize {
        encode::width(c)
    }
}
