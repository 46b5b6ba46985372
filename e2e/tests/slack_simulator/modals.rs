//! Modals: who sees them, what Slack refuses in them, and what is told of what was filled in.

use chatops_e2e::slack::{Modal, Simulator, Slack};
use serde_json::{Value, json};

use crate::app::{App, DEADLINE};

/// A modal with this element in its only input.
fn view(element: Value) -> Value {
    json!({
        "type": "modal", "callback_id": "form", "private_metadata": "kept",
        "title": {"type": "plain_text", "text": "Deploy"}, "submit": {"type": "plain_text", "text": "Run"},
        "blocks": [{"type": "input", "block_id": "app", "label": {"type": "plain_text", "text": "App"}, "element": element}],
    })
}

fn input() -> Value {
    json!({"type": "plain_text_input", "action_id": "value"})
}

/// The trigger of a command that alice types.
async fn trigger(slack: &Simulator, socket: &mut crate::app::Socket) -> anyhow::Result<Value> {
    slack.user("alice").runs_command("#ops", "/ops", "").await?;
    Ok(socket.take().await?["payload"]["trigger_id"].clone())
}

async fn start() -> anyhow::Result<(Simulator, App, crate::app::Socket)> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let app = App::of(&slack)?;
    let (socket, _) = app.connect().await?;
    Ok((slack, app, socket))
}

#[tokio::test]
async fn a_modal_is_seen_by_whoever_made_its_trigger_and_told_once_it_is_filled_in() -> anyhow::Result<()> {
    let (slack, app, mut socket) = start().await?;
    let trigger_id = trigger(&slack, &mut socket).await?;
    let opened = app.call("views.open", json!({"trigger_id": trigger_id, "view": view(input())})).await?;
    let (alice, bob) = (slack.user("alice"), slack.user("bob"));
    assert_eq!(alice.modal().map(|modal| json!(modal.id)), Some(opened["view"]["id"].clone()));
    assert_eq!(bob.modal(), None);
    assert!(bob.submits(&json!({})).await.is_err());
    assert_eq!(
        app.refused("views.open", json!({"trigger_id": trigger_id, "view": view(input())})).await?,
        "exchanged_trigger_id"
    );

    alice.submits(&json!({})).await?;
    assert_eq!(
        alice.modal().map(|modal| modal.errors["app"].clone()).as_deref(),
        Some("Please complete this required field.")
    );
    alice.submits(&json!({"app": {"value": {"value": "web"}}})).await?;
    let envelope = socket.next().await?;
    let payload = &envelope["payload"];
    assert_eq!((&envelope["type"], &payload["type"]), (&json!("interactive"), &json!("view_submission")));
    let told = &payload["view"]["state"]["values"]["app"]["value"];
    assert_eq!(*told, json!({"type": "plain_text_input", "value": "web"}));
    assert_eq!(payload["view"]["private_metadata"], "kept");

    let errors = json!({"response_action": "errors", "errors": {"app": "is gone"}});
    socket.send(&json!({"envelope_id": envelope["envelope_id"], "payload": errors})).await?;
    let wrong = |_: &Slack| alice.modal().filter(|modal| modal.errors.contains_key("app"));
    let Modal { errors, .. } = slack.wait_until("an error", DEADLINE, wrong).await?;
    assert_eq!(errors["app"], "is gone");
    alice.submits(&json!({"app": {"value": {"value": "web"}}})).await?;
    socket.take().await?;
    slack.wait_until("the modal closes", DEADLINE, |_| alice.modal().is_none().then_some(())).await
}

#[tokio::test]
async fn what_slack_takes_in_no_modal_is_refused() -> anyhow::Result<()> {
    let (slack, app, mut socket) = start().await?;
    let trigger_id = trigger(&slack, &mut socket).await?;
    let long = |length: usize| json!({"type": "plain_text", "text": "a".repeat(length)});
    let with = |at: &str, value: Value| {
        let mut view = view(input());
        if let Some(part) = view.pointer_mut(at) {
            *part = value;
        }
        view
    };
    let option = json!({"text": {"type": "plain_text", "text": "a"}, "value": "a"});
    let select = json!({"type": "static_select", "action_id": "value", "options": [option]});
    let chosen = json!({"type": "static_select", "action_id": "value", "options": [option], "initial_option": {"value": "b"}});
    let twice = json!([view(input())["blocks"][0], view(input())["blocks"][0]]);
    for (wrong, place) in [
        (with("/type", json!("home")), "/view/type"),
        (with("/title", long(25)), "/view/title/text"),
        (with("/submit", Value::Null), "/view/submit"),
        (with("/private_metadata", json!("a".repeat(3_001))), "/view/private_metadata"),
        (with("/blocks", json!(vec![json!({"type": "divider"}); 101])), "/view/blocks"),
        (with("/blocks", twice), "/view/blocks/1"),
        (with("/blocks/0/label", long(2_001)), "/view/blocks/0/label/text"),
        (view(json!({"type": "button"})), "/view/blocks/0/element/type"),
        (view(json!({"type": "number_input", "action_id": "value"})), "/view/blocks/0/element"),
        (view(json!({"type": "plain_text_input", "max_length": 3_001})), "/view/blocks/0/element/max_length"),
        (
            view(json!({"type": "plain_text_input", "max_length": 1, "initial_value": "ab"})),
            "/view/blocks/0/element/initial_value",
        ),
        (view(json!({"type": "static_select", "options": []})), "/view/blocks/0/element/options"),
        (view(chosen), "/view/blocks/0/element"),
    ] {
        let answer = app.call("views.open", json!({"trigger_id": trigger_id, "view": wrong})).await?;
        assert_eq!(answer["error"], "invalid_arguments", "{wrong}");
        let said = answer["response_metadata"]["messages"][0].as_str().unwrap_or_default();
        assert!(said.ends_with(&format!("[json-pointer:{place}]")), "{said}: {wrong}");
    }
    let answer = app.call("views.open", json!({"trigger_id": trigger_id, "view": view(select)})).await?;
    assert_eq!(answer["ok"], true, "{answer}");
    Ok(())
}
