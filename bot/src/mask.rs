//! Takes secrets out of what leaves the process: the values that it has read, and whatever looks like a token that some
//! service gave out. Pure but for the register of the values.

mod register;
mod shapes;
mod views;

use std::{borrow::Cow, fmt, ops::Range};

use aho_corasick::AhoCorasick;

pub use register::{current, remember};
use views::View;

/// Stands for a secret, as in the logs of GitHub Actions.
pub const MASK: &str = "***";

/// Shortest value that is masked, in bytes: shorter ones would take ordinary words out of what people read.
pub const SHORTEST: usize = 8;

/// A line of a secret with several that is masked without the others, in bytes. Shorter ones, such as `{`, tell nothing.
const SHORTEST_LINE: usize = 32;

/// So many bytes are enough to find a value by, in a search that takes little memory.
const BEGINNING: usize = 64;

/// So often what is encoded may be encoded again: the credentials of a registry are base64 in JSON, in base64 in a Secret.
const DEPTH: usize = 2;

/// Replaces secrets by [`MASK`].
///
/// A value is found as it is, in base64 of both alphabets, in hexadecimal digits, with the escapes of URLs and forms, of
/// JSON, of HTML and Slack, wrapped over several lines, and in two of these at once. In base64 and hexadecimal it need not
/// be alone: a digit that holds a single bit of it is masked with it. A value of more than 64 bytes is masked also where its
/// end is cut off. Not found is what somebody disguises on purpose: spelled backwards, a letter a line, encrypted.
///
/// Values of less than [`SHORTEST`] bytes are not masked.
pub struct Mask {
    /// Finds the beginnings of `values`.
    beginnings: AhoCorasick,
    values: Vec<Vec<u8>>,
}

impl Mask {
    /// A mask over `secrets`.
    #[allow(clippy::expect_used, reason = "only 2³¹ bytes of beginnings would be too many")]
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Mask {
        let mut values: Vec<_> = secrets.into_iter().flat_map(|secret| forms(secret.as_ref())).collect();
        values.retain(|value| value.len() >= SHORTEST);
        values.sort();
        values.dedup();
        let beginnings = values.iter().map(|value| &value[..value.len().min(BEGINNING)]);
        Mask {
            beginnings: AhoCorasick::builder().prefilter(false).build(beginnings).expect("few and short"),
            values,
        }
    }

    /// `text` without secrets.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found = self.find(text.as_bytes(), DEPTH);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        found.sort_unstable_by_key(|secret| secret.start);
        let mut masked = String::with_capacity(text.len());
        // Where what was masked last ends.
        let mut end = None;
        for secret in found {
            let start = text.floor_char_boundary(secret.start);
            if end.is_none_or(|end| start > end) {
                masked.push_str(&text[end.unwrap_or(0)..start]);
                masked.push_str(MASK);
            }
            end = end.max(Some(text.ceil_char_boundary(secret.end)));
        }
        masked.push_str(&text[end.unwrap_or(0)..]);
        Cow::Owned(masked)
    }

    /// Where secrets are; they may overlap.
    fn find(&self, text: &[u8], depth: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.find_values(text, &mut found);
        shapes::find(text, &mut found);
        let mut add = |view: &View, in_view: Vec<Range<usize>>| {
            found.extend(in_view.iter().map(|secret| view.origin(secret)));
        };
        if let Some(view) = views::seen(text) {
            add(&view, self.find(&view.text, depth));
        }
        if let Some(view) = views::joined(text) {
            add(&view, self.find_in_lines(&view.text, depth));
        }
        if let Some(depth) = depth.checked_sub(1) {
            for view in views::decoded(text).chain(views::unescaped(text)) {
                add(&view, self.find(&view.text, depth));
            }
        }
        found
    }

    /// The same for lines that are joined. Where a token ends could not be told from what follows in the next line, so
    /// that only values are looked for.
    fn find_in_lines(&self, text: &[u8], depth: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.find_values(text, &mut found);
        if let Some(depth) = depth.checked_sub(1) {
            for view in views::decoded(text) {
                let in_view = self.find_in_lines(&view.text, depth);
                found.extend(in_view.iter().map(|secret| view.origin(secret)));
            }
        }
        found
    }

    fn find_values(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        for beginning in self.beginnings.find_overlapping_iter(text) {
            let value = self.values.get(beginning.pattern().as_usize());
            let rest = value.and_then(|value| value.get(beginning.len()..)).unwrap_or_default();
            let after = &text[beginning.end()..];
            let more = rest.iter().zip(after).take_while(|(wanted, byte)| wanted == byte).count();
            found.push(beginning.start()..beginning.end() + more);
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mask").field("values", &self.values.len()).finish_non_exhaustive()
    }
}

