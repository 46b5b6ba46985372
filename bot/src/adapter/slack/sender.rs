//! Answers on their way to Slack, one `chat.postMessage` each, and looking for those that may be there.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{
    credentials, decode, encode, link::Link, metadata::Metadata, tokens::Tokens, upload, web_api::CallError,
};
use crate::{
    chat::{Message as Typed, MessageKey, Reply, ReplyUrl, Sign, Target},
    network::Unreachable,
    outbox::{FindError, Mark, SendError, Sender},
    secret::Secret,
};

/// Longest text of one message as Slack counts it, after escaping; longer ones may be cut or split by Slack (docs:
/// `chat.postMessage`, "Truncating content").
const MAX_CHARS: usize = 4_000;

/// Error codes where the bot is not in the channel, or may not know of it. It can't look there either.
const NOT_THERE: [&str; 2] = ["not_in_channel", "channel_not_found"];

/// Error codes of blocks that Slack does not take (docs: `chat.postMessage`, "Errors").
const BLOCKS: [&str; 3] = ["invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"];

/// Messages that are read together (docs: `conversations.history`, "limit").
const PAGE: u16 = 200;

/// Pages that are read at most.
const MOST_PAGES: usize = 10;

/// Sends answers to Slack. Clones share one connection pool.
#[derive(Clone, Debug)]
pub struct SlackSender {
    pub(super) link: Arc<Link>,
}

/// A request of `conversations.history` and, with `ts`, of `conversations.replies`.
#[derive(Debug, Serialize)]
struct History<'a> {
    channel: &'a str,
    ts: Option<&'a str>,
    oldest: Option<&'a str>,
    include_all_metadata: bool,
    limit: u16,
    cursor: Option<String>,
}

/// A page of messages.
#[derive(Debug, Deserialize)]
struct Page {
    messages: Vec<Message>,
    response_metadata: Option<Next>,
}

#[derive(Debug, Deserialize)]
struct Message {
    user: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Debug, Deserialize)]
struct File {
    name: Option<String>,
}

impl Message {
    /// What it tells of the answers to `runs`.
    fn marks_of(&self, runs: &[MessageKey]) -> Vec<Mark> {
        let metadata = self.metadata.iter().flat_map(|metadata| metadata.marks_of(runs));
        let names: Vec<_> = self.files.iter().filter_map(|file| file.name.as_deref()).collect();
        let filed = runs.iter().filter(|run| names.contains(&upload::file_name(run).as_str()));
        metadata.chain(filed.map(|run| Mark { run: run.clone(), part: Mark::FILE })).collect()
    }
}

#[derive(Debug, Deserialize)]
struct Next {
    next_cursor: Option<String>,
}

impl SlackSender {
    pub(super) fn new(link: Arc<Link>) -> SlackSender {
        SlackSender { link }
    }

    async fn post(&self, tokens: &Tokens, reply: &Reply, marks: &[Mark]) -> Result<(), CallError> {
        let (web, deadline) = (&self.link.web, self.link.timing.post);
        let posted = match &reply.target.only {
            Some(user) => {
                let request = encode::post_ephemeral(reply, user);
                web.call::<IgnoredAny>("chat.postEphemeral", &tokens.bot, &request, deadline).await
            }
            None => {
                let request = encode::post_message(reply, marks);
                web.call::<IgnoredAny>("chat.postMessage", &tokens.bot, &request, deadline).await
            }
        };
        posted.map(drop)
    }

    pub(super) fn tokens(&self) -> Result<Arc<Tokens>, SendError> {
        let session = self.link.session.borrow().clone();
        Ok(session.ok_or_else(|| SendError::Retry("no token".into()))?.tokens)
    }

    /// What it means that a call failed. What speaks against the session has it looked at.
    pub(super) fn failed(&self, error: CallError) -> SendError {
        let is_suspect = match &error {
            CallError::RateLimited { .. } => false,
            CallError::Unreachable(_) => true,
            CallError::Refused(code) => credentials::is_about_token(code) || code == "missing_scope",
        };
        if is_suspect {
            self.link.doubt.notify_one();
        }
        match error {
            CallError::RateLimited { retry_after } => SendError::RateLimited { retry_after },
            CallError::Unreachable(error) => not_reached(&error),
            // The token may be about to be replaced, and then it works.
            CallError::Refused(code) if credentials::is_about_token(&code) => SendError::Retry(code),
            CallError::Refused(code) => SendError::Rejected(code),
        }
    }

    async fn page(&self, token: &Secret, history: &History<'_>) -> Result<Page, FindError> {
        let method = if history.ts.is_some() { "conversations.replies" } else { "conversations.history" };
        let call = self.link.web.call_with_form::<Page>(method, token, history, self.link.timing.call);
        let retry = |error: &CallError, after| FindError::Retry { error: error.to_string(), after };
        match call.await {
            Ok(answer) => Ok(answer.body),
            Err(error @ CallError::RateLimited { retry_after }) => Err(retry(&error, Some(retry_after))),
            Err(error @ CallError::Unreachable(_)) => Err(retry(&error, None)),
            Err(error @ CallError::Refused(_)) => match &error {
                CallError::Refused(code) if credentials::is_about_token(code) => Err(retry(&error, None)),
                _ => Err(FindError::Hidden),
            },
        }
    }
}

