//! Markdown → a block of rich text (docs: "Rich text block"). In it text is what it is, which Slack's mark-up has no way to
//! say. Pure.

use slack_morphism::{
    SlackEmojiName, SlackRelaxedUrl,
    blocks::{
        SlackRichTextBlock, SlackRichTextChannel, SlackRichTextElement, SlackRichTextEmoji,
        SlackRichTextInlineElement, SlackRichTextLink, SlackRichTextList, SlackRichTextListStyle,
        SlackRichTextPreformatted, SlackRichTextQuote, SlackRichTextSection, SlackRichTextStyle,
        SlackRichTextText, SlackRichTextUser,
    },
};

use super::encode::is_id;
use crate::markdown::{Block, Piece, Style, What, joined};

/// Deepest list (docs: "Rich text block", "indent").
const DEEPEST: usize = 8;

/// The block that shows `blocks`.
pub(super) fn block(blocks: &[Block]) -> SlackRichTextBlock {
    let mut elements: Vec<SlackRichTextElement> = Vec::new();
    let mut rest = blocks;
    while let Some(first) = rest.first() {
        let length = rest.iter().take_while(|block| are_one(first, block)).count();
        let (alike, behind) = rest.split_at(length);
        elements.push(element(first, alike));
        rest = behind;
    }
    SlackRichTextBlock::new(elements)
}

/// Whether what begins with `first` goes on with `block`.
fn are_one(first: &Block, block: &Block) -> bool {
    match (first, block) {
        (Block::Line(_), Block::Line(_)) | (Block::Quote(_), Block::Quote(_)) => true,
        (Block::Item { depth, number, .. }, Block::Item { depth: other, number: its, .. }) => {
            depth == other && number.is_some() == its.is_some()
        }
        (Block::Code(_), _) => std::ptr::eq(first, block),
        _ => false,
    }
}

fn element(first: &Block, alike: &[Block]) -> SlackRichTextElement {
    match first {
        Block::Line(_) => SlackRichTextSection::new(lines(alike)).into(),
        Block::Quote(_) => SlackRichTextQuote::new(lines(alike)).into(),
        Block::Code(code) => {
            // An empty element is refused.
            let code = if code.is_empty() { " " } else { code.as_str() };
            SlackRichTextPreformatted::new(vec![code.into()]).into()
        }
        Block::Item { depth, number, .. } => {
            let style = match number {
                Some(_) => SlackRichTextListStyle::Ordered,
                None => SlackRichTextListStyle::Bullet,
            };
            let items =
                alike.iter().map(|item| SlackRichTextSection::new(lines(std::slice::from_ref(item))).into());
            SlackRichTextList::new(style, items.collect())
                .with_indent((*depth).min(DEEPEST) as u64)
                .opt_offset(number.and_then(|number| number.checked_sub(1)).filter(|before| *before > 0))
                .into()
        }
    }
}

/// What stands in `blocks`, one below the other. An empty element is refused.
fn lines(blocks: &[Block]) -> Vec<SlackRichTextInlineElement> {
    let pieces = joined(blocks.iter().filter_map(|block| match block {
        Block::Line(pieces) | Block::Quote(pieces) | Block::Item { pieces, .. } => Some(pieces),
        Block::Code(_) => None,
    }));
    if pieces.is_empty() { vec!["\n".into()] } else { pieces.iter().map(inline).collect() }
}

fn inline(piece: &Piece) -> SlackRichTextInlineElement {
    let style = style(piece.style);
    match &piece.what {
        What::Text(text) => SlackRichTextText::new(text.clone()).opt_style(style).into(),
        What::Link { address, text } => {
            let text = Some(text).filter(|text| *text != address).cloned();
            SlackRichTextLink::new(SlackRelaxedUrl(address.clone())).opt_text(text).opt_style(style).into()
        }
        What::Emoji(name) => SlackRichTextEmoji::new(SlackEmojiName(name.clone())).into(),
        What::Mention(id) if is_id(id) => SlackRichTextUser::new(id.clone().into()).into(),
        What::Channel(id) if is_id(id) => SlackRichTextChannel::new(id.clone().into()).into(),
        What::Mention(text) | What::Channel(text) => {
            SlackRichTextText::new(text.clone()).opt_style(style).into()
        }
    }
}

fn style(style: Style) -> Option<SlackRichTextStyle> {
    let on = |is_on: bool| is_on.then_some(true);
    (style != Style::default()).then(|| {
        SlackRichTextStyle::new()
            .opt_bold(on(style.bold))
            .opt_italic(on(style.italic))
            .opt_strike(on(style.strike))
            .opt_code(on(style.code))
    })
}
