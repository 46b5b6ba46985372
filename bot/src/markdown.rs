//! Markdown in answers → what a platform shows. Read line by line, since the output of commands is made of lines: a list
//! ends where its lines end, no line is taken for the definition of a link and left out, and only fences make blocks of
//! code. Within a line it is CommonMark with strikethrough. Pure.

mod inline;
mod table;

use std::collections::VecDeque;

pub use table::{Column, aligned};

use crate::chat::{
    plain,
    text::{stretches, values},
};

const FENCE: &str = "```";

/// What stands below each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A line of text; empty, a blank one.
    Line(Vec<Piece>),
    Item {
        /// How many lists it is in, besides its own.
        depth: usize,
        /// Where its list counts.
        number: Option<u64>,
        pieces: Vec<Piece>,
    },
    Quote(Vec<Piece>),
    /// Lines of code, or of a table, without a line end behind the last one.
    Code(String),
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub what: What,
    pub style: Style,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Text(String),
    Link {
        address: String,
        text: String,
    },
    /// The name between the colons.
    Emoji(String),
    /// Id of a user.
    Mention(String),
    /// Id of a channel.
    Channel(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub bold: bool,
    pub italic: bool,
    pub strike: bool,
    pub code: bool,
}

impl Piece {
    fn text(text: impl Into<String>) -> Piece {
        Piece { what: What::Text(text.into()), style: Style::default() }
    }

    /// It as text.
    fn shown(&self) -> String {
        match &self.what {
            What::Text(text) => text.clone(),
            What::Link { address, text } if text == address => text.clone(),
            What::Link { address, text } => format!("{text} ({address})"),
            What::Emoji(name) => format!(":{name}:"),
            What::Mention(id) => format!("@{id}"),
            What::Channel(id) => format!("#{id}"),
        }
    }
}

/// Appends `piece`; text of one style is one piece, and nothing is none.
fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    match (&piece.what, pieces.last_mut()) {
        (What::Text(text), _) if text.is_empty() => (),
        (What::Text(text), Some(Piece { what: What::Text(before), style })) if *style == piece.style => {
            before.push_str(text);
        }
        _ => pieces.push(piece),
    }
}

/// The pieces of lines, one below the other.
pub fn joined<'a>(lines: impl IntoIterator<Item = &'a Vec<Piece>>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (n, line) in lines.into_iter().enumerate() {
        if n > 0 {
            push(&mut pieces, Piece::text("\n"));
        }
        line.iter().for_each(|piece| push(&mut pieces, piece.clone()));
    }
    pieces
}

/// The lines of neutral text in which nothing is Markdown, code aside.
pub fn lines(neutral: &str) -> Vec<Block> {
    let (text, mut blocks) = (Text::verbatim(neutral.trim_end()), Vec::new());
    Lines { text: &text, blocks: &mut blocks, indents: Vec::new() }.read();
    blocks
}

/// The blocks of neutral text; none if nothing in it is Markdown.
pub fn blocks(neutral: &str) -> Option<Vec<Block>> {
    let stretches: Vec<_> = stretches(neutral).collect();
    if stretches.iter().all(|(is_markdown, _)| !is_markdown) {
        return None;
    }
    let mut blocks = Vec::new();
    for (is_markdown, text) in stretches {
        let text = text.trim_end();
        // What stands beside Markdown stands on lines of its own.
        let text = if blocks.is_empty() { text } else { text.strip_prefix('\n').unwrap_or(text) };
        if text.is_empty() {
            continue;
        }
        let text = if is_markdown { Text::of(text) } else { Text::verbatim(text) };
        Lines { text: &text, blocks: &mut blocks, indents: Vec::new() }.read();
    }
    Some(blocks)
}

/// Markdown with a name in the place of each value, so that no value can become mark-up.
struct Text {
    source: String,
    values: Vec<String>,
}

/// What the names of values stand between.
const NAME: (char, char) = ('\u{E006}', '\u{E007}');

impl Text {
    fn of(markdown: &str) -> Text {
        let mut text = Text { source: String::new(), values: Vec::new() };
        for (is_value, piece) in values(markdown) {
            if is_value {
                text.push_value(piece);
            } else {
                text.source.push_str(piece);
            }
        }
        text
    }

    /// Text of which only fences mean something.
    fn verbatim(text: &str) -> Text {
        let mut verbatim = Text { source: String::new(), values: Vec::new() };
        let mut lines = text.split('\n').peekable();
        while let Some(line) = lines.next() {
            match line {
                _ if line.trim_start().starts_with(FENCE) => verbatim.source.push_str(line),
                "" => (),
                _ => verbatim.push_value(line),
            }
            if lines.peek().is_some() {
                verbatim.source.push('\n');
            }
        }
        verbatim
    }

    fn push_value(&mut self, value: &str) {
        self.source.push_str(&format!("{}{}{}", NAME.0, self.values.len(), NAME.1));
        self.values.push(value.to_owned());
    }

    /// The pieces of `source` between and in values, each with whether it is one.
    fn pieces<'a>(&'a self, source: &'a str) -> impl Iterator<Item = (bool, &'a str)> {
        source.split_inclusive([NAME.0, NAME.1]).filter_map(|piece| match piece.strip_suffix(NAME.1) {
            Some(name) => Some((true, self.values.get(name.parse::<usize>().ok()?)?.as_str())),
            None => Some((false, piece.strip_suffix(NAME.0).unwrap_or(piece))),
        })
    }

    /// `source` with its values, as text.
    fn filled(&self, source: &str) -> String {
        plain(&self.pieces(source).map(|(_, text)| text).collect::<String>())
    }
}

