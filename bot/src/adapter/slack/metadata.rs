//! What the bot notes in the metadata of its messages: which answers they are, so that it finds them again. Pure.

use serde::{Deserialize, Serialize};

use crate::{chat::MessageKey, outbox::Mark};

/// Names the metadata among that of other apps.
const EVENT_TYPE: &str = "chatops_answer";

/// Metadata of a message (docs: "Message metadata").
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Metadata {
    event_type: String,
    event_payload: Payload,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Payload {
    /// `<key of the command>#<part of its answer>`.
    #[serde(default)]
    answers: Vec<String>,
}

impl Metadata {
    pub(super) fn of(marks: &[Mark]) -> Metadata {
        let answers = marks.iter().map(|Mark { run, part }| format!("{run}#{part}")).collect();
        Metadata { event_type: EVENT_TYPE.to_owned(), event_payload: Payload { answers } }
    }

    /// The parts of the answers to `runs` that the message holds.
    pub(super) fn marks_of<'a>(&'a self, runs: &'a [MessageKey]) -> impl Iterator<Item = Mark> + 'a {
        let answers = self.event_payload.answers.iter().filter(|_| self.event_type == EVENT_TYPE);
        answers.filter_map(|answer| {
            let (key, part) = answer.rsplit_once('#')?;
            let run = runs.iter().find(|run| run.0 == key)?;
            Some(Mark { run: run.clone(), part: part.parse().ok()? })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_again_among_those_of_other_commands() {
        let key = |text: &str| MessageKey(text.to_owned());
        let mark = |run: &str, part| Mark { run: key(run), part };
        let marks = [mark("C1:1.2", 0), mark("C1:1.3", 0), mark("C1:1.2", 1)];
        let json = serde_json::to_string(&Metadata::of(&marks)).unwrap();
        let read: Metadata = serde_json::from_str(&json).unwrap();
        let found: Vec<_> = read.marks_of(&[key("C1:1.2")]).collect();
        assert_eq!(found, [mark("C1:1.2", 0), mark("C1:1.2", 1)]);
        assert_eq!(read.marks_of(&[key("C1:1.2"), key("C1:1.3")]).count(), 3);
        assert_eq!(read.marks_of(&[key("C1:1")]).count(), 0);
    }

    #[test]
    fn metadata_of_another_app_says_nothing() {
        let foreign = r#"{"event_type": "deployment", "event_payload": {"answers": ["C1:1.2#0"]}}"#;
        let read: Metadata = serde_json::from_str(foreign).unwrap();
        assert_eq!(read.marks_of(&[MessageKey("C1:1.2".into())]).count(), 0);
    }
}
