//! A conversation in a terminal or over a pipe: each line is a direct message, and the next one is read when it is
//! answered. Plain lines over a pipe; history and completion at a terminal.

mod ask;
mod lines;
mod prompt;

use std::{
    io::{self, Write},
    sync::Arc,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    chat::{Addressing, Channel, Incoming, MessageKey, Reference, Reply, Target, User, form::Forms, plain},
    inbox::{Accepted, Inbox},
    outbox::{FindError, Mark, SendError, Sender},
};
use lines::Asked;
pub use lines::{Lines, pipe};
pub use prompt::prompt;

/// What is typed, and word of what was printed.
#[derive(Debug)]
pub struct Terminal {
    pub lines: Lines,
    pub printed: mpsc::UnboundedReceiver<Printed>,
    /// Who types.
    pub user: String,
    /// Know what a person is asked who left something out.
    pub forms: Arc<dyn Forms>,
}

/// An answer was printed.
#[derive(Debug)]
pub struct Printed {
    /// The line that lacks arguments.
    lacking: Option<String>,
}

impl Terminal {
    /// Hands line after line to `inbox`, until there is none, or until `stop`.
    pub async fn run(mut self, inbox: Inbox, stop: CancellationToken) {
        tokio::select! {
            () = self.converse(&inbox) => (),
            () = stop.cancelled() => (),
        }
    }

    async fn converse(&mut self, inbox: &Inbox) {
        let (start, mut count) = (format!("{:016x}", rand::random::<u64>()), 0_u64);
        while let Some(line) = self.lines.next(Asked::Message).await {
            // Nothing is not a message.
            let mut said = Some(line).filter(|line| !line.trim().is_empty());
            while let Some(line) = said.take() {
                count += 1;
                let Some(printed) = self.say(inbox, self.message(&start, count, line)).await else { return };
                if let Some(line) = printed.lacking
                    && self.lines.is_interactive
                {
                    said = ask::complete(&mut self.lines, self.forms.as_ref(), &line).await;
                }
            }
        }
    }

    /// What is printed in answer to `message`; none where there is nothing to wait for any more.
    async fn say(&mut self, inbox: &Inbox, message: Incoming) -> Option<Printed> {
        // Answers to what was typed before this program last ended.
        while self.printed.try_recv().is_ok() {}
        match inbox.accept(message).await.ok()? {
            Accepted::Ignored => Some(Printed { lacking: None }),
            _ => self.printed.recv().await,
        }
    }

    /// `start` and `number` name it, for as long as messages are remembered.
    fn message(&self, start: &str, number: u64, text: String) -> Incoming {
        Incoming {
            key: MessageKey(format!("{start}:{number}")),
            user: User { id: self.user.clone(), name: Some(self.user.clone()) },
            channel: Channel { id: "terminal".into(), is_direct: true },
            thread: None,
            opens_thread: None,
            addressing: Addressing::Direct,
            references: references(&text),
            text,
            is_unmistakable: true,
            typed_at: 0,
            reply_url: None,
            is_home: false,
            reaction: None,
        }
    }
}

/// Here everybody's name and every channel's is its id.
pub fn references(text: &str) -> Vec<Reference> {
    let words = text.split(|c: char| c.is_whitespace() || c == '=');
    let words = words.filter_map(|word| Some((word, word.strip_prefix(['@', '#'])?)));
    words.map(|(word, id)| Reference { text: word.to_owned(), id: id.to_owned() }).collect()
}

/// Prints answers.
#[derive(Debug)]
pub struct TerminalSender {
    printed: mpsc::UnboundedSender<Printed>,
}

/// What prints answers, and word of each one printed.
pub fn sender() -> (TerminalSender, mpsc::UnboundedReceiver<Printed>) {
    let (printed, word) = mpsc::unbounded_channel();
    (TerminalSender { printed }, word)
}

impl Sender for TerminalSender {
    async fn send(&self, reply: &Reply, _: &[Mark]) -> Result<(), SendError> {
        let mut out = io::stdout().lock();
        let written = writeln!(out, "{}", plain(&reply.text).trim_end()).and_then(|()| out.flush());
        // Nobody waits any more after the end of the input.
        let _ = self.printed.send(Printed { lacking: reply.lacking.clone() });
        written.map_err(|error| SendError::Rejected(error.to_string()))
    }

    async fn find(&self, _: &Target, _: &[MessageKey]) -> Result<Vec<Mark>, FindError> {
        Err(FindError::Hidden)
    }

    fn max_chars(&self) -> usize {
        usize::MAX
    }
}
