//! Slack's limits on Block Kit, with its own words for what is wrong (docs: Block Kit reference).

use serde_json::Value;

use super::{
    error::ApiError,
    limits::{self, Problem},
};

/// Blocks in one message.
const MOST_BLOCKS: usize = 50;
/// Characters of a section's text.
const SECTION_TEXT: usize = 3000;
const MOST_FIELDS: usize = 10;
const FIELD_TEXT: usize = 2000;
const HEADER_TEXT: usize = 150;
const BUTTON_TEXT: usize = 75;
/// Indent of a list.
const DEEPEST: u64 = 8;
/// Characters of all blocks together; Slack gives no exact number, about 13,000 has been seen.
const ALL_TEXT: usize = 13_000;

const KNOWN: &[&str] = &[
    "actions",
    "context",
    "context_actions",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "markdown",
    "rich_text",
    "section",
    "table",
    "video",
];

/// Checks a message's blocks. The error is `invalid_blocks` with a pointer, `invalid_blocks_format` or
/// `msg_blocks_too_long`.
pub(crate) fn check(blocks: &Value) -> Result<(), ApiError> {
    let blocks = blocks.as_array().ok_or_else(|| ApiError::new("invalid_blocks_format"))?;
    if blocks.len() > MOST_BLOCKS {
        return Err(invalid(&limits::too_many(MOST_BLOCKS, "")));
    }
    for (index, block) in blocks.iter().enumerate() {
        check_block(block, &format!("/{index}")).map_err(|problem| invalid(&problem))?;
    }
    if blocks.iter().map(text_length).sum::<usize>() > ALL_TEXT {
        return Err(ApiError::new("msg_blocks_too_long"));
    }
    Ok(())
}

fn check_block(block: &Value, at: &str) -> Result<(), Problem> {
    let kind = block["type"].as_str().ok_or_else(|| Problem::new("missing required field: type", at))?;
    if !KNOWN.contains(&kind) {
        return Err(Problem::new(&format!("unsupported type: {kind}"), &format!("{at}/type")));
    }
    match kind {
        "section" => {
            let fields = block["fields"].as_array();
            if block["text"].is_null() && fields.is_none() {
                return Err(Problem::new("missing required field: text or fields", at));
            }
            let fields = fields.map(Vec::as_slice).unwrap_or_default();
            if fields.len() > MOST_FIELDS {
                return Err(limits::too_many(MOST_FIELDS, &format!("{at}/fields")));
            }
            for (index, field) in fields.iter().enumerate() {
                limits::text(field, FIELD_TEXT, &format!("{at}/fields/{index}"))?;
            }
            if block["text"].is_null() {
                Ok(())
            } else {
                limits::text(&block["text"], SECTION_TEXT, &format!("{at}/text"))
            }
        }
        "rich_text" => each(block, at, check_rich_text),
        "header" => limits::text(&block["text"], HEADER_TEXT, &format!("{at}/text")),
        "actions" => {
            block["elements"].as_array().into_iter().flatten().enumerate().try_for_each(|(index, element)| {
                let has_text = !element["text"].is_null();
                if has_text {
                    limits::text(&element["text"], BUTTON_TEXT, &format!("{at}/elements/{index}/text"))
                } else {
                    Ok(())
                }
            })
        }
        _ => Ok(()),
    }
}

/// Checks the `elements` of `parent`, which is at `at`.
fn each(
    parent: &Value,
    at: &str,
    check: impl Fn(&Value, &str) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let at = format!("{at}/elements");
    let elements = parent["elements"].as_array().filter(|elements| !elements.is_empty());
    let elements = elements.ok_or_else(|| Problem::new("missing required field: elements", &at))?;
    elements.iter().enumerate().try_for_each(|(index, element)| check(element, &format!("{at}/{index}")))
}

fn check_rich_text(part: &Value, at: &str) -> Result<(), Problem> {
    match part["type"].as_str().unwrap_or_default() {
        "rich_text_section" | "rich_text_preformatted" | "rich_text_quote" => each(part, at, check_inline),
        "rich_text_list" => {
            if !matches!(part["style"].as_str(), Some("bullet" | "ordered")) {
                return Err(Problem::new("must be one of: bullet, ordered", &format!("{at}/style")));
            }
            if part["indent"].as_u64().is_some_and(|indent| indent > DEEPEST) {
                return Err(Problem::new("must be at most 8", &format!("{at}/indent")));
            }
            each(part, at, check_rich_text)
        }
        kind => Err(Problem::new(&format!("unsupported type: {kind}"), &format!("{at}/type"))),
    }
}

fn check_inline(part: &Value, at: &str) -> Result<(), Problem> {
    let required = match part["type"].as_str().unwrap_or_default() {
        "text" => "text",
        "link" => "url",
        "user" => "user_id",
        "channel" => "channel_id",
        "emoji" => "name",
        "usergroup" | "date" | "broadcast" | "color" => return Ok(()),
        kind => return Err(Problem::new(&format!("unsupported type: {kind}"), &format!("{at}/type"))),
    };
    match part[required].as_str() {
        Some(text) if !text.is_empty() => Ok(()),
        Some(_) => Err(Problem::new("must be more than 0 characters", &format!("{at}/{required}"))),
        None => Err(Problem::new(&format!("missing required field: {required}"), at)),
    }
}

fn text_length(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match value {
                Value::String(text) if key == "text" => text.chars().count(),
                value => text_length(value),
            })
            .sum(),
        Value::Array(items) => items.iter().map(text_length).sum(),
        _ => 0,
    }
}

fn invalid(problem: &Problem) -> ApiError {
    ApiError::new("invalid_blocks").explained(&problem.below("/blocks"))
}
