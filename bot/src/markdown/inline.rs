//! A line of Markdown → its pieces. Pure.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{Piece, Style, Text, What, push};
use crate::chat::{Span, spans};

/// Stands before every line, so that nothing in it is taken for the beginning of a block. The space is what stands there for
/// emphasis.
const LEAD: &str = "\u{E008} ";

/// What an address in text begins with that is a link by itself.
const ADDRESSES: [&str; 2] = ["https://", "http://"];

/// What addresses of other links may begin with.
const LINKS: [&str; 3] = ["https://", "http://", "mailto:"];

/// The pieces of `line`.
pub(super) fn pieces(text: &Text, line: &str) -> Vec<Piece> {
    if line.is_empty() {
        return Vec::new();
    }
    let source = format!("{LEAD}{line}");
    let mut reader = Reader { text, pieces: Vec::new(), styles: Vec::new(), link: None };
    for event in Parser::new_ext(&source, Options::ENABLE_STRIKETHROUGH) {
        reader.event(event);
    }
    reader.pieces
}

struct Reader<'a> {
    text: &'a Text,
    pieces: Vec<Piece>,
    /// The styles around, the innermost last.
    styles: Vec<Style>,
    /// The address and the text of the link that is open.
    link: Option<(String, String)>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Emphasis) => self.begin(|style| style.italic = true),
            Event::Start(Tag::Strong) => self.begin(|style| style.bold = true),
            Event::Start(Tag::Strikethrough) => self.begin(|style| style.strike = true),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => drop(self.styles.pop()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.link = Some((self.text.filled(&dest_url), String::new()));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => self.end_link(),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.say(&text),
            Event::Code(code) => {
                let code = self.text.filled(&code);
                let style = Style { code: true, ..self.style() };
                match &mut self.link {
                    Some((_, text)) => text.push_str(&code),
                    None => self.push(What::Text(code), style),
                }
            }
            Event::SoftBreak | Event::HardBreak => self.say("\n"),
            _ => (),
        }
    }

    fn style(&self) -> Style {
        self.styles.last().copied().unwrap_or_default()
    }

    fn begin(&mut self, change: impl Fn(&mut Style)) {
        let mut style = self.style();
        change(&mut style);
        self.styles.push(style);
    }

    fn end_link(&mut self) {
        let Some((address, text)) = self.link.take() else { return };
        let text = if text.is_empty() { address.clone() } else { text };
        let style = self.style();
        if is_address(&address) {
            self.push(What::Link { address, text }, style);
        } else {
            self.push(What::Text(format!("{text} ({address})")), style);
        }
    }

    fn say(&mut self, source: &str) {
        let source = source.replace(LEAD, "");
        if let Some((_, text)) = &mut self.link {
            text.push_str(&self.text.filled(&source));
            return;
        }
        let style = self.style();
        let pieces: Vec<_> =
            self.text.pieces(&source).map(|(is_value, text)| (is_value, text.to_owned())).collect();
        for (is_value, text) in pieces {
            for span in spans(&text) {
                match span {
                    Span::Mention(id) => self.push(What::Mention(id.to_owned()), style),
                    Span::Channel(id) => self.push(What::Channel(id.to_owned()), style),
                    Span::Text(text) => self.linked(text, style, !is_value),
                }
            }
        }
    }

    /// Text in which addresses are links.
    fn linked(&mut self, text: &str, style: Style, has_emoji: bool) {
        let mut rest = text;
        while let Some(start) = ADDRESSES.iter().filter_map(|scheme| rest.find(scheme)).min() {
            let length = address_length(&rest[start..]);
            let address = &rest[start..start + length];
            self.shown(&rest[..start], style, has_emoji);
            if is_address(address) {
                self.push(What::Link { address: address.to_owned(), text: address.to_owned() }, style);
            } else {
                self.push(What::Text(address.to_owned()), style);
            }
            rest = &rest[start + length..];
        }
        self.shown(rest, style, has_emoji);
    }

    /// Text in which `:name:` is an emoji.
    fn shown(&mut self, text: &str, style: Style, has_emoji: bool) {
        let mut rest = text;
        let mut from = 0;
        while let Some(start) = rest[from..].find(':').map(|at| from + at).filter(|_| has_emoji) {
            let behind = &rest[start + 1..];
            match behind.find(':').map(|end| &behind[..end]) {
                Some(name) if is_emoji(name) => {
                    self.push(What::Text(rest[..start].to_owned()), style);
                    self.push(What::Emoji(name.to_owned()), style);
                    rest = &behind[name.len() + 1..];
                    from = 0;
                }
                _ => from = start + 1,
            }
        }
        self.push(What::Text(rest.to_owned()), style);
    }

    fn push(&mut self, what: What, style: Style) {
        push(&mut self.pieces, Piece { what, style });
    }
}

/// How much of `text`, which begins with an address, belongs to it: not what ends a sentence, or a bracket around it.
fn address_length(text: &str) -> usize {
    let end =
        text.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(text.len());
    let mut address = &text[..end];
    loop {
        let closes = address.ends_with(')') && address.matches(')').count() > address.matches('(').count();
        match address.strip_suffix(['.', ',', ';', ':', '!', '?', '\'']) {
            Some(shorter) => address = shorter,
            None if closes => address = &address[..address.len() - 1],
            None => return address.len(),
        }
    }
}

/// Whether it leads somewhere; where a value stands in it, it may be anything.
fn is_address(text: &str) -> bool {
    let behind = LINKS.iter().find_map(|scheme| text.strip_prefix(scheme));
    behind.is_some_and(|behind| !behind.is_empty())
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether Slack may know an emoji of that name.
fn is_emoji(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '+');
    name.chars().all(is_allowed) && (name.contains(|c: char| c.is_ascii_lowercase()) || name.contains("+1"))
}
