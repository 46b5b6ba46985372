//! Lines of an answer as a transcript expects them, against those that came. Pure.

use regex::Regex;

/// Stands for any number of lines.
const ANYTHING: &str = "...";

/// How silence is written.
pub(super) const SILENCE: &str = "(no answer)";

/// A line that is expected.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// As it stands.
    Text(String),
    /// What fits `regex`, or `text` as it stands: so that an answer with `(re)` at its end can be expected.
    Pattern { text: String, regex: Regex },
    /// Any lines, also none.
    Anything,
}

/// A step from what is expected to what came, by the indexes of their lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// Expected, and came.
    Keep(usize),
    /// Expected, and did not come.
    Remove(usize),
    /// Came, and was not expected.
    Add(usize),
}

impl Expected {
    /// # Errors
    /// What is wrong with `line`, and the fix.
    pub(super) fn parse(line: &str) -> Result<Expected, String> {
        if line == ANYTHING {
            return Ok(Expected::Anything);
        }
        let pattern = if let Some(regex) = line.strip_suffix(" (re)") {
            regex.to_owned()
        } else if let Some(glob) = line.strip_suffix(" (glob)") {
            from_glob(glob)
        } else {
            return Ok(Expected::Text(line.to_owned()));
        };
        match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(regex) => Ok(Expected::Pattern { text: line.to_owned(), regex }),
            Err(error) => Err(format!(
                "this is no regular expression ({}): mend it, or take \"(re)\" away to expect what stands there",
                reason(&error)
            )),
        }
    }

    /// Whether it stands for no answer at all.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Expected::Text(text) if text == SILENCE)
    }

    fn fits(&self, line: &str) -> bool {
        match self {
            Expected::Text(text) => text == line,
            Expected::Pattern { text, regex } => text == line || regex.is_match(line),
            Expected::Anything => true,
        }
    }
}

/// `*` is any text, `?` any character; behind `\` they are themselves.
fn from_glob(glob: &str) -> String {
    let (mut pattern, mut chars) = (String::new(), glob.chars());
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some(next @ ('*' | '?' | '\\'))) => {
                chars.next();
                pattern.push_str(&regex::escape(&next.to_string()));
            }
            ('*', _) => pattern.push_str(".*"),
            ('?', _) => pattern.push('.'),
            _ => pattern.push_str(&regex::escape(&c.to_string())),
        }
    }
    pattern
}

/// The last line of an error, which is what people need of it.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// The shortest way from `expected` to the lines `came`.
pub(super) fn align(expected: &[&Expected], came: &[String]) -> Vec<Edit> {
    let costs = costs(expected, came);
    let (mut at, mut to, mut edits) = (0, 0, Vec::new());
    while at < expected.len() || to < came.len() {
        let cost = costs[at][to];
        let is_cheap = |at: usize, to: usize, edit: usize| {
            costs.get(at).and_then(|row| row.get(to)).is_some_and(|rest| rest + edit == cost)
        };
        match expected.get(at) {
            Some(Expected::Anything) if is_cheap(at + 1, to, 0) => {
                edits.push(Edit::Keep(at));
                at += 1;
            }
            Some(Expected::Anything) => to += 1,
            Some(line) if came.get(to).is_some_and(|c| line.fits(c)) && is_cheap(at + 1, to + 1, 0) => {
                edits.push(Edit::Keep(at));
                (at, to) = (at + 1, to + 1);
            }
            Some(_) if is_cheap(at + 1, to, 1) => {
                edits.push(Edit::Remove(at));
                at += 1;
            }
            _ => {
                edits.push(Edit::Add(to));
                to += 1;
            }
        }
    }
    edits
}