impl SlackSender {
    /// Sends an answer by the address that came with its command, after posting it was refused with `code`. Posting comes
    /// first, as a post has no last minute, can be looked for and so arrives once; an answer by this address can be sent
    /// five times in half an hour and never be looked for, so that after doubt the bot says that it was interrupted.
    async fn respond(&self, url: &ReplyUrl, reply: &Reply, code: &str) -> Result<(), SendError> {
        match self.link.web.respond(url, &encode::response(reply), self.link.timing.post).await {
            Ok(()) => Ok(()),
            Err(CallError::RateLimited { retry_after }) => Err(SendError::RateLimited { retry_after }),
            Err(CallError::Unreachable(error)) => Err(not_reached(&error)),
            Err(CallError::Refused(error)) => {
                Err(SendError::Rejected(format!("{code}, and response_url: {error}")))
            }
        }
    }
}

impl Sender for SlackSender {
    async fn send(&self, reply: &Reply, marks: &[Mark]) -> Result<(), SendError> {
        let (tokens, web, deadline) = (self.tokens()?, &self.link.web, self.link.timing.post);
        if reply.target.is_home {
            let page = encode::publish(reply);
            let published = web.call::<IgnoredAny>("views.publish", &tokens.bot, &page, deadline).await;
            return published.map(|_| ()).map_err(|error| self.failed(error));
        }
        let mut posted = self.post(&tokens, reply, marks).await;
        if let Err(CallError::Refused(code)) = &posted
            && BLOCKS.contains(&code.as_str())
        {
            tracing::warn!(code, "Slack refused the blocks of an answer, which is posted as text");
            posted = self.post(&tokens, &encode::without_blocks(reply), marks).await;
        }
        match posted {
            Ok(_) => Ok(()),
            Err(CallError::Refused(code)) if NOT_THERE.contains(&code.as_str()) => {
                match &reply.target.reply_url {
                    Some(url) => self.respond(url, reply, &code).await,
                    None => Err(SendError::Rejected(code)),
                }
            }
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn send_file(&self, reply: &Reply, run: &MessageKey) -> Result<(), SendError> {
        self.upload(reply, run).await
    }

    /// Reads what was posted since the first of the commands was typed, by this bot's user. When a slash command was typed
    /// is not known: there it goes back until it meets the beginning of an answer.
    async fn find(&self, target: &Target, runs: &[MessageKey]) -> Result<Vec<Mark>, FindError> {
        // Shown again it is the same.
        if target.is_home {
            return Ok(Vec::new());
        }
        // What only one person saw is in no history.
        if target.only.is_some() {
            return Err(FindError::Hidden);
        }
        let retry = || FindError::Retry { error: "no token".into(), after: None };
        let session = self.link.session.borrow().clone().ok_or_else(retry)?;
        let own = session.identity.as_ref().ok_or_else(retry)?.user_id.as_str();
        // All time stamps have the same number of digits until the year 2286.
        let typed_at: Option<Vec<_>> = runs.iter().map(decode::timestamp).collect();
        let oldest = typed_at.and_then(|typed_at| typed_at.into_iter().min());
        let mut history = History {
            channel: &target.channel,
            ts: target.thread.as_deref(),
            oldest,
            include_all_metadata: true,
            limit: PAGE,
            cursor: None,
        };
        let mut marks = Vec::new();
        for _ in 0..MOST_PAGES {
            let page = self.page(&session.tokens.bot, &history).await?;
            let of_bot = page.messages.iter().filter(|message| message.user.as_deref() == Some(own));
            marks.extend(of_bot.flat_map(|message| message.marks_of(runs)));
            history.cursor = page.response_metadata.and_then(|next| next.next_cursor);
            let is_met = oldest.is_none() && runs.iter().all(|run| begins(&marks, run));
            if is_met || history.cursor.as_ref().is_none_or(String::is_empty) {
                return Ok(marks);
            }
        }
        Err(FindError::Hidden)
    }

    async fn sign(&self, message: &Typed, sign: Sign, shown: bool) -> Result<(), SendError> {
        let (tokens, web, deadline) = (self.tokens()?, &self.link.web, self.link.timing.call);
        let method = if shown { "reactions.add" } else { "reactions.remove" };
        let request = encode::reaction(message, sign);
        let shown = web.call::<IgnoredAny>(method, &tokens.bot, &request, deadline).await;
        shown.map(|_| ()).map_err(|error| self.failed(error))
    }

    fn max_chars(&self) -> usize {
        MAX_CHARS
    }

    fn cost(&self, c: char) -> usize {
        encode::width(c)
    }
}

/// What it means that Slack was not reached.
fn not_reached(error: &Unreachable) -> SendError {
    let sent = if error.is_before_sending() { SendError::Retry } else { SendError::Doubtful };
    sent(error.to_string())
}

/// Whether the beginning of the answer to `run` is among `marks`.
fn begins(marks: &[Mark], run: &MessageKey) -> bool {
    marks.iter().any(|mark| matches!(mark.part, 0 | Mark::FILE) && mark.run == *run)
}
