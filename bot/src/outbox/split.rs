//! Cuts text that is too long for one message: at line ends, within a line at white space, within a word only where
//! there is no other way. A code fence that is cut is closed and opened again, and so are the marks of Markdown. Pure.

use crate::chat::text::{Open, without_markdown};

/// Opens and closes a block of code in every chat platform that has them.
const FENCE: &str = "```";

/// What closing a fence on a line of its own takes up.
const CLOSING: usize = FENCE.len() + 1;

/// The smallest limit that leaves room for text between two fences.
const SMALLEST_LIMIT: usize = 64;

/// Cuts `text` into pieces of at most `limit` (64 at least), where each character takes up `cost`. Nothing but white
/// space around a cut is lost. Blank text has no pieces.
pub fn split(text: &str, limit: usize, cost: impl Fn(char) -> usize) -> Vec<String> {
    let limit = limit.max(SMALLEST_LIMIT);
    if without_markdown(text).trim().is_empty() {
        return Vec::new();
    }
    let mut splitter = Splitter {
        limit,
        cost,
        pieces: Vec::new(),
        piece: String::new(),
        used: 0,
        is_empty: true,
        fenced: false,
        open: Open::default(),
        value_goes_on: false,
    };
    if splitter.width(text) <= limit {
        return vec![text.to_owned()];
    }
    for line in text.split('\n') {
        splitter.push_line(line);
    }
    splitter.finish()
}

struct Splitter<C> {
    limit: usize,
    cost: C,
    pieces: Vec<String>,
    /// The piece in the making, and what it takes up.
    piece: String,
    used: usize,
    /// It holds nothing but blank lines and fences.
    is_empty: bool,
    /// Its end is inside a code fence.
    fenced: bool,
    /// Its end is inside of these.
    open: Open,
    /// The next line is inside a value.
    value_goes_on: bool,
}

impl<C: Fn(char) -> usize> Splitter<C> {
    fn width(&self, text: &str) -> usize {
        text.chars().map(&self.cost).sum()
    }

    /// What is left for a line, a fence to close set aside; none when not even an empty line fits.
    fn room(&self) -> Option<usize> {
        let line_end = usize::from(!self.piece.is_empty());
        self.limit.checked_sub(self.used + line_end + CLOSING)
    }

    fn fits(&self, line: &str) -> bool {
        self.room().is_some_and(|room| self.width(line) <= room)
    }

    fn push_line(&mut self, line: &str) {
        // A line that closes the fence has its room set aside.
        let closes = self.fenced && line == FENCE;
        if !closes && !self.fits(line) {
            self.cut();
        }
        let mut rest = line;
        while !closes && !self.fits(rest) {
            let (head, tail) = rest.split_at(self.cut_at(rest));
            self.append(head);
            self.cut();
            rest = tail;
        }
        self.append(rest);
    }

    fn append(&mut self, line: &str) {
        if self.used > 0 {
            self.piece.push('\n');
            self.used += 1;
        }
        if std::mem::take(&mut self.value_goes_on) {
            self.piece.push_str(self.open.around_value().0);
        }
        self.piece.push_str(line);
        self.used += self.width(line);
        let seen = without_markdown(line);
        self.is_empty &= seen.trim().is_empty() || seen.trim() == FENCE;
        let mut own = String::new();
        for c in line.chars() {
            own.extend(Some(c).filter(|_| !self.open.value));
            self.open = self.open.behind(c);
        }
        // A fence in a value is none.
        self.fenced ^= own.matches(FENCE).count() % 2 == 1;
    }

    /// Ends the piece in the making and starts the next.
    fn cut(&mut self) {
        let mut piece = std::mem::take(&mut self.piece);
        self.used = 0;
        let (opens, closes) = self.open.around_markdown();
        piece.push_str(self.open.around_value().1);
        self.value_goes_on = self.open.value;
        self.piece.push_str(opens);
        if self.fenced {
            match piece.strip_suffix("\n```") {
                Some(before_fence) => piece.truncate(before_fence.len()),
                None => piece.push_str("\n```"),
            }
            self.piece.push_str(FENCE);
            self.used = FENCE.len();
        }
        piece.push_str(closes);
        if !std::mem::replace(&mut self.is_empty, true) {
            self.pieces.push(piece);
        }
    }

