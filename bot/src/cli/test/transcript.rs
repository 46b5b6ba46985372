//! A transcript as text → who types what where, and what must come back. Pure.
//!
//! The format is that of cram, with people in place of a shell: what stands at the margin is typed, what is indented
//! by two spaces below it is the answer.

use std::ops::Range;

use super::expected::Expected;

/// What an answer is indented by.
pub(super) const INDENT: &str = "  ";

/// Continues what is typed in another line.
const CONTINUES: char = '>';

/// A conversation.
#[derive(Debug)]
pub(super) struct Transcript {
    /// Name of its file.
    pub name: String,
    pub text: String,
    pub steps: Vec<Step>,
}

/// Something typed, and its answer.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// What is typed stands in these lines of the file, counted from 0.
    pub lines: Range<usize>,
    pub user: String,
    pub place: Place,
    pub text: String,
    /// The lines of the answer, and where in the file they stand.
    pub expected: Vec<(usize, Expected)>,
}

/// Where something is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    DirectMessage,
    Channel(String),
    /// The thread of this channel.
    Thread(String),
}

/// What is wrong with a place of the file, in bytes, and the fix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub span: Range<usize>,
    pub message: String,
}

/// Reads `text` of the file `name`.
///
/// # Errors
/// Every [`Mistake`].
pub(super) fn parse(name: &str, text: &str) -> Result<Transcript, Vec<Mistake>> {
    let mut parser = Parser::default();
    let (mut mistakes, mut start) = (Vec::new(), 0);
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end();
        if let Err(message) = parser.line(number, line) {
            let indent = line.len() - line.trim_start().len();
            mistakes.push(Mistake { span: start + indent..start + line.len(), message });
        }
        start += whole.len();
    }
    let Parser { steps, .. } = parser;
    if mistakes.is_empty() && steps.is_empty() {
        let message = "nothing is typed in this transcript: write a line such as \"alice: !ping\"".to_owned();
        mistakes.push(Mistake { span: 0..0, message });
    }
    let transcript = Transcript { name: name.to_owned(), text: text.to_owned(), steps };
    if mistakes.is_empty() { Ok(transcript) } else { Err(mistakes) }
}

#[derive(Default)]
struct Parser {
    steps: Vec<Step>,
    /// Blank lines, which belong to an answer if it goes on behind them.
    blank: Vec<usize>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.is_empty() {
            self.blank.push(number);
        } else if let Some(answer) = line.strip_prefix(INDENT) {
            self.answer(number, answer)?;
        } else if line.starts_with(char::is_whitespace) {
            return Err("an answer is indented by two spaces".into());
        } else if let Some(more) = line.strip_prefix(CONTINUES) {
            self.more(number, more.strip_prefix(' ').unwrap_or(more))?;
        } else if !line.starts_with('#') {
            self.blank.clear();
            self.steps.push(typed(number, line)?);
        }
        Ok(())
    }

    fn answer(&mut self, number: usize, line: &str) -> Result<(), String> {
        let blank = std::mem::take(&mut self.blank);
        let Some(step) = self.steps.last_mut() else {
            return Err("this answers nothing: what is typed stands above it, at the margin".into());
        };
        if !step.expected.is_empty() {
            step.expected.extend(blank.into_iter().map(|number| (number, Expected::Text(String::new()))));
        }
        step.expected.push((number, Expected::parse(line)?));
        Ok(())
    }

    fn more(&mut self, number: usize, line: &str) -> Result<(), String> {
        match self.steps.last_mut().filter(|step| step.lines.end == number) {
            Some(step) => {
                step.lines.end += 1;
                step.text.push('\n');
                step.text.push_str(line);
                Ok(())
            }
            None => Err("this continues nothing: \">\" stands right below what is typed".into()),
        }
    }
}

fn typed(number: usize, line: &str) -> Result<Step, String> {
    let Some((head, text)) = line.split_once(':') else {
        return Err("nobody types this: write \"alice: …\" or \"alice in #general: …\"; an answer is indented by two \
                    spaces, and a comment starts with #"
            .into());
    };
    let (user, place) = match head.split_once(" in ") {
        Some((user, place)) => (user, self::place(place.trim())?),
        None => (head, Place::DirectMessage),
    };
    let user = user.trim();
    if !is_name(user) {
        return Err(format!(
            "\"{user}\" cannot type: who does has one word of letters, digits, '-', '_' and '.' for a name, as in \
             \"alice: …\""
        ));
    }
    let text = text.strip_prefix(' ').unwrap_or(text);
    if text.is_empty() {
        return Err(format!("nothing is typed: write it behind \"{head}:\""));
    }
    Ok(Step {
        lines: number..number + 1,
        user: user.to_owned(),
        place,
        text: text.to_owned(),
        expected: Vec::new(),
    })
}

