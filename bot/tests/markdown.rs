//! Replies in Markdown, as they are seen: templates of `markdown/`, each with what a terminal and Slack show of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeMap;

use chatops_bot::{
    action::{Action, Context, Templates},
    adapter::slack::encode::post_message,
    chat::{Incoming, Reply, Target, plain, text},
    markdown::{Block, Piece, What, blocks},
    mask::Mask,
    outbox::split,
    storage::{Memory, Storage as _},
};
use chatops_crds::bot_plugin::Command;
use proptest::prelude::*;
use serde_json::{Value, json};

/// What `template` says, with these arguments.
fn reply(template: &str, arguments: &Value) -> String {
    let arguments: BTreeMap<String, Value> = serde_json::from_value(arguments.clone()).unwrap();
    let names: Vec<_> = arguments.keys().map(|name| json!({"name": name})).collect();
    let command = json!({"name": "say", "args": names, "reply": template});
    let command: Command = serde_json::from_value(command).unwrap();
    let mut templates = Templates::new();
    let action = Action::compile(&command, &mut templates).unwrap();
    let incoming = incoming();
    let context = Context { incoming: &incoming, arguments: &arguments, bot: "ops" };
    action.says(&templates, &context).unwrap().unwrap()
}

fn incoming() -> Incoming {
    let channel = json!({"id": "C1", "is_direct": false});
    let typed = json!({
        "key": "C1:1", "user": {"id": "U1"}, "channel": channel, "addressing": "Channel", "text": "!say",
    });
    serde_json::from_value(typed).unwrap()
}

#[test]
fn what_is_stored_is_no_markdown() {
    let command = json!({
        "name": "put", "args": [{"name": "key"}], "reply": "-",
        "store": {"set": {"key": "{{ args.key | code }}", "value": "**{{ args.key }}**"}},
    });
    let command: Command = serde_json::from_value(command).unwrap();
    let arguments = BTreeMap::from([("key".to_owned(), json!("a_b"))]);
    let (mut templates, storage) = (Templates::new(), Memory::new());
    let action = Action::compile(&command, &mut templates).unwrap();
    let incoming = incoming();
    let context = Context { incoming: &incoming, arguments: &arguments, bot: "ops" };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(action.run(&templates, &storage, "demo", &context)).unwrap();
    let stored = runtime.block_on(storage.get("demo", "`a_b`")).unwrap();
    assert_eq!(stored, Some(json!("**a_b**")));
}

/// What is posted in Slack.
fn posted(text: &str) -> Value {
    let target = Target { channel: "C1".into(), ..Target::default() };
    serde_json::to_value(post_message(&Reply::new(target, text), &[])).unwrap()
}

/// Both, for people to compare.
fn seen(template: &str, arguments: &Value) -> String {
    let text = reply(template, arguments);
    let post = posted(&text);
    let elements = post["blocks"][0]["elements"].as_array().cloned().unwrap_or_default();
    let elements: Vec<_> = elements.iter().map(Value::to_string).collect();
    format!("{}\n\nIn Slack: {}\n\n{}\n", plain(&text), post["text"], elements.join("\n"))
}

#[test]
fn a_report_is_shown_as_it_is_meant() {
    insta::assert_snapshot!(seen(include_str!("markdown/report.md"), &json!({})));
}

#[test]
fn values_are_what_they_are_wherever_they_stand() {
    let arguments = json!({
        "hostile": "# no *head* <!channel> <@U2> :wave: 1. [x](https://evil.example)",
        "stars": "**not** bold*", "scores": "a_b_", "ticks": "`tick` ``", "lines": "one\n- two\n# three",
        "link": "a](https://evil.example)[", "address": "https://docs.example/?q=a_b*c*", "script": "javascript:alert(1)",
        "spaced": "https://a b",
        "bar": "a | b", "fence": "before\n```\nafter",
    });
    insta::assert_snapshot!(seen(include_str!("markdown/values.md"), &arguments));
}

