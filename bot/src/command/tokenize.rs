//! What was typed after a command's name → arguments, one at a time, so that whoever asks can stop and take the rest
//! of the line as it stands.

use std::fmt;

/// Opens and closes a block of code.
const FENCE: &str = "```";

/// A cursor over typed text. Copies are cheap and look ahead.
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    rest: &'a str,
}

/// One argument as it was meant: quotes taken off, curly ones made straight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// It was quoted or a block of code as a whole: it is a value, whatever it looks like.
    pub quoted: bool,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Tokens<'a> {
        Tokens { rest: text }
    }

    /// All that is left, as it was typed, without white space around it.
    pub fn remainder(&self) -> &'a str {
        self.rest.trim()
    }

    /// An option at the cursor: its dashes and name (`--name`, `-n`), and a cursor behind it. A dash that was
    /// typographically improved counts as the two it was typed as.
    pub fn option(&self) -> Option<TypedOption<'a>> {
        let text = self.remainder();
        let (is_long, name_on) = match text.strip_prefix("--").or_else(|| text.strip_prefix('—')) {
            Some(name_on) => (true, name_on),
            None => (false, text.strip_prefix('-')?),
        };
        let end = name_on.find(|c: char| !is_name(c)).unwrap_or(name_on.len());
        let (name, after) = name_on.split_at(end);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && (is_long || name.len() == 1);
        let has_value = after.starts_with('=');
        let ends = has_value || after.chars().next().is_none_or(char::is_whitespace);
        (is_name && ends).then(|| TypedOption {
            name,
            is_long,
            value_attached: has_value,
            behind: Tokens { rest: if has_value { &after[1..] } else { after } },
        })
    }

    /// Takes `--` off, if that is what comes next: what follows are values, whatever they look like.
    pub fn skip_end_of_options(&mut self) -> bool {
        let behind = self.rest.trim_start().strip_prefix("--");
        let behind = behind.filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        self.rest = behind.unwrap_or(self.rest);
        behind.is_some()
    }

    /// The value that is attached to an option: up to white space, possibly empty.
    pub fn attached(&mut self) -> String {
        if self.rest.starts_with(char::is_whitespace) {
            return String::new();
        }
        self.next().map(|token| token.text).unwrap_or_default()
    }

    fn quoted(&mut self, text: &'a str) -> Option<Token> {
        let (inner, rest) = code_block(text).or_else(|| quotation(text))?;
        self.rest = rest;
        Some(Token { text: inner, quoted: true })
    }

    fn word(&mut self, text: &'a str) -> Token {
        let mut word = String::new();
        let mut end = text.len();
        for (at, c) in text.char_indices() {
            if c.is_whitespace() {
                end = at;
                break;
            }
            word.push(straight(c));
            // As in `key="two words"`.
            if c == '='
                && let Some((inner, rest)) = quotation(&text[at + 1..])
            {
                word.push_str(&inner);
                end = text.len() - rest.len();
                break;
            }
        }
        self.rest = &text[end..];
        Token { text: word, quoted: false }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let text = self.rest.trim_start();
        if text.is_empty() {
            self.rest = text;
            return None;
        }
        Some(self.quoted(text).unwrap_or_else(|| self.word(text)))
    }
}

/// An option as it was typed.
#[derive(Clone, Copy, Debug)]
pub struct TypedOption<'a> {
    /// Without dashes.
    pub name: &'a str,
    /// Two dashes.
    pub is_long: bool,
    /// `=` follows the name.
    pub value_attached: bool,
    /// Where the value is, if there is one.
    pub behind: Tokens<'a>,
}

impl fmt::Display for TypedOption<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_long { "--" } else { "-" }, self.name)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// A word ends here.
fn is_end(rest: &str) -> bool {
    rest.chars().next().is_none_or(char::is_whitespace)
}

/// What `text` holds if it is a block of code as a whole, and otherwise `text` itself.
pub fn without_fence(text: &str) -> &str {
    let inner = text.strip_prefix(FENCE).and_then(|text| text.strip_suffix(FENCE));
    inner.map_or(text, str::trim)
}

