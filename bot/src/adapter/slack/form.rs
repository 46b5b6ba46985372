//! Forms as Slack shows them: the button that offers one, the modal, and what comes back. Pure.
//!
//! Limits are those of the docs, "Modals" and "Reference: Block Kit".

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use slack_morphism::blocks::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockMarkDownText,
    SlackBlockPlainText, SlackSectionBlock,
};

use crate::chat::{
    ReplyUrl,
    form::{Field, Filled, Form, Takes, Wrong},
};

/// What names the button.
pub const FILL_IN: &str = "fill_in";

/// What names the modal.
pub const FORM: &str = "form";

/// What names the only element of each block of the modal; the block has the name of its field.
const VALUE: &str = "value";

/// Longest value of a button.
const MAX_BUTTON_VALUE: usize = 2_000;

/// Longest text of a section.
const MAX_SECTION: usize = 3_000;

/// Longest title of a modal.
const MAX_TITLE: usize = 24;

/// Longest text of an input.
const MAX_INPUT: u32 = 3_000;

/// Where the answer to a form goes: into the modal and back with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub channel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// The message with the button, where others see it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Takes the answer where the bot may not post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_url: Option<ReplyUrl>,
}

/// What travels with a modal.
#[derive(Debug, Serialize, Deserialize)]
pub struct Metadata {
    pub command: String,
    pub place: Place,
}

/// What Slack opens a modal by.
#[derive(Debug, Serialize)]
pub struct Open<'a> {
    pub trigger_id: &'a str,
    pub view: Value,
}

/// Keeps a modal open and shows what is wrong in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Errors {
    response_action: &'static str,
    errors: BTreeMap<String, String>,
}

impl Errors {
    pub fn new(wrong: Wrong) -> Errors {
        Errors { response_action: "errors", errors: wrong.into_iter().collect() }
    }
}

/// `text`, which is Slack's mark-up, with a button that offers to complete `line`; none where either is too long.
pub fn offer(text: &str, line: &str) -> Option<Vec<SlackBlock>> {
    if text.chars().count() > MAX_SECTION || line.chars().count() > MAX_BUTTON_VALUE {
        return None;
    }
    let text = SlackSectionBlock::new()
        .with_text(SlackBlockMarkDownText::new(text.into()).with_verbatim(true).into());
    let label = SlackBlockPlainText::new("Fill in what is missing".into()).into();
    let button = SlackBlockButtonElement::new(label).with_action_id(FILL_IN.into()).with_value(line.into());
    let buttons = SlackActionsBlock::new(vec![SlackActionBlockElement::Button(button)]);
    Some(vec![SlackBlock::Section(text), SlackBlock::Actions(buttons)])
}

/// The modal of `form`.
pub fn view(form: &Form, place: Place) -> Value {
    let metadata = Metadata { command: form.command.clone(), place };
    json!({
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": serde_json::to_string(&metadata).unwrap_or_default(),
        "title": plain(&title(&form.command)),
        "submit": plain("Run"),
        "close": plain("Cancel"),
        "blocks": form.fields.iter().map(block).collect::<Vec<_>>(),
    })
}

fn title(command: &str) -> String {
    match command.char_indices().nth(MAX_TITLE) {
        Some(_) => command.chars().take(MAX_TITLE - 1).chain(['…']).collect(),
        None => command.to_owned(),
    }
}

fn block(field: &Field) -> Value {
    let mut block = json!({
        "type": "input",
        "block_id": field.name,
        "optional": !field.is_required,
        "label": plain(&field.name),
        "element": element(field),
    });
    if !field.hint.is_empty() {
        block["hint"] = plain(&field.hint);
    }
    block
}

fn element(field: &Field) -> Value {
    let (many, first) = (field.takes_many, field.values.first());
    let multi = |kind: &str| if many { format!("multi_{kind}") } else { kind.to_owned() };
    // What is known already, as one or as several.
    let known = |one: &str, several: &str| -> Option<(String, Value)> {
        let first = first?;
        Some(if many { (several.into(), json!(field.values)) } else { (one.into(), json!(first)) })
    };
    let (kind, more, initial) = match &field.takes {
        Takes::Text { is_long, max_chars } => {
            let most = max_chars.unwrap_or(MAX_INPUT).min(MAX_INPUT);
            let text = (!field.values.is_empty()).then(|| json!(field.values.join("\n")));
            let initial = text.map(|text| ("initial_value".to_owned(), text));
            ("plain_text_input".to_owned(), json!({"multiline": is_long, "max_length": most}), initial)
        }
        Takes::Number { is_whole, min, max } => {
            let mut more = json!({"is_decimal_allowed": !is_whole});
            let limits = [("min_value", min), ("max_value", max)];
            for (name, limit) in limits.into_iter().filter_map(|(name, limit)| Some((name, (*limit)?))) {
                more[name] = limit.to_string().into();
            }
            let initial = known("initial_value", "initial_value");
            // Slack takes no exponents.
            let initial =
                initial.filter(|(_, number)| number.as_str().is_some_and(|text| !text.contains('e')));
            ("number_input".to_owned(), more, initial)
        }
        Takes::Switch => {
            let on = first.filter(|value| *value == "true");
            let initial = on.map(|_| ("initial_options".to_owned(), json!([option("true", "Yes")])));
            ("checkboxes".to_owned(), json!({"options": [option("true", "Yes")]}), initial)
        }
        Takes::OneOf(values) => {
            let options: Vec<_> = values.iter().map(|value| option(value, value)).collect();
            let chosen: Vec<_> = field.values.iter().map(|value| option(value, value)).collect();
            let initial = chosen.first().cloned().map(|first| match many {
                true => ("initial_options".to_owned(), json!(chosen)),
                false => ("initial_option".to_owned(), first),
            });
            (multi("static_select"), json!({"options": options}), initial)
        }
        Takes::Day => ("datepicker".to_owned(), json!({}), known("initial_date", "initial_date")),
        Takes::User => (multi("users_select"), json!({}), known("initial_user", "initial_users")),
        Takes::Channel => {
            let filter = json!({"filter": {"include": ["public", "private"]}});
            (multi("conversations_select"), filter, known("initial_conversation", "initial_conversations"))
        }
    };
    let mut element = json!({"type": kind, "action_id": VALUE});
    merge(&mut element, more);
    if let Some((name, value)) = initial {
        element[name] = value;
    }
    element
}

