//! What people read: entities, links and mentions decoded, Block Kit and legacy attachments laid out as plain lines.
//! Emphasis marks and code fences stay as they are, so that a test sees them.

use serde_json::Value;

use crate::slack::workspace::Workspace;

/// The text of a message for people. Blocks stand in for `text`, as in Slack's clients; attachments follow.
pub(crate) fn shown(
    text: &str,
    blocks: Option<&Value>,
    attachments: Option<&Value>,
    workspace: &Workspace,
) -> String {
    let mut lines = match blocks.and_then(Value::as_array) {
        Some(blocks) if !blocks.is_empty() => {
            blocks.iter().filter_map(|block| block_text(block, workspace)).collect()
        }
        _ => vec![decoded(text, workspace)],
    };
    for attachment in attachments.and_then(Value::as_array).into_iter().flatten() {
        let fields = ["pretext", "title", "text"].iter().filter_map(|key| attachment[key].as_str());
        lines.extend(fields.map(|text| decoded(text, workspace)));
        let blocks = attachment["blocks"].as_array().into_iter().flatten();
        lines.extend(blocks.filter_map(|block| block_text(block, workspace)));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn block_text(block: &Value, workspace: &Workspace) -> Option<String> {
    let text = |value: &Value| text_object(value, workspace);
    match block["type"].as_str()? {
        "section" => {
            let fields = block["fields"].as_array().into_iter().flatten();
            let lines: Vec<String> =
                text(&block["text"]).into_iter().chain(fields.filter_map(text)).collect();
            Some(lines.join("\n"))
        }
        "header" => text(&block["text"]),
        "markdown" => block["text"].as_str().map(str::to_owned),
        "context" => Some(children(block).filter_map(text).collect::<Vec<_>>().join(" ")),
        "actions" => Some(
            children(block)
                .filter_map(|e| Some(format!("[{}]", text(&e["text"])?)))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        "divider" => Some("---".to_owned()),
        "image" => block["alt_text"].as_str().map(str::to_owned),
        "rich_text" => {
            let parts = children(block).map(|part| rich_text(part, workspace));
            Some(parts.collect::<Vec<_>>().join("\n"))
        }
        _ => None,
    }
}

fn children(block: &Value) -> impl Iterator<Item = &Value> {
    block["elements"].as_array().into_iter().flatten()
}

fn text_object(value: &Value, workspace: &Workspace) -> Option<String> {
    let text = value["text"].as_str()?;
    Some(if value["type"] == "mrkdwn" { decoded(text, workspace) } else { text.to_owned() })
}

fn rich_text(element: &Value, workspace: &Workspace) -> String {
    let inner = || children(element).map(|child| rich_text(child, workspace)).collect::<String>();
    match element["type"].as_str().unwrap_or_default() {
        "text" => element["text"].as_str().unwrap_or_default().to_owned(),
        "link" => element["text"].as_str().or(element["url"].as_str()).unwrap_or_default().to_owned(),
        "user" => user_name(element["user_id"].as_str().unwrap_or_default(), workspace),
        "channel" => channel_name(element["channel_id"].as_str().unwrap_or_default(), workspace),
        "broadcast" => format!("@{}", element["range"].as_str().unwrap_or_default()),
        "emoji" => format!(":{}:", element["name"].as_str().unwrap_or_default()),
        "rich_text_preformatted" => format!("```{}```", inner()),
        "rich_text_quote" => inner().lines().map(|line| format!("> {line}")).collect::<Vec<_>>().join("\n"),
        "rich_text_list" => list(element, workspace),
        _ => inner(),
    }
}

fn list(list: &Value, workspace: &Workspace) -> String {
    let number = |key: &str| list[key].as_u64().unwrap_or_default();
    let indent = "    ".repeat(usize::try_from(number("indent")).unwrap_or_default());
    let first = number("offset") + 1;
    let items = (first..).zip(children(list)).map(|(n, item)| match list["style"].as_str() {
        Some("ordered") => format!("{indent}{n}. {}", rich_text(item, workspace)),
        _ => format!("{indent}• {}", rich_text(item, workspace)),
    });
    items.collect::<Vec<_>>().join("\n")
}

fn user_name(id: &str, workspace: &Workspace) -> String {
    format!("@{}", workspace.users.get(id).map_or(id, |user| user.name.as_str()))
}

fn channel_name(id: &str, workspace: &Workspace) -> String {
    format!("#{}", workspace.channels.get(id).map_or(id, |channel| channel.name.as_str()))
}

/// Decodes one `text`: `<…>` tokens first, entities last, so that an escaped token stays text.
fn decoded(text: &str, workspace: &Workspace) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((token, after)) = after.split_once('>') else {
            out.push('<');
            rest = after;
            continue;
        };
        out.push_str(&token_text(token, workspace));
        rest = after;
    }
    out.push_str(rest);
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn token_text(token: &str, workspace: &Workspace) -> String {
    let (target, label) =
        token.split_once('|').map_or((token, None), |(target, label)| (target, Some(label)));
    if let Some(id) = target.strip_prefix('@') {
        return user_name(id, workspace);
    }
    if let Some(id) = target.strip_prefix('#') {
        return label
            .filter(|label| !label.is_empty())
            .map_or_else(|| channel_name(id, workspace), |label| format!("#{label}"));
    }
    if let Some(command) = target.strip_prefix('!') {
        return label.map_or_else(|| format!("@{command}"), str::to_owned);
    }
    label.unwrap_or(target).to_owned()
}
