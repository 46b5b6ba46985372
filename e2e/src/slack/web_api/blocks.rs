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
