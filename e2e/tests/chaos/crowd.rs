//! People who type numbered commands in many channels and threads.

use std::time::Duration;

use chatops_e2e::slack::{ChannelKind, Message, Simulator, Slack};
use jiff::Timestamp;
use tokio::time::interval;

/// Who types in turn.
const PEOPLE: [&str; 2] = ["alice", "bob"];

/// What a command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Writes the word.
    Note,
    Echo,
    /// Reads what the command of that number noted.
    Recall(usize),
    /// There is no such command.
    Unknown,
}

/// A command as it was typed. No other has its word.
#[derive(Debug)]
pub struct Typed {
    pub word: String,
    pub kind: Kind,
    pub message: Message,
    pub at: Timestamp,
}

/// People in some channels, each of which has a thread.
pub struct Crowd {
    slack: Slack,
    channels: Vec<String>,
    topics: Vec<Message>,
    pub typed: Vec<Typed>,
}

impl Crowd {
    pub async fn in_channels_of(slack: &Simulator, count: usize) -> Self {
        let (mut channels, mut topics) = (Vec::new(), Vec::new());
        for number in 0..count {
            let name = format!("crowd-{number}");
            slack.create_channel(&name, ChannelKind::Public);
            let channel = format!("#{name}");
            topics.push(slack.user(PEOPLE[0]).types(&channel, "what a day").await.expect("a topic"));
            channels.push(channel);
        }
        Self { slack: slack.slack(), channels, topics, typed: Vec::new() }
    }

    pub async fn types(&mut self, count: usize, rate: u32) {
        let mut pace = interval(Duration::from_secs(1) / rate);
        for _ in 0..count {
            pace.tick().await;
            self.types_next().await;
        }
    }

    /// Everybody goes through the channels in turn; every other time in the thread.
    async fn types_next(&mut self) {
        let number = self.typed.len();
        let (place, round) = (number % self.channels.len(), number / self.channels.len());
        let word = word(number);
        let in_thread = round / PEOPLE.len() % 2 == 1;
        // Each kind takes up four rounds: of each person in the channel and in the thread.
        let (kind, text) = match round / 4 % 4 {
            0 => (Kind::Note, format!("!note {word}")),
            1 => {
                let noted = number - 4 * self.channels.len();
                (Kind::Recall(noted), format!("!recall {word} {}", self::word(noted)))
            }
            2 => (Kind::Unknown, format!("!{word}")),
            _ => (Kind::Echo, format!("!echo {word}")),
        };
        let person = self.slack.user(PEOPLE[round % PEOPLE.len()]);
        let at = Timestamp::now();
        let typed = if in_thread {
            person.types_in_thread(&self.topics[place], &text).await
        } else {
            person.types(&self.channels[place], &text).await
        };
        self.typed.push(Typed { word, kind, message: typed.expect("a person types"), at });
    }
}

fn word(number: usize) -> String {
    format!("word-{number:06}")
}
