//! Holds the conversation of a transcript with a bot: each line waits for its answer, or for word that the bot was not
//! meant.

use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::transcript::{Place, Step, Transcript};
use crate::{
    adapter::{scripted::Scripted, terminal},
    chat::{Addressing, Channel, Incoming, MessageKey, User, plain},
    inbox::Accepted,
};

/// The one thread that a channel has here.
const THREAD: &str = "thread";

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub said: Said,
    pub took: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Lines(Vec<String>),
    /// What was typed is not meant for the bot.
    Nothing,
    /// It should have answered within this time.
    NothingWithin(Duration),
}

/// Types the lines of `transcript` to the bot called `bot`, until one has no answer within `patience`. None: the bot
/// ended.
pub(super) async fn hold(
    script: &mut Scripted,
    bot: &str,
    transcript: &Transcript,
    patience: Duration,
) -> Option<Vec<Answer>> {
    let mut answers = Vec::new();
    for (number, step) in transcript.steps.iter().enumerate() {
        let began = Instant::now();
        let said = match timeout(patience, ask(script, incoming(number, bot, step))).await {
            Ok(said) => said?,
            Err(_) => Said::NothingWithin(patience),
        };
        let is_late = matches!(said, Said::NothingWithin(_));
        answers.push(Answer { said, took: began.elapsed() });
        // An answer that comes after all would be taken for that of the next line.
        if is_late {
            break;
        }
    }
    Some(answers)
}

/// None: the bot ended.
async fn ask(script: &mut Scripted, incoming: Incoming) -> Option<Said> {
    match script.types(incoming).await.ok()? {
        Accepted::Ignored => Some(Said::Nothing),
        _ => script.answer().await.map(|reply| Said::Lines(lines(&reply.text))),
    }
}

/// The lines of an answer as a transcript writes them: white space at their ends is not seen, nor are blank lines
/// around them.
fn lines(text: &str) -> Vec<String> {
    plain(text)
        .trim_end()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .skip_while(String::is_empty)
        .collect()
}

/// What `step` types. Everybody's name and every channel's is its id.
fn incoming(number: usize, bot: &str, step: &Step) -> Incoming {
    let (channel, thread) = match &step.place {
        Place::DirectMessage => (Channel { id: step.user.clone(), is_direct: true }, None),
        Place::Channel(id) => (Channel { id: id.clone(), is_direct: false }, None),
        Place::Thread(id) => (Channel { id: id.clone(), is_direct: false }, Some(THREAD.to_owned())),
    };
    let (addressing, text) = match behind_mention(&step.text, bot) {
        behind if channel.is_direct => (Addressing::Direct, behind.unwrap_or(&step.text)),
        Some(behind) => (Addressing::Mention, behind),
        None => (Addressing::Channel, step.text.as_str()),
    };
    Incoming {
        key: MessageKey(number.to_string()),
        user: User { id: step.user.clone(), name: Some(step.user.clone()) },
        channel,
        thread,
        opens_thread: Some(THREAD.to_owned()),
        addressing,
        text: text.to_owned(),
        references: terminal::references(text),
        is_unmistakable: false,
        typed_at: 0,
        reply_url: None,
        is_home: false,
        reaction: None,
    }
}

/// The rest of a text that starts with a mention of `bot`: `@ops ping`, `@ops: ping`.
fn behind_mention<'t>(text: &'t str, bot: &str) -> Option<&'t str> {
    let behind = text.trim_start().strip_prefix('@')?.strip_prefix(bot)?;
    let rest = behind.strip_prefix([':', ',']).unwrap_or(behind);
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{outcome::Outcome, transcript::parse},
        *,
    };
    use crate::{
        adapter::scripted::scripted,
        chat::mention,
        inbox::{Inbox, Meaning},
    };

    fn typed(line: &str) -> Incoming {
        incoming(3, "ops", &parse("a.chat", line).expect("a transcript").steps[0])
    }

    #[test]
    fn a_line_is_what_an_adapter_would_hand_over() {
        let message = typed("alice: !ping");
        assert_eq!((message.channel.is_direct, message.addressing), (true, Addressing::Direct));
        assert_eq!((message.user.id.as_str(), message.thread), ("alice", None));
        let message = typed("alice in #general: ping");
        assert_eq!((message.channel.id.as_str(), message.channel.is_direct), ("general", false));
        assert_eq!(message.addressing, Addressing::Channel);
        let message = typed("alice in a thread of #general: @ops: ping");
        assert_eq!((message.thread.is_some(), message.addressing), (true, Addressing::Mention));
        assert_eq!(message.text, "ping");
        assert_eq!(typed("alice: @ops ping").text, "ping");
    }

    #[test]
    fn only_the_bots_name_mentions_it() {
        for (line, addressing, text) in [
            ("a in #b: @ops", Addressing::Mention, ""),
            ("a in #b: @ops, ping", Addressing::Mention, "ping"),
            ("a in #b: @opsgenie ping", Addressing::Channel, "@opsgenie ping"),
            ("a in #b: ping @ops", Addressing::Channel, "ping @ops"),
        ] {
            assert_eq!((typed(line).addressing, typed(line).text.as_str()), (addressing, text), "{line}");
        }
    }

    #[test]
    fn an_answer_is_its_lines_without_what_is_not_seen() {
        let text = format!("\n \nHello {}  \n\n  you\n\n", mention("alice"));
        assert_eq!(lines(&text), ["Hello @alice", "", "  you"]);
    }

    #[tokio::test]
    async fn nothing_more_is_typed_once_an_answer_is_late() {
        let transcript = parse("a.chat", "a: 1\n  ...\na: 2\n  two\na: 3\n").expect("a transcript");
        let (mut script, _sender) = scripted(Inbox::in_memory(Box::new(|_| Meaning::Command(None))));
        let answers = hold(&mut script, "ops", &transcript, Duration::ZERO).await.expect("the bot is there");
        assert_eq!(answers.len(), 1);
        let outcome = Outcome::new(transcript, answers);
        assert_eq!((outcome.failed(), outcome.left()), (1, 2));
        let diff = outcome.diff(0..3);
        assert!(diff.contains("-  ...\n+  (no answer within 0 s)\n"), "{diff}");
    }
}
