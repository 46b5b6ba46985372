//! A transcript beside the answers that came: what is as expected, and the difference of the rest. Pure.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    time::Duration,
};

use similar::TextDiff;

use super::{
    conversation::{Answer, Said},
    expected::{Edit, SILENCE, align},
    transcript::{INDENT, Step, Transcript},
};

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// What a transcript came to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub transcript: Transcript,
    /// For each line that was typed.
    pub lines: Vec<Comparison>,
}

/// What a typed line came to.
#[derive(Debug)]
pub(super) struct Comparison {
    pub took: Duration,
    /// What came, as a transcript writes it.
    came: Vec<String>,
    edits: Vec<Edit>,
}

impl Outcome {
    pub(super) fn new(transcript: Transcript, answers: Vec<Answer>) -> Outcome {
        let lines = transcript.steps.iter().zip(answers).map(|(step, answer)| compare(step, answer));
        Outcome { lines: lines.collect(), transcript }
    }

    /// How many lines were answered in another way, or not at all.
    pub(super) fn failed(&self) -> usize {
        self.lines.iter().filter(|line| !line.is_as_expected()).count()
    }

    /// How many lines were not typed, since one before them was not answered.
    pub(super) fn left(&self) -> usize {
        self.transcript.steps.len() - self.lines.len()
    }

    /// What is different in the answers to the lines of `range`, as a patch of the transcript.
    pub(super) fn diff(&self, range: Range<usize>) -> String {
        let Transcript { name, text, steps } = &self.transcript;
        let (mut removed, mut added) = (HashSet::new(), HashMap::<usize, Vec<&str>>::new());
        for (step, line) in steps.iter().zip(&self.lines).skip(range.start).take(range.len()) {
            // The line of the file behind which the next one is added.
            let mut at = step.lines.end - 1;
            for edit in &line.edits {
                match *edit {
                    Edit::Keep(n) => at = step.expected[n].0,
                    Edit::Remove(n) => {
                        at = step.expected[n].0;
                        removed.insert(at);
                    }
                    Edit::Add(n) => added.entry(at).or_default().push(&line.came[n]),
                }
            }
        }
        let mut new = String::new();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            if !removed.contains(&number) {
                new.push_str(line);
            }
            for line in added.remove(&number).unwrap_or_default() {
                if !new.is_empty() && !new.ends_with('\n') {
                    new.push('\n');
                }
                new.push_str(format!("{INDENT}{line}").trim_end());
                new.push('\n');
            }
        }
        TextDiff::from_lines(text, &new).unified_diff().context_radius(CONTEXT).header(name, name).to_string()
    }
}

impl Comparison {
    pub(super) fn is_as_expected(&self) -> bool {
        self.edits.iter().all(|edit| matches!(edit, Edit::Keep(_)))
    }
}

fn compare(step: &Step, Answer { said, took }: Answer) -> Comparison {
    let expected: Vec<_> = step.expected.iter().map(|(_, line)| line).collect();
    let all_else = || {
        let removed = (0..expected.len()).map(Edit::Remove);
        removed.chain([Edit::Add(0)]).collect::<Vec<_>>()
    };
    let (came, edits) = match said {
        Said::Lines(came) => {
            let edits = align(&expected, &came);
            (came, edits)
        }
        // No pattern fits it: "..." would hide that the bot was not meant.
        Said::Nothing if matches!(expected[..], [line] if line.is_silence()) => (vec![], vec![Edit::Keep(0)]),
        Said::Nothing => (vec![SILENCE.to_owned()], all_else()),
        Said::NothingWithin(time) => (vec![format!("(no answer within {} s)", time.as_secs())], all_else()),
    };
    Comparison { took, came, edits }
}