#[test]
fn what_holds_no_markdown_is_a_plain_message() {
    let arguments = json!({"word": "web"});
    let text = reply(include_str!("markdown/plain.md"), &arguments);
    assert_eq!(posted(&text).get("blocks"), None);
    assert_eq!(posted(&text::markdown(" \n")).get("blocks"), None, "nor does one in which there is nothing");
    insta::assert_snapshot!(seen(include_str!("markdown/plain.md"), &arguments));
}

#[test]
fn what_stands_beside_markdown_stays_what_it_is() {
    let text = format!("!say *a*\n{}\n*b*\n```\n*c*\n```", text::markdown("*d*"));
    let text = blocks(&text).unwrap().iter().map(|block| format!("{block:?}")).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(text);
}

#[test]
fn a_secret_is_masked_across_the_marks_of_a_value() {
    let text = reply("token: `{{ args.half }}_rest-of-it`", &json!({"half": "s3cret_*"}));
    let masked = Mask::new(["s3cret_*_rest-of-it"]).apply(&text).into_owned();
    assert_eq!(plain(&masked), "token: `***`");
}

fn texts(pieces: &[Piece]) -> String {
    let text = |piece: &Piece| match &piece.what {
        What::Text(text) | What::Mention(text) | What::Channel(text) => text.clone(),
        What::Link { address, text } => format!("{text}{address}"),
        What::Emoji(name) => format!(":{name}:"),
    };
    pieces.iter().map(text).collect()
}

/// Everything that `blocks` say.
fn said(blocks: &[Block]) -> String {
    let said = blocks.iter().map(|block| match block {
        Block::Line(pieces) | Block::Quote(pieces) | Block::Item { pieces, .. } => texts(pieces),
        Block::Code(code) => code.clone(),
    });
    said.collect::<Vec<_>>().join("\n")
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect()
}

proptest! {
    #[test]
    fn no_line_of_markdown_is_lost(source in "[a-d*_~`\\[\\]()#>|\\\\ 0-9.:\n+-]{0,80}") {
        prop_assume!(!source.contains("```"));
        let blocks = blocks(&text::markdown(&source)).unwrap();
        prop_assert_eq!(letters(&said(&blocks)), letters(&source));
        prop_assert!(!said(&blocks).contains(|c| ('\u{E000}'..'\u{F8FF}').contains(&c)), "{blocks:?}");
        posted(&text::markdown(&source));
    }

    #[test]
    fn a_value_is_never_changed(value in "[^\u{e000}-\u{e0ff}\\s]{1,40}", before in "[a-z ]{0,9}(\\*\\*|_|- |> |# |~~)?") {
        let source = format!("{before}{}", text::value(&value));
        let blocks = blocks(&text::markdown(&source)).unwrap();
        let said = said(&blocks).replace("https://", "").replace("http://", "");
        let value = value.replace("https://", "").replace("http://", "");
        prop_assert!(said.contains(&value), "{value:?} in {blocks:?}");
    }

    #[test]
    fn what_is_split_says_the_same(
        lines in prop::collection::vec(
            "[a-d -]{1,60}|```|\u{e004}[a-d*]{1,60}\u{e005}|\u{e004}[a-d\n*]{1,90}\u{e005}", 1..12,
        ),
        limit in 64usize..120,
    ) {
        let source = text::markdown(&lines.join("\n"));
        let cost = |c: char| usize::from(!text::is_mark(c));
        let pieces = split(&source, limit, cost);
        let pieces_said: String = pieces.iter().map(|piece| said(&blocks(piece).unwrap())).collect();
        // All stars are in values, where they are no mark-up.
        let kept = |text: &str| text.replace(|c: char| !c.is_ascii_lowercase() && c != '*', "");
        prop_assert_eq!(kept(&pieces_said), kept(&source));
        for piece in &pieces {
            prop_assert!(piece.chars().map(cost).sum::<usize>() <= limit, "{piece:?}");
            let open = piece.chars().fold(text::Open::default(), text::Open::behind);
            prop_assert_eq!(open, text::Open::default());
        }
    }
}
