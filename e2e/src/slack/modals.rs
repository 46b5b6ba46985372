//! Modals: opened by the trigger of a click or a slash command, one a person, filled in and sent to the app, which closes
//! them or says what is wrong (docs: "Modals").

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    delivery::{Kind, Payload},
    ids,
    workspace::User,
    world::World,
};

/// How long a trigger opens a modal.
const TRIGGER: Duration = Duration::from_secs(3);

/// What a person sees who submits and whom the app does not answer.
const NO_ANSWER: &str = "We had some trouble connecting. Try again?";

/// A modal that a person sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modal {
    /// `V…`
    pub id: String,
    /// Another one whenever something in it changes.
    pub hash: String,
    /// As the app sent it.
    pub view: Value,
    /// What is wrong, by block.
    pub errors: BTreeMap<String, String>,
}

/// Triggers and open modals.
#[derive(Debug, Default)]
pub(crate) struct Modals {
    triggers: HashMap<String, Trigger>,
    /// By the id of who sees it.
    open: HashMap<String, Modal>,
}

#[derive(Debug)]
struct Trigger {
    user: String,
    made: Instant,
    is_used: bool,
}

impl Modals {
    /// A new trigger of `user`.
    pub(crate) fn trigger(&mut self, user: &str, now: Instant) -> String {
        let id = ids::trigger();
        let trigger = Trigger { user: user.to_owned(), made: now, is_used: false };
        self.triggers.retain(|_, trigger| now.duration_since(trigger.made) < 2 * TRIGGER);
        self.triggers.insert(id.clone(), trigger);
        id
    }

    /// Shows `view` to whoever made the trigger.
    ///
    /// # Errors
    /// The code by which Slack refuses it.
    pub(crate) fn open(&mut self, trigger: &str, view: Value, now: Instant) -> Result<Modal, &'static str> {
        let trigger = self.triggers.get_mut(trigger).ok_or("invalid_trigger_id")?;
        if trigger.is_used {
            return Err("exchanged_trigger_id");
        }
        if now.duration_since(trigger.made) > TRIGGER {
            return Err("expired_trigger_id");
        }
        trigger.is_used = true;
        let modal = Modal { id: ids::object("V"), hash: ids::uuid(), view, errors: BTreeMap::new() };
        self.open.insert(trigger.user.clone(), modal.clone());
        Ok(modal)
    }

    /// What `user` sees.
    pub(crate) fn of(&self, user: &str) -> Option<&Modal> {
        self.open.get(user)
    }

    pub(crate) fn close(&mut self, user: &str) {
        self.open.remove(user);
    }

    fn tell(&mut self, user: &str, errors: BTreeMap<String, String>) {
        if let Some(modal) = self.open.get_mut(user) {
            modal.errors = errors;
            modal.hash = ids::uuid();
        }
    }
}

/// Queues what `user` filled in: elements' states by block and action. What is required and empty is told at once.
///
/// # Errors
/// The person sees no modal.
pub(crate) fn submit(world: &mut World, user: &User, values: &Value) -> anyhow::Result<()> {
    let modal = world.modals.of(&user.id).cloned();
    let modal = modal.with_context(|| format!("{} sees no modal", user.name))?;
    let (mut state, mut errors) = (Map::new(), BTreeMap::new());
    for block in
        modal.view["blocks"].as_array().into_iter().flatten().filter(|block| block["type"] == "input")
    {
        let id = block["block_id"].as_str().unwrap_or_default();
        let action = block["element"]["action_id"].as_str().unwrap_or_default();
        let filled = &values[id][action];
        if filled.is_null() && block["optional"] != true {
            errors.insert(id.to_owned(), "Please complete this required field.".to_owned());
        }
        let mut element = json!({ "type": block["element"]["type"] });
        if let (Some(element), Some(filled)) = (element.as_object_mut(), filled.as_object()) {
            element.extend(filled.clone());
        }
        state.insert(id.to_owned(), json!({ action: element }));
    }
    let is_complete = errors.is_empty();
    world.modals.tell(&user.id, errors);
    if is_complete {
        let body = submission(world, user, &modal, &Value::Object(state));
        let event = "view_submission".to_owned();
        world.outgoing.push(Payload { kind: Kind::Interactive, event, event_id: None, body });
    }
    Ok(())
}

fn submission(world: &World, user: &User, modal: &Modal, state: &Value) -> Value {
    let workspace = &world.workspace;
    let mut view = modal.view.clone();
    if let Some(view) = view.as_object_mut() {
        view.extend([
            ("id".to_owned(), json!(modal.id)),
            ("hash".to_owned(), json!(modal.hash)),
            ("team_id".to_owned(), json!(workspace.team.id)),
            ("app_id".to_owned(), json!(workspace.app.id)),
            ("bot_id".to_owned(), json!(workspace.app.bot_id)),
            ("state".to_owned(), json!({ "values": state })),
        ]);
    }
    json!({
        "type": "view_submission", "token": workspace.app.verification_token, "api_app_id": workspace.app.id,
        "team": { "id": workspace.team.id, "domain": workspace.team.name }, "enterprise": null,
        "user": { "id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id },
        "is_enterprise_install": false, "trigger_id": ids::trigger(), "response_urls": [], "view": view,
    })
}

/// The app answered what was filled in.
pub(crate) fn answered(world: &mut World, user: &str, answer: &Value) {
    match answer["response_action"].as_str() {
        Some("errors") => {
            let errors = serde_json::from_value(answer["errors"].clone()).unwrap_or_default();
            world.modals.tell(user, errors);
        }
        _ => world.modals.close(user),
    }
}

/// The app did not answer.
pub(crate) fn failed(world: &mut World, user: &str) {
    let block = world.modals.of(user).and_then(|modal| modal.view["blocks"][0]["block_id"].as_str());
    let errors = block.map(|block| (block.to_owned(), NO_ANSWER.to_owned())).into_iter().collect();
    world.modals.tell(user, errors);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_opens_one_modal_within_three_seconds() {
        let (mut modals, now) = (Modals::default(), Instant::now());
        let open = |modals: &mut Modals, trigger: &str, after: Duration| {
            modals.open(trigger, Value::Null, now + after).map(drop)
        };
        let (first, second) = (modals.trigger("U1", now), modals.trigger("U2", now));
        assert_eq!(open(&mut modals, "1.2.3", Duration::ZERO), Err("invalid_trigger_id"));
        assert_eq!(open(&mut modals, &first, TRIGGER), Ok(()));
        assert_eq!(open(&mut modals, &first, TRIGGER), Err("exchanged_trigger_id"));
        assert_eq!(open(&mut modals, &second, 2 * TRIGGER), Err("expired_trigger_id"));
        assert!(modals.of("U1").is_some() && modals.of("U2").is_none());
    }
}
