//! `views.open`, with Slack's limits on modals (docs: "Modals", "Reference: Block Kit").

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Call, error::ApiError};
use crate::slack::world::World;

const MOST_BLOCKS: usize = 100;
const TITLE: usize = 24;
const BUTTON: usize = 24;
const METADATA: usize = 3000;
const LABEL: usize = 2000;
const OPTION: usize = 75;
const MOST_OPTIONS: usize = 100;
const INPUT: u64 = 3000;

const INPUTS: &[&str] = &[
    "channels_select",
    "checkboxes",
    "conversations_select",
    "datepicker",
    "multi_channels_select",
    "multi_conversations_select",
    "multi_static_select",
    "multi_users_select",
    "number_input",
    "plain_text_input",
    "radio_buttons",
    "static_select",
    "users_select",
];

pub(crate) fn open(world: &mut World, call: &Call) -> Answer {
    let trigger = call.arguments.required("trigger_id")?.to_owned();
    let view = call.arguments.structure("view", "invalid_arguments")?;
    let view = view.ok_or_else(|| ApiError::invalid_arguments("missing required field: view"))?;
    check(&view).map_err(|(at, problem)| {
        ApiError::new("invalid_arguments").explained(&format!("{problem} [json-pointer:/view{at}]"))
    })?;
    let modal = world.modals.open(&trigger, view).map_err(ApiError::new)?;
    let mut view = modal.view;
    view["id"] = json!(modal.id);
    view["hash"] = json!(modal.hash);
    Ok(json!({ "view": view }))
}

type Problem = (String, String);

fn check(view: &Value) -> Result<(), Problem> {
    if view["type"] != "modal" {
        return Err(("/type".into(), "unsupported type".into()));
    }
    text(&view["title"], TITLE, "/title")?;
    for button in ["submit", "close"] {
        if !view[button].is_null() {
            text(&view[button], BUTTON, &format!("/{button}"))?;
        }
    }
    if view["private_metadata"].as_str().is_some_and(|metadata| metadata.chars().count() > METADATA) {
        return Err(("/private_metadata".into(), format!("must be less than {} characters", METADATA + 1)));
    }
    let blocks =
        view["blocks"].as_array().ok_or(("/blocks".into(), "missing required field: blocks".into()))?;
    if blocks.len() > MOST_BLOCKS {
        return Err(("/blocks".into(), format!("no more than {MOST_BLOCKS} items allowed")));
    }
    let mut names = BTreeSet::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("/blocks/{index}");
        if !names.insert(block["block_id"].as_str()) && !block["block_id"].is_null() {
            return Err((at, "`block_id` already exists".into()));
        }
        if block["type"] == "input" {
            text(&block["label"], LABEL, &format!("{at}/label"))?;
            if !block["hint"].is_null() {
                text(&block["hint"], LABEL, &format!("{at}/hint"))?;
            }
            element(&block["element"], &format!("{at}/element"))?;
        }
    }
    if view["submit"].is_null() && blocks.iter().any(|block| block["type"] == "input") {
        return Err(("/submit".into(), "missing required field: submit".into()));
    }
    Ok(())
}

fn element(element: &Value, at: &str) -> Result<(), Problem> {
    let kind = element["type"].as_str().unwrap_or_default();
    if !INPUTS.contains(&kind) {
        return Err((format!("{at}/type"), format!("unsupported type: {kind}")));
    }
    if kind == "number_input" && element["is_decimal_allowed"].as_bool().is_none() {
        return Err((at.into(), "missing required field: is_decimal_allowed".into()));
    }
    let most = element["max_length"].as_u64().unwrap_or(INPUT);
    let initial = element["initial_value"].as_str().map_or(0, |text| text.chars().count());
    if most == 0 || most > INPUT || initial as u64 > most {
        return Err((format!("{at}/initial_value"), format!("must be less than {} characters", most + 1)));
    }
    let offers = ["static_select", "checkboxes", "radio_buttons"].iter().any(|offer| kind.ends_with(offer));
    if !offers {
        return Ok(());
    }
    let options = element["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    if options.is_empty() || options.len() > MOST_OPTIONS {
        return Err((format!("{at}/options"), format!("must have 1 to {MOST_OPTIONS} items")));
    }
    options
        .iter()
        .enumerate()
        .try_for_each(|(n, option)| text(&option["text"], OPTION, &format!("{at}/options/{n}/text")))?;
    let chosen = element["initial_options"].as_array().into_iter().flatten();
    let mut chosen = chosen.chain(Some(&element["initial_option"]).filter(|option| !option.is_null()));
    match chosen.find(|option| !options.contains(option)) {
        Some(_) => Err((at.into(), "initial option must be one of the options".into())),
        None => Ok(()),
    }
}

fn text(object: &Value, most: usize, at: &str) -> Result<(), Problem> {
    let length = object["text"].as_str().map_or(0, |text| text.chars().count());
    match length {
        0 => Err((format!("{at}/text"), "must be more than 0 characters".into())),
        length if length > most => {
            Err((format!("{at}/text"), format!("must be less than {} characters", most + 1)))
        }
        _ => Ok(()),
    }
}
