//! What somebody who mistyped a name probably meant.

/// Names less similar than this are no suggestions.
const CUTOFF: f64 = 0.6;

/// Names so much less similar than the best are none either.
const WINDOW: f64 = 0.15;

/// Most names that are suggested.
const MAX: usize = 3;

/// Longest text that is compared, in characters: no name is longer.
const LONGEST: usize = 64;

/// What was typed in place of a name, and the names that are close to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// As many words as the best match has; the first word if nothing matches.
    pub typed: String,
    /// At most three names, the best first.
    pub names: Vec<String>,
}

impl Suggestion {
    /// For a `text` that starts with none of `names`.
    pub fn new<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Suggestion {
        let spaced = text.replace('_', " ");
        let words: Vec<&str> = spaced.split_whitespace().take(4).collect();
        let first = |count: usize| words[..count.min(words.len())].join(" ");
        let scored = ranked(names.map(|name| (ratio(&first(name.split(' ').count()), name), name)));
        let typed = match scored.first() {
            Some(best) => first(best.split(' ').count()),
            None => text.split_whitespace().next().unwrap_or_default().to_owned(),
        };
        Suggestion {
            typed: typed.chars().take(LONGEST).collect(),
            names: scored.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// At most three of `names` that are close to `typed`, the best first.
pub fn best<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    ranked(names.map(|name| (ratio(typed, name), name)))
}

/// Equally good names stay in the order of the alphabet, so that the same mistake gets the same answer.
fn ranked<'a>(scored: impl Iterator<Item = (f64, &'a str)>) -> Vec<&'a str> {
    let mut close: Vec<_> = scored.filter(|(score, _)| *score >= CUTOFF).collect();
    close.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let worst = close.first().map_or(CUTOFF, |(best, _)| best - WINDOW);
    close.into_iter().take(MAX).take_while(|(score, _)| *score >= worst).map(|(_, name)| name).collect()
}

/// How similar two texts are, from 0 to 1: twice the characters in common blocks by those of both texts (Ratcliff and
/// Obershelp, as in Python's difflib).
fn ratio(a: &str, b: &str) -> f64 {
    let [a, b] = [a, b].map(|text| text.to_lowercase().chars().take(LONGEST).collect::<Vec<char>>());
    let total = a.len() + b.len();
    if total == 0 { 1.0 } else { 2.0 * matching(&a, &b) as f64 / total as f64 }
}

/// Characters in the longest common block and, recursively, in the blocks before and behind it.
fn matching(a: &[char], b: &[char]) -> usize {
    let (mut start_a, mut start_b, mut length) = (0, 0, 0);
    for i in 0..a.len() {
        for j in 0..b.len() {
            let common = a[i..].iter().zip(&b[j..]).take_while(|(x, y)| x == y).count();
            if common > length {
                (start_a, start_b, length) = (i, j, common);
            }
        }
    }
    if length == 0 {
        return 0;
    }
    let before = matching(&a[..start_a], &b[..start_b]);
    length + before + matching(&a[start_a + length..], &b[start_b + length..])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 6] = ["democmd add", "democmd delete", "democmd get", "democmd list", "help", "ping"];

    fn suggested(text: &str) -> (String, Vec<String>) {
        let suggestion = Suggestion::new(text, NAMES.into_iter());
        (suggestion.typed, suggestion.names)
    }

    #[test]
    fn a_mistyped_name_is_recognised_with_its_arguments_behind_it() {
        assert_eq!(suggested("demcmd add x y"), ("demcmd add".into(), vec!["democmd add".into()]));
        assert_eq!(suggested("demcmd_add x").0, "demcmd add");
        assert_eq!(suggested("HLEP"), ("HLEP".into(), vec!["help".into()]));
    }

    #[test]
    fn equally_close_names_come_in_the_order_of_the_alphabet_and_at_most_three() {
        assert_eq!(suggested("democmd").1, ["democmd add", "democmd get", "democmd list"]);
    }

    #[test]
    fn nothing_is_suggested_for_something_else() {
        assert_eq!(suggested("nonsense is typed"), ("nonsense".into(), vec![]));
    }

    #[test]
    fn similarity_is_that_of_difflib() {
        assert!((ratio("abcd", "bcde") - 0.75).abs() < 1e-9);
        assert!((ratio("private", "primate") - 12.0 / 14.0).abs() < 1e-9);
        assert!((ratio("", "x")).abs() < 1e-9);
    }
}
