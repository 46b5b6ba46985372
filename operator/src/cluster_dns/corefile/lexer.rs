//! A Corefile's tokens, just as CoreDNS's own lexer cuts them (github.com/coredns/caddy, `caddyfile/lexer.go`), with the
//! places where they stand. It knows nothing of blocks.
//!
//! Its oddities matter, since a token more or less moves a brace: quotes are special only at the start of a token, `#`
//! begins a comment also inside a token and then only up to the next space, and `\r` separates nothing.

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Without quotes.
    pub text: String,
    /// Line on which it starts, from 0.
    pub line: usize,
    /// Line breaks inside of it.
    pub breaks: usize,
    /// Byte at which it starts.
    pub start: usize,
    /// A quote that never ends runs to the end of the file.
    pub unterminated: bool,
}

/// A comment that stands alone on its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment<'a> {
    /// From `#` to the end of the line, without white space around it.
    pub text: &'a str,
    /// Byte at which its line starts.
    pub line_start: usize,
    /// Byte after its line break, or the end of the file.
    pub line_end: usize,
}

/// What a file consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lexed<'a> {
    pub tokens: Vec<Token>,
    pub comments: Vec<Comment<'a>>,
}

/// A token that is being read.
#[derive(Default)]
struct Open {
    text: String,
    start: usize,
    line: usize,
    breaks: usize,
    quoted: bool,
    escaped: bool,
    comment: bool,
}

/// Cuts `text` into tokens.
pub fn lex(text: &str) -> Lexed<'_> {
    let (mut tokens, mut comments) = (Vec::new(), Vec::new());
    let (mut open, mut line, mut line_start, mut blank) = (Open::default(), 0, 0, true);
    for (at, ch) in text.char_indices() {
        let begins_line = blank;
        blank &= ch.is_whitespace() || ch == BOM;
        if ch == '\n' {
            line += 1;
            line_start = at + 1;
            blank = !open.quoted;
        }
        if open.quoted {
            if open.quotes(ch) {
                tokens.push(std::mem::take(&mut open).token(false));
            }
            continue;
        }
        if ch.is_whitespace() {
            if ch == '\n' {
                open.comment = false;
            }
            if ch != '\r' && !open.text.is_empty() {
                tokens.push(std::mem::take(&mut open).token(false));
            }
            continue;
        }
        if ch == '#' && !open.comment {
            open.comment = true;
            if begins_line && open.text.is_empty() {
                comments.push(comment(text, line_start, at));
            }
        }
        if open.comment || (ch == BOM && at == 0) {
            continue;
        }
        if open.text.is_empty() {
            (open.start, open.line) = (at, line);
            if ch == '"' {
                open.quoted = true;
                continue;
            }
        }
        open.text.push(ch);
    }
    if open.quoted || !open.text.is_empty() {
        let unterminated = open.quoted;
        tokens.push(open.token(unterminated));
    }
    Lexed { tokens, comments }
}

/// Byte order mark, which is skipped at the start of a file and nowhere else.
pub const BOM: char = '\u{feff}';

impl Open {
    /// Takes a character inside quotes, and says whether it ends them.
    fn quotes(&mut self, ch: char) -> bool {
        match (self.escaped, ch) {
            (false, '\\') => {
                self.escaped = true;
                return false;
            }
            (false, '"') => return true,
            (true, '"') => {}
            (true, _) => self.text.push('\\'),
            (false, _) => {}
        }
        self.breaks += usize::from(ch == '\n');
        self.text.push(ch);
        self.escaped = false;
        false
    }

    fn token(self, unterminated: bool) -> Token {
        let Self { text, line, breaks, start, .. } = self;
        Token { text, line, breaks, start, unterminated }
    }
}

fn comment(text: &str, line_start: usize, at: usize) -> Comment<'_> {
    let line_end = text[at..].find('\n').map_or(text.len(), |length| at + length + 1);
    Comment { text: text[at..line_end].trim(), line_start, line_end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        lex(text).tokens.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn tokens_are_cut_as_coredns_cuts_them() {
        for (text, tokens) in [
            ("a b {\r\n c\r\n}", vec!["a", "b", "{", "c", "}"]),
            ("\u{feff}a", vec!["a"]),
            ("a # b { \n c", vec!["a", "c"]),
            ("a#b { c", vec!["a", "{", "c"]),
            ("\"a b\" c", vec!["a b", "c"]),
            ("\"a\\\"b\\c\"d", vec!["a\"b\\c", "d"]),
            ("a\"b c\"", vec!["a\"b", "c\""]),
            ("\"\" a", vec!["", "a"]),
            ("a{ {b}", vec!["a{", "{b}"]),
            ("\"a # b\n}\" c", vec!["a # b\n}", "c"]),
        ] {
            assert_eq!(texts(text), tokens, "{text:?}");
        }
    }

    #[test]
    fn a_comment_is_told_with_the_bytes_of_its_line() {
        let text = "a {\n  # one \r\nb # no\n\"\n# quoted\n\"\n# two";
        let comments = lex(text).comments;
        let lines: Vec<_> = comments.iter().map(|c| (c.text, &text[c.line_start..c.line_end])).collect();
        assert_eq!(lines, [("# one", "  # one \r\n"), ("# two", "# two")]);
    }

    #[test]
    fn a_quote_that_never_ends_is_told() {
        assert!(lex("a \"b").tokens.last().unwrap().unterminated);
        assert!(lex("a \"").tokens.last().unwrap().unterminated);
        assert!(!lex("a \"b\"").tokens.last().unwrap().unterminated);
    }
}
