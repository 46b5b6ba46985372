//! The bot's parsers, given anything. Each panics where something is wrong.

use chatops_bot::{
    action::{Action, Context, Templates},
    adapter::slack::{
        decode::{Content, Frame, Identity, decode},
        encode,
    },
    command::{Arguments, Tokens, parse_arguments},
    errbot::{self, Counting},
};
use chatops_crds::bot_plugin::{Argument, Command};
use serde_json::json;

/// A frame with a typed message.
const TYPED: &str = r#"{"type": "events_api", "envelope_id": "e1", "payload": {"event":
    {"type": "message", "user": "U1", "channel": "C1", "ts": "1.1", "text": "!ping"}}}"#;

fn decoded(frame: &str) -> Frame {
    decode(frame, &Identity { user_id: "UBOT".into(), bot_id: Some("BBOT".into()) })
}

/// A frame from Slack; what somebody typed can be sent back.
pub fn slack_decode(data: &[u8]) {
    if let Content::Message(incoming) = decoded(&String::from_utf8_lossy(data)).content {
        encode::text(&incoming.text);
    }
}

/// What is typed after the name of a command. Free text comes back as it was typed.
pub fn arguments(data: &[u8]) {
    let typed = String::from_utf8_lossy(data);
    assert!(Tokens::new(&typed).count() <= typed.split_whitespace().count());
    let every_type: Vec<Argument> = serde_json::from_value(json!([
        {"name": "text", "required": true, "maxLength": 8},
        {"name": "integer", "type": "Integer", "min": -9, "max": 9, "short": "i"},
        {"name": "number", "type": "Number", "min": 0},
        {"name": "boolean", "type": "Boolean", "short": "b"},
        {"name": "enum", "type": "Enum", "values": ["staging", "production"], "default": "staging"},
        {"name": "duration", "type": "Duration"},
        {"name": "size", "type": "Size"},
        {"name": "date", "type": "Date"},
        {"name": "user", "type": "User"},
        {"name": "channel", "type": "Channel"},
        {"name": "json", "type": "JSON"},
        {"name": "pattern", "pattern": "[a-z]+-[0-9]+"},
        {"name": "rest", "rest": true},
    ]))
    .expect("arguments");
    if let Err(wrong) = parse_arguments(&every_type, &typed, &[]) {
        assert!(!wrong.to_string().is_empty());
    }
    let free_text: Argument =
        serde_json::from_value(json!({"name": "text", "rest": true})).expect("an argument");
    let values = parse_arguments(&[free_text], &typed, &[]).unwrap_or_default();
    if let Some(text) = values.get("text") {
        assert_eq!(text, typed.trim());
    }
}

/// Longest template that the API server takes.
const MAX_TEMPLATE: usize = 10_000;

/// A template of a plugin: it parses or not, and renders or not, within bounds of time and size.
pub fn template(data: &[u8]) {
    let reply = String::from_utf8_lossy(data);
    if reply.chars().count() > MAX_TEMPLATE {
        return;
    }
    let args = json!([{"name": "key"}, {"name": "list", "type": "JSON"}]);
    let command = json!({"name": "say", "reply": reply, "args": args});
    let command: Command = serde_json::from_value(command).expect("a command");
    let mut templates = Templates::new();
    let Ok(action) = Action::compile(&command, &mut templates) else { return };
    let Content::Message(incoming) = decoded(TYPED).content else { panic!("the frame holds a message") };
    let arguments: Arguments =
        [("key".into(), json!("colour")), ("list".into(), json!([1, 2.5, null, {"a": true}]))].into();
    let context = Context { incoming: &incoming, arguments: &arguments, bot: "ops" };
    let _ = action.says(&templates, &context);
}

/// A value that Errbot stored. What comes of it can be stored.
pub fn jsonpickle(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for counting in [Counting::DictsToo, Counting::NotDicts] {
        if let Ok(decoded) = errbot::decode(&text, counting) {
            let stored = decoded.value.to_string();
            let read = serde_json::from_str::<serde_json::Value>(&stored);
            assert_eq!(read.ok(), Some(decoded.value), "{stored}");
        }
    }
}
