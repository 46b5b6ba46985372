//! Looks at what people have on their screens, and tells what should not be there.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    time::Duration,
};

use chatops_e2e::slack::{Message, Slack, Ts};
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::crowd::{Crowd, Kind, Typed};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// How long nothing more appears before it is over.
const QUIET: Duration = Duration::from_secs(3);

/// Words of commands that something is wrong with.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Taken, and without an answer.
    pub lost: Vec<String>,
    /// With more than one.
    pub doubled: Vec<String>,
    /// Run twice.
    pub run_again: Vec<String>,
    /// Answered in another channel or thread.
    pub misplaced: Vec<String>,
    /// Answered with something else than what the command is to say.
    pub mistaken: Vec<String>,
}

/// What is seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub wrong: Wrong,
    /// Commands without an answer that Slack told to nobody who took them, as often as it tried.
    pub never_taken: usize,
    /// Commands that were told that storage is not there or full.
    pub refused: usize,
    pub took: Took,
}

/// How long answers took, from the quickest to the slowest.
#[derive(Debug, Default)]
pub struct Took(Vec<Duration>);

impl Took {
    fn longest_of(&self, percent: usize) -> Duration {
        let count = self.0.len() * percent / 100;
        self.0.get(count.saturating_sub(1)).copied().unwrap_or_default()
    }
}

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [half, most, all] = [50, 99, 100].map(|percent| self.longest_of(percent));
        write!(f, "{half:.1?} half of them, {most:.1?} 99 of 100, {all:.1?} all")
    }
}

/// A line of an answer.
struct Line {
    text: String,
    channel: String,
    thread: Option<Ts>,
    at: Timestamp,
}

impl Line {
    /// The one answer without the command's word.
    fn is_refusal(&self) -> bool {
        self.text.starts_with("My storage ")
    }
}

fn word_in(text: &str) -> Option<String> {
    let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.find(|word| word.starts_with("word-")).map(str::to_owned)
}

/// As the bot names a message in the metadata of its answer.
fn key(message: &Message) -> String {
    format!("{}:{}", message.channel, message.ts)
}

/// Keys of what a message answers, a line each.
fn answered_by(message: &Message) -> Vec<String> {
    let metadata = message.metadata.as_ref();
    let answers = metadata.and_then(|metadata| metadata.pointer("/event_payload/answers")?.as_array());
    let answers = answers.into_iter().flatten().filter_map(Value::as_str);
    answers.filter_map(|answer| Some(answer.rsplit_once('#')?.0.to_owned())).collect()
}

/// What is on the screens.
struct Screens {
    /// By word.
    lines: HashMap<String, Vec<Line>>,
    /// Keys of what nobody took.
    given_up: HashSet<String>,
}

/// What is seen when everything is answered, Slack has nothing more to deliver and nothing more appears, or else after
/// `patience`.
pub async fn looks(slack: &Slack, crowd: &Crowd, patience: Duration) -> Seen {
    let deadline = Instant::now() + patience;
    let (mut appeared, mut since) = (slack.journal_end(), Instant::now());
    loop {
        let seen = Screens::of(slack, &crowd.typed).judge(&crowd.typed);
        let is_over = seen.wrong.lost.is_empty() && slack.stats().under_way == 0 && since.elapsed() > QUIET;
        if is_over || Instant::now() > deadline {
            return seen;
        }
        sleep(LOOK).await;
        let now = slack.journal_end();
        if now != appeared {
            (appeared, since) = (now, Instant::now());
        }
    }
}

impl Screens {
    fn of(slack: &Slack, typed: &[Typed]) -> Self {
        let words: HashMap<_, _> = typed.iter().map(|typed| (key(&typed.message), &typed.word)).collect();
        let mut lines = HashMap::<_, Vec<_>>::new();
        for entry in slack.transcript() {
            let Some(message) = entry.action.new_message() else { continue };
            let answered = answered_by(message);
            for (number, text) in message.text.lines().enumerate() {
                let of_key =
                    || answered.get(number).and_then(|key| words.get(key)).map(|word| (*word).clone());
                let Some(word) = word_in(text).or_else(of_key) else { continue };
                lines.entry(word).or_default().push(Line {
                    text: text.to_owned(),
                    channel: message.channel.clone(),
                    thread: message.thread_ts,
                    at: entry.at,
                });
            }
        }
        let key = |payload: &Value| {
            let event = payload.get("event")?;
            Some(format!("{}:{}", event.get("channel")?.as_str()?, event.get("ts")?.as_str()?))
        };
        Self { lines, given_up: slack.given_up().iter().filter_map(key).collect() }
    }

    fn judge(&self, typed: &[Typed]) -> Seen {
        let mut seen = Seen::default();
        for command in typed {
            let lines = self.lines_of(command);
            if lines.is_empty() && self.given_up.contains(&key(&command.message)) {
                seen.never_taken += 1;
                continue;
            }
            seen.refused += usize::from(lines.iter().any(Line::is_refusal));
            self.judge_lines(command, lines, typed, &mut seen.wrong);
            seen.took.0.extend(lines.first().and_then(|line| Duration::try_from(line.at - command.at).ok()));
        }
        seen.took.0.sort_unstable();
        seen
    }

    fn lines_of(&self, command: &Typed) -> &[Line] {
        self.lines.get(&command.word).map_or(&[], Vec::as_slice)
    }

    fn judge_lines(&self, command: &Typed, lines: &[Line], typed: &[Typed], wrong: &mut Wrong) {
        let (word, message) = (&command.word, &command.message);
        let is_in_place = |line: &Line| line.channel == message.channel && line.thread == message.thread_ts;
        let says_it = |line: &Line| match command.kind {
            Kind::Note | Kind::Recall(_) if line.is_refusal() => true,
            Kind::Note | Kind::Echo => line.text == *word,
            Kind::Recall(noted) => {
                let was_answered = |line: &Line| line.at < command.at && !line.is_refusal();
                line.text == format!("{word} noted")
                    || line.text == format!("{word} missing")
                        && !self.lines_of(&typed[noted]).iter().any(was_answered)
            }
            Kind::Unknown => line.text.contains("not found"),
        };
        let is_again = |line: &Line| line.text.ends_with(" again");
        let cases = [
            (&mut wrong.lost, lines.is_empty()),
            (&mut wrong.doubled, lines.len() > 1),
            (&mut wrong.run_again, lines.iter().any(is_again)),
            (&mut wrong.misplaced, !lines.iter().all(is_in_place)),
            (&mut wrong.mistaken, !lines.iter().all(|line| says_it(line) || is_again(line))),
        ];
        for (list, is_so) in cases {
            if is_so {
                list.push(word.clone());
            }
        }
    }
}