/// What a block of code at the start of `text` holds, without the line ends next to its fences, and what follows it.
fn code_block(text: &str) -> Option<(String, &str)> {
    let (inner, rest) = text.strip_prefix(FENCE)?.split_once(FENCE)?;
    let inner = inner.strip_prefix('\n').unwrap_or(inner);
    let inner = inner.strip_suffix('\n').unwrap_or(inner);
    is_end(rest).then(|| (inner.to_owned(), rest))
}

/// What quotes at the start of `text` enclose, and what follows them. Only quotes that a word's end follows close, so
/// that an apostrophe is none; a backslash takes the meaning of a double quote or another backslash away.
fn quotation(text: &str) -> Option<(String, &str)> {
    let mut chars = text.chars();
    let quote = straight(chars.next()?);
    if !matches!(quote, '"' | '\'') {
        return None;
    }
    let mut inner = String::new();
    while let Some(c) = chars.next() {
        if straight(c) == quote && is_end(chars.as_str()) {
            return Some((inner, chars.as_str()));
        }
        let escaped =
            chars.clone().next().filter(|&next| quote == '"' && c == '\\' && matches!(next, '"' | '\\'));
        match escaped {
            Some(next) => {
                inner.push(next);
                chars.next();
            }
            None => inner.push(straight(c)),
        }
    }
    None
}

/// Undoes what keyboards and chat clients make of quotes.
fn straight(c: char) -> char {
    match c {
        '“' | '”' | '„' | '‟' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(typed: &str) -> Vec<String> {
        Tokens::new(typed).map(|token| token.text).collect()
    }

    #[test]
    fn words_are_separated_by_any_white_space() {
        assert_eq!(texts("  one\ttwo\nthree  "), ["one", "two", "three"]);
        assert_eq!(texts(" \n "), [] as [&str; 0]);
    }

    #[test]
    fn balanced_quotes_group_words_and_keep_what_is_between_them() {
        assert_eq!(texts(r#""two  words" 'a "b"'"#), ["two  words", r#"a "b""#]);
        assert_eq!(texts("\"two\nlines\""), ["two\nlines"]);
        assert_eq!(texts(r#"key="two words" x"#), ["key=two words", "x"]);
        assert_eq!(texts(r#""say \"hi\"""#), [r#"say "hi""#]);
        assert_eq!(texts(r#""""#), [""]);
    }

    #[test]
    fn other_quotes_are_text() {
        assert_eq!(texts("don't it's"), ["don't", "it's"]);
        assert_eq!(texts(r#""open and"#), [r#""open"#, "and"]);
        assert_eq!(texts(r#"5" x 3""#), [r#"5""#, "x", r#"3""#]);
    }

    #[test]
    fn curly_quotes_are_straight_ones() {
        assert_eq!(texts("“two words” don’t ‘x y’"), ["two words", "don't", "x y"]);
    }

    #[test]
    fn a_block_of_code_is_one_argument_and_stays_as_it_is() {
        assert_eq!(texts("save ```\nif x {\n  “y”\n}\n``` now"), ["save", "if x {\n  “y”\n}", "now"]);
        assert_eq!(texts("```open"), ["```open"]);
    }

    #[test]
    fn an_option_is_seen_with_one_or_two_dashes_and_with_an_improved_one() {
        let names = |text| Tokens::new(text).option().map(|o| (o.name, o.is_long, o.value_attached));
        assert_eq!(names("--dry-run x"), Some(("dry-run", true, false)));
        assert_eq!(names("—dry=x"), Some(("dry", true, true)));
        assert_eq!(names("-n x"), Some(("n", false, false)));
        for text in ["-5", "--", "-", "—", "-long", "--5", "a", "--x;y"] {
            assert_eq!(names(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn anything_can_be_typed(typed in "\\PC*") {
            let tokens: Vec<_> = Tokens::new(&typed).collect();
            prop_assert!(tokens.len() <= typed.split_whitespace().count());
            Tokens::new(&typed).option();
        }

        #[test]
        fn words_without_quotes_come_back_as_they_are(words in prop::collection::vec("[a-z0-9=.,:/-]{1,8}", 0..8)) {
            prop_assert_eq!(texts(&words.join("  ")), words);
        }

        #[test]
        fn whatever_is_quoted_comes_back_as_it_is(value in "[a-z '\n]{0,20}", after in "[a-z]{1,5}") {
            prop_assert_eq!(texts(&format!("\"{value}\" {after}")), [value, after]);
        }
    }
}