/// What was filled in, as `view.state.values` says it.
pub fn filled(values: &Map<String, Value>) -> Filled {
    values.iter().map(|(field, block)| (field.clone(), texts(&block[VALUE]))).collect()
}

/// The values of an element.
fn texts(element: &Value) -> Vec<String> {
    let one = ["value", "selected_date", "selected_user", "selected_conversation"];
    let several = ["selected_users", "selected_conversations"];
    let chosen = [&element["selected_option"]]
        .into_iter()
        .chain(element["selected_options"].as_array().into_iter().flatten());
    let chosen = chosen.filter_map(|option| option["value"].as_str());
    let texts = one.iter().filter_map(|name| element[name].as_str());
    let listed =
        several.iter().filter_map(|name| element[name].as_array()).flatten().filter_map(Value::as_str);
    texts.chain(listed).chain(chosen).map(str::to_owned).collect()
}

fn option(value: &str, text: &str) -> Value {
    json!({"text": plain(text), "value": value})
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn merge(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(takes: Takes, takes_many: bool, values: &[&str]) -> Value {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let field =
            Field { name: "a".into(), hint: String::new(), is_required: true, takes_many, takes, values };
        let place = Place { channel: "C1".into(), thread: None, message: None, reply_url: None };
        view(&Form { command: "a command with a long name".into(), fields: vec![field] }, place)
    }

    fn element_of(takes: Takes, takes_many: bool, values: &[&str]) -> Value {
        of(takes, takes_many, values)["blocks"][0]["element"].clone()
    }

    #[test]
    fn a_title_is_cut_where_slack_takes_no_more() {
        assert_eq!(of(Takes::Switch, false, &[])["title"]["text"], "a command with a long n…");
    }

    #[test]
    fn each_kind_of_field_is_an_input_of_its_own() {
        let number = || Takes::Number { is_whole: true, min: Some(1), max: None };
        let one_of = || Takes::OneOf(vec!["x".into(), "y".into()]);
        for (takes, takes_many, values, expected) in [
            (
                Takes::Text { is_long: true, max_chars: Some(9_000) },
                true,
                &["a", "b"][..],
                json!({"type": "plain_text_input", "multiline": true, "max_length": 3000, "initial_value": "a\nb"}),
            ),
            (
                number(),
                false,
                &["3"],
                json!({"type": "number_input", "is_decimal_allowed": false, "min_value": "1", "initial_value": "3"}),
            ),
            (
                number(),
                false,
                &["1e21"],
                json!({"type": "number_input", "is_decimal_allowed": false, "min_value": "1"}),
            ),
            (
                Takes::Switch,
                false,
                &["false"],
                json!({"type": "checkboxes", "options": [option("true", "Yes")]}),
            ),
            (
                Takes::Switch,
                false,
                &["true"],
                json!({"type": "checkboxes", "options": [option("true", "Yes")], "initial_options": [option("true", "Yes")]}),
            ),
            (
                one_of(),
                false,
                &["y"],
                json!({"type": "static_select", "options": [option("x", "x"), option("y", "y")], "initial_option": option("y", "y")}),
            ),
            (
                one_of(),
                true,
                &["y"],
                json!({"type": "multi_static_select", "options": [option("x", "x"), option("y", "y")], "initial_options": [option("y", "y")]}),
            ),
            (Takes::Day, false, &["2026-01-31"], json!({"type": "datepicker", "initial_date": "2026-01-31"})),
            (Takes::User, false, &["U1"], json!({"type": "users_select", "initial_user": "U1"})),
            (Takes::User, true, &["U1"], json!({"type": "multi_users_select", "initial_users": ["U1"]})),
        ] {
            let mut expected = expected;
            expected["action_id"] = "value".into();
            assert_eq!(element_of(takes, takes_many, values), expected);
        }
    }

    #[test]
    fn what_is_filled_in_is_read_from_every_kind_of_input() {
        let values = json!({
            "a": {"value": {"type": "plain_text_input", "value": "text"}},
            "b": {"value": {"type": "static_select", "selected_option": option("x", "x")}},
            "c": {"value": {"type": "multi_static_select", "selected_options": [option("x", "x"), option("y", "y")]}},
            "d": {"value": {"type": "datepicker", "selected_date": "2026-01-31"}},
            "e": {"value": {"type": "multi_users_select", "selected_users": ["U1", "U2"]}},
            "f": {"value": {"type": "conversations_select", "selected_conversation": "C1"}},
            "g": {"value": {"type": "plain_text_input", "value": null}},
            "h": {"value": {"type": "static_select", "selected_option": null}},
        });
        let read: Vec<_> =
            filled(values.as_object().unwrap()).into_iter().map(|(_, values)| values.join(" ")).collect();
        assert_eq!(read, ["text", "x", "x y", "2026-01-31", "U1 U2", "C1", "", ""]);
    }
}
