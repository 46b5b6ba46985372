//! People who type, and look at what they have on their screens.

use std::{collections::HashMap, time::Duration};

use chatops_e2e::slack::{ChannelKind, Simulator, Slack};
use tokio::time::{Instant, interval, sleep};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Who types in turn.
const PEOPLE: [&str; 2] = ["alice", "bob"];

/// People in some channels.
pub struct Crowd {
    slack: Slack,
    channels: Vec<String>,
    typed: Vec<String>,
}

/// What should not be on the screens.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Commands without an answer.
    pub lost: Vec<String>,
    /// Commands with more than one.
    pub doubled: Vec<String>,
    /// Commands that were run twice.
    pub run_again: Vec<String>,
}

impl Crowd {
    pub fn in_channels_of(slack: &Simulator, count: usize) -> Self {
        let channels = (0..count).map(|n| format!("crowd-{n}")).collect::<Vec<_>>();
        for channel in &channels {
            slack.create_channel(channel, ChannelKind::Public);
        }
        Self { slack: slack.slack(), channels, typed: Vec::new() }
    }

    /// Every other command writes, each a word of its own.
    pub async fn types(&mut self, count: usize, rate: u32) {
        let mut pace = interval(Duration::from_secs(1) / rate);
        for _ in 0..count {
            pace.tick().await;
            let number = self.typed.len();
            let word = format!("word-{number:06}");
            let command = if number.is_multiple_of(2) { "note" } else { "echo" };
            let channel = format!("#{}", self.channels[number % self.channels.len()]);
            let person = self.slack.user(PEOPLE[number / self.channels.len() % PEOPLE.len()]);
            person.types(&channel, &format!("!{command} {word}")).await.expect("a person types");
            self.typed.push(word);
        }
    }

    /// What is seen when everything is answered, or after `patience`.
    pub async fn sees(&self, patience: Duration) -> Seen {
        let deadline = Instant::now() + patience;
        loop {
            let seen = self.look();
            if seen.lost.is_empty() || Instant::now() > deadline {
                return seen;
            }
            sleep(LOOK).await;
        }
    }

    fn look(&self) -> Seen {
        let transcript = self.slack.transcript();
        let texts =
            transcript.iter().filter_map(|entry| entry.action.new_message()).map(|message| &*message.text);
        let (mut times, mut run_again, mut before) = (HashMap::<&str, usize>::new(), Vec::new(), "");
        for word in texts.flat_map(str::split_whitespace) {
            if word.starts_with("word-") {
                *times.entry(word).or_default() += 1;
            } else if word == "again" {
                run_again.push(before.to_owned());
            }
            before = word;
        }
        let having = |wanted: fn(usize) -> bool| {
            let answers = |word: &&String| times.get(word.as_str()).copied().unwrap_or_default();
            self.typed.iter().filter(|word| wanted(answers(word))).cloned().collect()
        };
        Seen { lost: having(|times| times == 0), doubled: having(|times| times > 1), run_again }
    }
}