/// Reads line after line.
struct Lines<'a> {
    text: &'a Text,
    blocks: &'a mut Vec<Block>,
    /// How far the items are indented that the last one is in.
    indents: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn read(mut self) {
        let text = self.text;
        let mut rest: VecDeque<&str> = text.source.split('\n').collect();
        while let Some(line) = rest.pop_front() {
            if let Some(behind) = self.code(line, &mut rest) {
                if !behind.trim().is_empty() {
                    rest.push_front(behind);
                }
            } else if let Some(columns) = rest.front().and_then(|below| table::columns(line, below)) {
                self.table(line, &columns, &mut rest);
            } else {
                let block = self.block(line);
                self.blocks.extend(block);
            }
        }
    }

    /// The block of code that begins in `line`, and what stands behind it in its last line; none if none begins.
    fn code(&mut self, line: &'a str, rest: &mut VecDeque<&'a str>) -> Option<&'a str> {
        // One that ends in the line that it begins in is code within the line.
        let (before, opening) = line.rsplit_once(FENCE).filter(|_| line.matches(FENCE).count() % 2 == 1)?;
        if !matches!(before.trim(), "" | "-" | "*" | "+" | ">") {
            let block = self.block(before);
            self.blocks.extend(block);
        }
        // What names a language is no code.
        let mut code: Vec<_> =
            Some(opening).filter(|opening| opening.contains(char::is_whitespace)).into_iter().collect();
        let mut behind = "";
        while let Some(line) = rest.pop_front() {
            if let Some((last, other)) = line.split_once(FENCE) {
                code.extend(Some(last).filter(|last| !last.trim().is_empty()));
                behind = other;
                break;
            }
            code.push(line);
        }
        self.blocks.push(Block::Code(self.text.filled(&code.join("\n"))));
        self.indents.clear();
        Some(behind)
    }

    fn table(&mut self, head: &str, columns: &[Column], rest: &mut VecDeque<&'a str>) {
        rest.pop_front();
        let mut rows = vec![self.row(head)];
        while let Some(row) = rest.pop_front_if(|row| row.contains('|')) {
            rows.push(self.row(row));
        }
        self.blocks.push(Block::Code(aligned(columns, &rows)));
        self.indents.clear();
    }

    /// The cells of a row as text, each in one line.
    fn row(&self, row: &str) -> Vec<String> {
        let shown = |cell: &String| self.inline(cell).iter().map(Piece::shown).collect::<String>();
        let cells = table::cells(row);
        cells.iter().map(|cell| shown(cell).split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// The block that `line` is; none if it goes on with the one before.
    fn block(&mut self, line: &str) -> Option<Block> {
        let trimmed = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some((number, behind)) = item(trimmed) {
            self.indents.retain(|outer| *outer < indent);
            let depth = self.indents.len();
            self.indents.push(indent);
            return Some(Block::Item { depth, number, pieces: self.inline(behind) });
        }
        if let (true, Some(Block::Item { pieces, .. })) =
            (indent >= 2 && !trimmed.is_empty(), self.blocks.last_mut())
        {
            *pieces = joined([&*pieces, &inline::pieces(self.text, trimmed)]);
            return None;
        }
        if trimmed.is_empty() {
            return Some(Block::Line(Vec::new()));
        }
        self.indents.clear();
        if let Some(heading) = heading(trimmed) {
            let mut pieces = self.inline(heading);
            pieces.iter_mut().for_each(|piece| piece.style.bold = true);
            return Some(Block::Line(pieces));
        }
        if let Some(quoted) = trimmed.strip_prefix('>') {
            return Some(Block::Quote(self.inline(quoted.trim_start())));
        }
        if is_rule(trimmed) {
            return Some(Block::Line(vec![Piece::text("─".repeat(20))]));
        }
        let mut pieces = Vec::new();
        push(&mut pieces, Piece::text(&line[..indent]));
        self.inline(trimmed).into_iter().for_each(|piece| push(&mut pieces, piece));
        Some(Block::Line(pieces))
    }

    fn inline(&self, line: &str) -> Vec<Piece> {
        inline::pieces(self.text, line)
    }
}

/// What `- text` or `1. text` says, and its number.
fn item(line: &str) -> Option<(Option<u64>, &str)> {
    if let Some(behind) = line.strip_prefix(['-', '*', '+']) {
        return behind.strip_prefix(' ').map(|text| (None, text.trim_start()));
    }
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let behind = line[digits..].strip_prefix(['.', ')'])?.strip_prefix(' ')?;
    // Nine digits at most (CommonMark, "List items").
    (digits <= 9)
        .then(|| line[..digits].parse().ok())
        .flatten()
        .map(|number| (Some(number), behind.trim_start()))
}

/// What `## text` says.
fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (1..=6)
        .contains(&level)
        .then(|| text.strip_prefix(' '))
        .flatten()
        .map(|text| text.trim().trim_end_matches('#').trim_end())
}

/// `---`, `***` or `___`.
fn is_rule(line: &str) -> bool {
    let marks: Vec<_> = line.chars().filter(|c| *c != ' ').collect();
    marks.len() >= 3 && ['-', '*', '_'].iter().any(|mark| marks.iter().all(|c| c == mark))
}