    fn finish(mut self) -> Vec<String> {
        if !self.is_empty {
            self.pieces.push(self.piece);
        }
        self.pieces
    }

    /// Where to cut a line that does not fit: behind the last white space that does, or else inside the word, though
    /// not inside a run of backticks or a mention.
    fn cut_at(&self, line: &str) -> usize {
        let mut room = self.room().unwrap_or_default();
        let fits = line.char_indices().find(|&(_, c)| {
            let cost = (self.cost)(c);
            let exceeds = cost > room;
            room = room.saturating_sub(cost);
            exceeds
        });
        let hard = fits.map_or(line.len(), |(at, _)| at);
        let head = &line[..hard];
        let behind_space =
            head.char_indices().rfind(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8());
        let before_mention = crate::chat::open_mention(head);
        let before_ticks = line[hard..].starts_with('`').then(|| head.trim_end_matches('`').len());
        [behind_space, before_mention.or(before_ticks), Some(hard)]
            .into_iter()
            .flatten()
            .find(|&at| at > 0)
            .unwrap_or_else(|| line.chars().next().map_or(0, char::len_utf8))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::mention;

    /// Escaped as in HTML.
    fn cost(c: char) -> usize {
        match c {
            '&' => 5,
            '<' | '>' => 4,
            _ => 1,
        }
    }

    fn width(text: &str) -> usize {
        text.chars().map(cost).sum()
    }

    /// What must survive: everything but white space and fences.
    fn essence(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect()
    }

    #[test]
    fn short_text_stays_as_it_is() {
        assert_eq!(split("  two\nlines\n", 64, cost), ["  two\nlines\n"]);
        assert_eq!(split(" \n", 64, cost), [] as [&str; 0]);
    }

    #[test]
    fn text_is_cut_at_line_ends_and_words_stay_whole() {
        let line = "0123456789 ".repeat(5);
        let text = [line.as_str(), &line, &line].join("\n");
        let pieces = split(&text, 64, cost);
        assert_eq!(pieces, [line.as_str(), &line, &line]);
        let pieces = split(&"a word and ".repeat(20), 64, cost);
        assert!(
            pieces.iter().all(|piece| piece.ends_with("a word and ") || piece.ends_with(' ')),
            "{pieces:?}"
        );
    }

    #[test]
    fn a_fence_is_closed_and_opened_again() {
        let text = format!("before\n```\n{}```\nafter", "a line of code\n".repeat(8));
        let pieces = split(&text, 64, cost);
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| piece.matches(FENCE).count() % 2 == 0), "{pieces:?}");
        assert!(pieces[1].starts_with("```\na line of code\n"), "{pieces:?}");
        assert!(pieces.last().unwrap().ends_with("after"));
    }

    #[test]
    fn no_piece_shows_an_empty_block_of_code() {
        let text = format!("{}\n```\n{}\n```", "x".repeat(50), "y".repeat(50));
        let pieces = split(&text, 64, cost);
        assert_eq!(pieces, ["x".repeat(50), format!("```\n{}\n```", "y".repeat(50))]);
    }

    #[test]
    fn a_mention_is_never_cut() {
        let text = format!("{}{}", "x".repeat(60), mention("U012AB3CD"));
        let pieces = split(&text, 64, cost);
        assert_eq!(pieces, ["x".repeat(60), mention("U012AB3CD")]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(
            lines in prop::collection::vec("([a-z<>&]{1,90} ?){0,4}|```|```[a-z]{1,9}|[a-z ]*```[a-z]*```", 0..40),
            limit in 64usize..300,
        ) {
            let text = lines.join("\n");
            let pieces = split(&text, limit, cost);
            prop_assert_eq!(essence(&pieces.concat()), essence(&text));
            for piece in &pieces {
                prop_assert!(width(piece) <= limit, "{} > {limit}: {piece:?}", width(piece));
                prop_assert!(!piece.trim().is_empty());
            }
            let fences = |text: &str| text.matches(FENCE).count();
            if let Some((_, cut)) = pieces.split_last() {
                prop_assert!(cut.iter().all(|piece| fences(piece) % 2 == 0), "{cut:?}");
            }
        }
    }
}