fn place(words: &str) -> Result<Place, String> {
    let channel = |words: &str| words.strip_prefix('#').filter(|name| is_name(name)).map(str::to_owned);
    let thread = words.strip_prefix("a thread of ").and_then(channel).map(Place::Thread);
    thread.or_else(|| channel(words).map(Place::Channel)).ok_or_else(|| {
        format!(
            "\"in {words}\" is no place: write \"in #general\" or \"in a thread of #general\"; without a place it is a \
             direct message"
        )
    })
}

fn is_name(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Transcript {
        parse("a.chat", text).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    /// The only mistake of `text`, and what it is about.
    fn mistake(text: &str) -> (String, &str) {
        let mut mistakes = parse("a.chat", text).expect_err("a mistake");
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        let Mistake { span, message } = mistakes.remove(0);
        (message, &text[span])
    }

    fn answers(text: &str) -> Vec<Vec<String>> {
        let shown = |(_, expected): &(usize, Expected)| match expected {
            Expected::Text(text) => text.clone(),
            Expected::Pattern { text, .. } => text.clone(),
            Expected::Anything => "...".into(),
        };
        read(text).steps.iter().map(|step| step.expected.iter().map(shown).collect()).collect()
    }

    #[test]
    fn a_line_says_who_types_what_where() {
        let text = "alice: !ping\nbob in #general: a: b\nU01.x in a thread of #C_1:  two\n> more\n>\n> \\ end \n  ok\n";
        let steps = read(text).steps;
        let typed: Vec<_> =
            steps.iter().map(|s| (s.user.as_str(), s.place.clone(), s.text.as_str())).collect();
        assert_eq!(
            typed,
            [
                ("alice", Place::DirectMessage, "!ping"),
                ("bob", Place::Channel("general".into()), "a: b"),
                ("U01.x", Place::Thread("C_1".into()), " two\nmore\n\n\\ end"),
            ]
        );
        assert_eq!(steps.iter().map(|step| step.lines.clone()).collect::<Vec<_>>(), [0..1, 1..2, 2..6]);
    }

    #[test]
    fn an_answer_is_what_is_indented_and_may_have_blank_lines_in_it() {
        let text =
            "# before\na: 1\n\n  one\n  \n    two  \n# between\n  # three\n\n\nb: 2\n\nc: 3\r\n  four\r\n";
        assert_eq!(
            answers(text),
            [vec!["one", "", "  two", "# three"], vec![], vec!["four"]]
                .map(|lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect::<Vec<_>>())
        );
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_the_fix() {
        for (text, words, place) in [
            ("", "nothing is typed in this transcript: write a line such as \"alice: !ping\"", ""),
            (
                "a: 1\nhello there\n",
                "nobody types this: write \"alice: …\" or \"alice in #general: …\"; an answer is indented by two \
                 spaces, and a comment starts with #",
                "hello there",
            ),
            (
                "Alice B: hello",
                "\"Alice B\" cannot type: who does has one word of letters, digits, '-', '_' and '.' for a name, as \
                 in \"alice: …\"",
                "Alice B: hello",
            ),
            (
                "alice in the kitchen: hello",
                "\"in the kitchen\" is no place: write \"in #general\" or \"in a thread of #general\"; without a \
                 place it is a direct message",
                "alice in the kitchen: hello",
            ),
            (
                "alice in #general:  ",
                "nothing is typed: write it behind \"alice in #general:\"",
                "alice in #general:",
            ),
            ("# x\n  pong\n", "this answers nothing: what is typed stands above it, at the margin", "pong"),
            ("a: 1\n pong\n", "an answer is indented by two spaces", "pong"),
            ("a: 1\n\tpong\n", "an answer is indented by two spaces", "pong"),
            (
                "a: 1\n  one\n> two\n",
                "this continues nothing: \">\" stands right below what is typed",
                "> two",
            ),
            (
                "a: 1\n  ( (re)\n",
                "this is no regular expression (unclosed group): mend it, or take \"(re)\" away to expect what stands \
                 there",
                "( (re)",
            ),
        ] {
            assert_eq!(mistake(text), (words.to_owned(), place), "{text}");
        }
    }

    #[test]
    fn every_mistake_is_told() {
        assert_eq!(parse("a.chat", "what\n who\n").expect_err("mistakes").len(), 2);
    }

    proptest! {
        #[test]
        fn anything_can_be_read(text in "([a#>: \\t\\r\\n]|in|\\(re\\)|\\PC){0,60}") {
            if let Err(mistakes) = parse("a.chat", &text) {
                prop_assert!(mistakes.iter().all(|mistake| text.get(mistake.span.clone()).is_some()));
            }
        }
    }
}
