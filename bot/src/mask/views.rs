//! A text as whoever undoes an encoding reads it, with the way back to where each byte came from. Undoing is done on
//! suspicion, wherever it can be done: what makes no sense then is not found to hold a secret. Knows nothing of secrets.

use std::ops::Range;

use memchr::{memchr, memchr2};

/// A text read in another way.
#[derive(Debug, Default)]
pub(super) struct View {
    pub text: Vec<u8>,
    /// In their order; what lies between them in the original is not in the view.
    stretches: Vec<Stretch>,
}

/// From `at` in the view on, each `decoded` bytes come from `encoded` bytes of the original, the first from `origin`.
#[derive(Debug)]
struct Stretch {
    at: usize,
    origin: usize,
    encoded: usize,
    decoded: usize,
}

impl View {
    /// Where a piece of the view, which is not empty, stands in the original. A byte of which only some bits are in the
    /// piece belongs to it.
    pub(super) fn origin(&self, piece: &Range<usize>) -> Range<usize> {
        let stretch = |at| self.stretches.partition_point(|stretch| stretch.at <= at).checked_sub(1);
        let stretch = |at| stretch(at).and_then(|index| self.stretches.get(index));
        let start =
            stretch(piece.start).map_or(0, |s| s.origin + (piece.start - s.at) * s.encoded / s.decoded);
        let end = stretch(piece.end.saturating_sub(1))
            .map_or(start, |s| s.origin + ((piece.end - s.at) * s.encoded).div_ceil(s.decoded));
        start..end
    }

    fn begin(&mut self, origin: usize, encoded: usize, decoded: usize) {
        self.stretches.push(Stretch { at: self.text.len(), origin, encoded, decoded });
    }

    fn copy(&mut self, text: &[u8], piece: Range<usize>) {
        if !piece.is_empty() {
            self.begin(piece.start, 1, 1);
            self.text.extend_from_slice(&text[piece]);
        }
    }
}

/// The views in which escapes stand for what they mean: of URLs, of JSON and Rust, and of HTML, whose escapes are also
/// Slack's. Those in which nothing is escaped are left out.
pub(super) fn unescaped(text: &[u8]) -> impl Iterator<Item = View> {
    let kinds: [(u8, Unescape); 3] = [(b'%', percent), (b'\\', backslash), (b'&', entity)];
    kinds.into_iter().filter_map(|(mark, unescape)| replaced(text, |text| memchr(mark, text), unescape))
}

/// The view without line breaks and what indents lines; none if it is one line.
pub(super) fn joined(text: &[u8]) -> Option<View> {
    let text = text.trim_ascii_end();
    let end_of_line = |text: &[u8], _: &mut Vec<u8>| {
        Some(text.iter().take_while(|byte| byte.is_ascii_whitespace()).count())
    };
    replaced(text, |text| memchr2(b'\n', b'\r', text), end_of_line)
}

/// The view without the private-use characters that mark what stands between them (U+E000 to U+E03F); none without any.
pub(super) fn seen(text: &[u8]) -> Option<View> {
    const MARK: [u8; 2] = [0xEE, 0x80];
    let mark = |text: &[u8], _: &mut Vec<u8>| text.starts_with(&MARK).then_some(3);
    replaced(text, |text| memchr(MARK[0], text), mark)
}

/// Appends what the escape at the beginning of a text means, and returns its length; none if there is no escape.
type Unescape = fn(&[u8], &mut Vec<u8>) -> Option<usize>;

/// The view without escapes, where `next` finds what may be one.
fn replaced(
    text: &[u8],
    next: impl Fn(&[u8]) -> Option<usize>,
    unescape: impl Fn(&[u8], &mut Vec<u8>) -> Option<usize>,
) -> Option<View> {
    let (mut view, mut meaning) = (View::default(), Vec::new());
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = next(&text[at..]) {
        at += found;
        match unescape(&text[at..], &mut meaning) {
            Some(length) => {
                view.copy(text, copied..at);
                if !meaning.is_empty() {
                    view.begin(at, length, meaning.len());
                    view.text.append(&mut meaning);
                }
                at += length;
                copied = at;
            }
            None => at += 1,
        }
    }
    (copied > 0).then(|| {
        view.copy(text, copied..text.len());
        view
    })
}

/// `%C3%A9` (RFC 3986, section 2.1).
fn percent(text: &[u8], meaning: &mut Vec<u8>) -> Option<usize> {
    meaning.push(u8::try_from(number(text.get(1..3)?, 16)?).ok()?);
    Some(3)
}

/// `\n`, `\"`, `\u00e9` (RFC 8259, section 7), and `\u{e9}`, `\x1b` (Rust's `Debug`).
fn backslash(text: &[u8], meaning: &mut Vec<u8>) -> Option<usize> {
    let (c, length) = match text.get(1)? {
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'0' => ('\0', 2),
        b'x' => (char::from_u32(number(text.get(2..4)?, 16)?)?, 4),
        b'u' if text.get(2) == Some(&b'{') => {
            let digits = text[3..].iter().take(7).position(|byte| *byte == b'}')?;
            (char::from_u32(number(&text[3..3 + digits], 16)?)?, digits + 4)
        }
        b'u' => utf16(text)?,
        c if c.is_ascii_punctuation() => (char::from(*c), 2),
        _ => return None,
    };
    meaning.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(length)
}