/// How many lines have to be removed and added from each pair of places on.
fn costs(expected: &[&Expected], came: &[String]) -> Vec<Vec<usize>> {
    let mut costs = vec![vec![0; came.len() + 1]; expected.len() + 1];
    for at in (0..=expected.len()).rev() {
        for to in (0..=came.len()).rev() {
            let (line, text) = (expected.get(at), came.get(to));
            let is_anything = matches!(line, Some(Expected::Anything));
            let edit = usize::from(!is_anything);
            let removed = line.map(|_| costs[at + 1][to] + edit);
            let added = text.map(|_| costs[at][to + 1] + edit);
            let kept = line.zip(text).filter(|(line, text)| line.fits(text)).map(|_| costs[at + 1][to + 1]);
            costs[at][to] = [removed, added, kept].into_iter().flatten().min().unwrap_or_default();
        }
    }
    costs
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    /// What came against what was expected, as a diff.
    fn compare(expected: &str, came: &str) -> String {
        let expected: Vec<_> = expected.lines().map(|line| Expected::parse(line).unwrap()).collect();
        let came = lines(came);
        let edits = align(&expected.iter().collect::<Vec<_>>(), &came);
        let shown = edits.into_iter().map(|edit| match edit {
            Edit::Keep(n) => format!("={n}"),
            Edit::Remove(n) => format!("-{n}"),
            Edit::Add(n) => format!("+{}", came[n]),
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lines_are_expected_as_they_stand_or_as_patterns() {
        assert_eq!(compare("a.c\nb", "a.c\nb"), "=0 =1");
        assert_eq!(compare("a.c", "abc"), "-0 +abc");
        assert_eq!(compare("a.c (re)", "abc"), "=0");
        assert_eq!(compare("a|b (re)", "ab"), "-0 +ab", "the whole line has to fit");
        assert_eq!(compare("(a (glob)", "(a"), "=0");
        assert_eq!(compare("*: ? (glob)", "colour: b"), "=0");
        assert_eq!(compare(r"\*: \\ \? (glob)", r"*: \ ?"), "=0");
        assert_eq!(compare(r"\*: b (glob)", "colour: b"), "-0 +colour: b");
        assert_eq!(compare("2 [x] (re)", "2 [x] (re)"), "=0", "a pattern is also what stands there");
    }

    #[test]
    fn dots_stand_for_any_lines() {
        assert_eq!(compare("...", ""), "=0");
        assert_eq!(compare("...", "a\nb"), "=0");
        assert_eq!(compare("a\n...\nc", "a\nb\nb\nc"), "=0 =1 =2");
        assert_eq!(compare("a\n...\nc", "a\nb"), "=0 =1 -2");
        assert_eq!(compare("...\nb\n...", "a\nb\nc\nb"), "=0 =1 =2");
    }

    #[test]
    fn a_difference_leaves_as_much_as_possible() {
        assert_eq!(compare("a\nb\nc", "a\nx\nc"), "=0 -1 +x =2");
        assert_eq!(compare("a\nb (glob)\nc", "b\nc\nd"), "-0 =1 =2 +d");
        assert_eq!(compare("", "a"), "+a");
    }

    proptest! {
        #[test]
        fn edits_lead_to_what_came(expected in "([ab]\\n){0,6}", came in "([ab]\\n){0,6}") {
            let (texts, came) = (lines(&expected), lines(&came));
            let expected: Vec<_> = texts.iter().map(|line| Expected::Text(line.clone())).collect();
            let edits = align(&expected.iter().collect::<Vec<_>>(), &came);
            let led: Vec<_> = edits.iter().filter_map(|edit| match edit {
                Edit::Keep(n) => Some(texts[*n].clone()),
                Edit::Remove(_) => None,
                Edit::Add(n) => Some(came[*n].clone()),
            }).collect();
            prop_assert_eq!(&led, &came);
            prop_assert_eq!(texts == came, edits.iter().all(|edit| matches!(edit, Edit::Keep(_))));
        }

        #[test]
        fn anything_can_be_expected(line in "\\PC*( \\(re\\)| \\(glob\\))?") {
            if let Ok(expected) = Expected::parse(&line) {
                prop_assert_eq!(align(&[&expected], &[line]), [Edit::Keep(0)]);
            }
        }
    }
}
