//! `views.open` and `views.publish`, with Slack's limits on modals (docs: "Modals", "Reference: Block Kit").

use std::{collections::BTreeSet, time::Instant};

use serde_json::{Value, json};

use super::{
    Answer, Call, blocks,
    error::ApiError,
    limits::{self, Problem},
};
use crate::slack::{home, world::World};

const MOST_BLOCKS: usize = 100;
const TITLE: usize = 24;
const BUTTON: usize = 24;
const METADATA: usize = 3000;
const LABEL: usize = 2000;
const OPTION: usize = 75;
const MOST_OPTIONS: usize = 100;
const INPUT: usize = 3000;

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
    check(&view).map_err(|problem| ApiError::invalid_arguments(&problem.below("/view")))?;
    let modal = world.modals.open(&trigger, view, Instant::now()).map_err(ApiError::new)?;
    let mut view = modal.view;
    view["id"] = json!(modal.id);
    view["hash"] = json!(modal.hash);
    Ok(json!({ "view": view }))
}

/// `views.publish`
pub(crate) fn publish(world: &mut World, call: &Call) -> Answer {
    let user = call.arguments.required("user_id")?.to_owned();
    if world.workspace.user(&user).is_none() {
        return Err(ApiError::new("user_not_found"));
    }
    let view = call.arguments.structure("view", "invalid_arguments")?;
    let view = view.ok_or_else(|| ApiError::invalid_arguments("missing required field: view"))?;
    if view["type"] != "home" {
        return Err(ApiError::invalid_arguments(&Problem::new("unsupported type", "/type").below("/view")));
    }
    blocks::check(&view["blocks"])?;
    Ok(json!({ "view": home::published(world, &user, view) }))
}

fn check(view: &Value) -> Result<(), Problem> {
    if view["type"] != "modal" {
        return Err(Problem::new("unsupported type", "/type"));
    }
    limits::text(&view["title"], TITLE, "/title")?;
    for button in ["submit", "close"] {
        if !view[button].is_null() {
            limits::text(&view[button], BUTTON, &format!("/{button}"))?;
        }
    }
    if view["private_metadata"].as_str().is_some_and(|metadata| metadata.chars().count() > METADATA) {
        return Err(limits::too_long(METADATA, "/private_metadata"));
    }
    let blocks = view["blocks"].as_array();
    let blocks = blocks.ok_or_else(|| Problem::new("missing required field: blocks", "/blocks"))?;
    if blocks.len() > MOST_BLOCKS {
        return Err(limits::too_many(MOST_BLOCKS, "/blocks"));
    }
    let mut names = BTreeSet::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("/blocks/{index}");
        if !names.insert(block["block_id"].as_str()) && !block["block_id"].is_null() {
            return Err(Problem::new("`block_id` already exists", &at));
        }
        if block["type"] == "input" {
            limits::text(&block["label"], LABEL, &format!("{at}/label"))?;
            if !block["hint"].is_null() {
                limits::text(&block["hint"], LABEL, &format!("{at}/hint"))?;
            }
            element(&block["element"], &format!("{at}/element"))?;
        }
    }
    if view["submit"].is_null() && blocks.iter().any(|block| block["type"] == "input") {
        return Err(Problem::new("missing required field: submit", "/submit"));
    }
    Ok(())
}

fn element(element: &Value, at: &str) -> Result<(), Problem> {
    let kind = element["type"].as_str().unwrap_or_default();
    if !INPUTS.contains(&kind) {
        return Err(Problem::new(&format!("unsupported type: {kind}"), &format!("{at}/type")));
    }
    if kind == "number_input" && element["is_decimal_allowed"].as_bool().is_none() {
        return Err(Problem::new("missing required field: is_decimal_allowed", at));
    }
    let most =
        element["max_length"].as_u64().map_or(INPUT, |most| usize::try_from(most).unwrap_or(usize::MAX));
    if most == 0 || most > INPUT {
        return Err(limits::too_long(INPUT, &format!("{at}/max_length")));
    }
    if element["initial_value"].as_str().is_some_and(|text| text.chars().count() > most) {
        return Err(limits::too_long(most, &format!("{at}/initial_value")));
    }
    let offers = ["static_select", "checkboxes", "radio_buttons"].iter().any(|offer| kind.ends_with(offer));
    if !offers {
        return Ok(());
    }
    let options = element["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    if options.is_empty() || options.len() > MOST_OPTIONS {
        return Err(Problem::new(&format!("must have 1 to {MOST_OPTIONS} items"), &format!("{at}/options")));
    }
    options.iter().enumerate().try_for_each(|(n, option)| {
        limits::text(&option["text"], OPTION, &format!("{at}/options/{n}/text"))
    })?;
    let chosen = element["initial_options"].as_array().into_iter().flatten();
    let mut chosen = chosen.chain(Some(&element["initial_option"]).filter(|option| !option.is_null()));
    match chosen.find(|option| !options.contains(option)) {
        Some(_) => Err(Problem::new("initial option must be one of the options", at)),
        None => Ok(()),
    }
}