/// A character in one or two escapes `\uXXXX`.
fn utf16(text: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| u16::try_from(number(text.get(at..at + 4)?, 16)?).ok();
    let first = unit(2)?;
    if let Some(c) = char::from_u32(first.into()) {
        return Some((c, 6));
    }
    let second = text.get(6..8).filter(|mark| mark == b"\\u").and_then(|_| unit(8))?;
    Some((char::decode_utf16([first, second]).next()?.ok()?, 12))
}

/// `&amp;`, `&#39;`, `&#x27;` (HTML, "Character references"; Slack, "Formatting message text").
fn entity(text: &[u8], meaning: &mut Vec<u8>) -> Option<usize> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let c = match &text[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    meaning.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(end + 1)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

/// The views in which what may be base64 and what may be hexadecimal stands for its bytes. A piece of base64 may begin
/// anywhere in what looks like it, so it is read from each place in a group of four on; likewise pairs of digits.
pub(super) fn decoded(text: &[u8]) -> impl Iterator<Item = View> {
    [&BASE64, &HEX].into_iter().filter_map(|code| code.view(text))
}

/// Digits that stand for bytes.
struct Code {
    /// The value of each character as a digit, or `NONE`.
    digits: [u8; 256],
    bits: usize,
    /// So many digits stand for so many bytes.
    group: (usize, usize),
    /// Shorter runs of digits hold no secret.
    shortest: usize,
}

const NONE: u8 = u8::MAX;

/// Both alphabets at once (RFC 4648, sections 4 and 5). Eight bytes take eleven digits.
static BASE64: Code = Code {
    digits: digits(&[
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    ]),
    bits: 6,
    group: (4, 3),
    shortest: 11,
};

static HEX: Code = Code {
    digits: digits(&[b"0123456789abcdef", b"0123456789ABCDEF"]),
    bits: 4,
    group: (2, 1),
    shortest: 16,
};

const fn digits(alphabets: &[&[u8]]) -> [u8; 256] {
    let mut digits = [NONE; 256];
    let mut alphabet = 0;
    while alphabet < alphabets.len() {
        let mut value = 0;
        while value < alphabets[alphabet].len() {
            digits[alphabets[alphabet][value] as usize] = value as u8;
            value += 1;
        }
        alphabet += 1;
    }
    digits
}

impl Code {
    fn digit(&self, byte: u8) -> u8 {
        self.digits[usize::from(byte)]
    }

    fn view(&self, text: &[u8]) -> Option<View> {
        let mut view = View::default();
        let is_none = |byte: &u8| self.digit(*byte) == NONE;
        let mut at = 0;
        while let Some(shortest) = text.get(at..at + self.shortest) {
            // Looked at from its end, most of a text is skipped.
            if let Some(other) = shortest.iter().rposition(is_none) {
                at += other + 1;
                continue;
            }
            let end = text[at..].iter().position(is_none).map_or(text.len(), |length| at + length);
            for start in at..at + self.group.0 {
                self.decode(&text[start..end], start, &mut view);
            }
            at = end + 1;
        }
        (!view.text.is_empty()).then_some(view)
    }

    fn decode(&self, run: &[u8], origin: usize, view: &mut View) {
        if !view.text.is_empty() {
            // What was read before does not go on here.
            view.text.push(b' ');
        }
        view.begin(origin, self.group.0, self.group.1);
        let (mut bits, mut held) = (0u32, 0);
        for byte in run {
            bits = bits << self.bits | u32::from(self.digit(*byte));
            held += self.bits;
            if held >= 8 {
                held -= 8;
                let [.., byte] = (bits >> held).to_be_bytes();
                view.text.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(views: impl Iterator<Item = View>) -> Vec<String> {
        views.map(|view| String::from_utf8_lossy(&view.text).into_owned()).collect()
    }

    #[test]
    fn escapes_stand_for_what_they_mean() {
        let all = |text: &str| texts(unescaped(text.as_bytes()));
        assert_eq!(all("a%41%c3%A9b"), ["aAéb"]);
        assert_eq!(all(r#"\"a\\\n\u00e9\ud83d\ude00\u{1f600}\x21"#), ["\"a\\\né😀😀!"]);
        assert_eq!(all("&lt;a&amp;b&#39;&#x27;&gt;"), ["<a&b''>"]);
    }

    #[test]
    fn what_only_looks_like_an_escape_stays() {
        for text in
            ["100% of a", "5 %zz", "C:\\dir", "a & b; c", "&#x110000;", "\\ud83d alone", "%", "\\", "&"]
        {
            assert_eq!(texts(unescaped(text.as_bytes())), [] as [&str; 0], "{text}");
        }
    }

    #[test]
    fn lines_are_joined_without_what_indents_them() {
        let view = joined(b"one\r\n  two\n\nthree\n").unwrap();
        assert_eq!(view.text, b"onetwothree");
        assert_eq!(view.origin(&(2..7)), 2..13);
        assert!(joined(b"one line\n").is_none());
    }

    #[test]
    fn the_way_back_leads_to_whole_escapes_and_digits() {
        let text = b"x%41&amp;";
        let view = unescaped(text).next().unwrap();
        assert_eq!((&view.text[..3], view.origin(&(1..3))), (&b"xA&"[..], 1..5));
        let text = b"data: aGVsbG8gd29ybGQ=";
        let view = decoded(text).next().unwrap();
        assert!(view.text.starts_with(b"hello world"));
        assert_eq!(view.origin(&(0..5)), 6..13);
        assert_eq!(view.origin(&(6..11)), 14..21);
    }
}