/// What a secret is looked for as: whole, as in a form, where `+` is a space (URL Standard,
/// `application/x-www-form-urlencoded`), without its line breaks, and line by line.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec(), secret.replace(' ', "+").into_bytes()];
    if let Some(joined) = views::joined(secret.as_bytes()) {
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        forms.extend(lines.map(|line| line.as_bytes().to_vec()));
        forms.push(joined.text);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        Mask::new(secrets).apply(text).into_owned()
    }

    #[test]
    fn every_occurrence_of_every_secret_is_masked_and_what_overlaps_becomes_one() {
        let secrets = ["correct horse", "horse battery"];
        assert_eq!(masked(&secrets, "a correct horse, a horse battery"), "a ***, a ***");
        assert_eq!(masked(&secrets, "é correct horse battery é"), "é *** é");
        assert_eq!(masked(&["aaaaaaaa"], "baaaaaaaaaaab"), "b***b");
        assert_eq!(masked(&["correct horse"], "correct hors"), "correct hors");
    }

    #[test]
    fn a_mask_does_not_print_what_it_masks() {
        assert_eq!(format!("{:?}", Mask::new(["correct horse"])), "Mask { values: 2, .. }");
    }

    #[test]
    fn what_is_short_is_not_masked() {
        assert_eq!(masked(&["default", "", "\n"], "the default\nis this"), "the default\nis this");
    }

    #[test]
    fn a_long_secret_is_masked_where_its_end_is_cut_off_and_among_others_that_begin_alike() {
        let one = "x0".repeat(40) + "first";
        let two = "x0".repeat(40) + "second secret";
        let secrets = [one.as_str(), two.as_str()];
        assert_eq!(masked(&secrets, &format!("<{two}> <{one}>")), "<***> <***>");
        assert_eq!(masked(&secrets, &format!("<{}…>", &two[..70])), "<***…>");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_however_they_are_laid_out() {
        let line = |c: &str| c.repeat(32);
        let secret = [line("a1"), line("b2"), "c3c3".to_owned()].join("\n");
        let indented = secret.replace('\n', "\r\n    ");
        let text =
            format!("whole: {secret}\nindented:\n    {indented}\nescaped: {secret:?}\none: {}", line("b2"));
        let expected = "whole: ***\nindented:\n    ***\nescaped: \"***\"\none: ***";
        assert_eq!(masked(&[&secret], &text), expected);
    }

    #[test]
    fn what_is_encoded_twice_is_masked() {
        let text = "LmRvY2tlcmNvbmZpZ2pzb246IHsiYXV0aHMiOnsiciI6eyJhdXRoIjoiWW05ME9tTnZjbkpsWTNRZ2FHOXljMlVoSVE9PSJ9fX0=";
        let expected = format!("{}***{}", &text[..62], &text[91..]);
        assert_eq!(masked(&["correct horse!!"], text), expected);
    }

    #[test]
    fn base64_that_is_wrapped_in_a_line_of_json_is_masked() {
        let text = r#"{"message":"Y29ycmVj\ndCBob3Jz\nZSE=\n"}"#;
        assert_eq!(masked(&["correct horse!"], text), r#"{"message":"***=\n"}"#);
    }
}
