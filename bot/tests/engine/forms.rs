//! Which answers offer a form, and what a form knows of the commands in force.

use std::sync::Arc;

use chatops_bot::{
    chat::{Addressing, Incoming, form::Forms},
    engine::Reader,
    report::Facts,
    storage::Memory,
};
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::world::{PATIENCE, config, demo, start};

#[tokio::test]
async fn a_form_is_offered_where_all_that_is_wrong_is_that_something_is_missing() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    for (typed, lacking) in [
        ("!scale", Some("scale")),
        ("!scale --force", Some("scale --force")),
        ("!scale many", None),
        ("!scale 3", None),
        ("!scale --help", None),
        ("!put", None),
        ("!scal", Some("scal")),
    ] {
        let typed_in_channel = world.message("C1", "U1", Addressing::Channel, typed);
        let typed_in_channel = Incoming { opens_thread: Some("7".into()), ..typed_in_channel };
        world.script.types(typed_in_channel).await.unwrap();
        let reply = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
        assert_eq!(reply.lacking.as_deref(), lacking, "{typed}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_secret_is_in_no_button() {
    let args = json!([{"name": "token", "required": true}, {"name": "site", "required": true}]);
    let login = json!([{"name": "login", "args": args, "reply": "-"}]);
    let mut world = start(&config("5m", login), Arc::new(Memory::new()));
    let secret = "xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx";
    for (token, is_offered) in [("word", true), (secret, false)] {
        let typed = world.message("D1", "U1", Addressing::Direct, &format!("login {token}"));
        world.script.types(typed).await.unwrap();
        let reply = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
        assert_eq!(reply.text.lines().next(), Some("\"site\" is missing."));
        assert_eq!(reply.lacking.is_some(), is_offered, "{:?}", reply.lacking);
    }
}

#[tokio::test]
async fn free_text_in_a_form_makes_no_other_command() {
    let say = |name: &str| json!({"name": name, "args": [{"name": "text", "required": true, "rest": true}], "reply": "-"});
    let world = start(&config("5m", json!([say("say"), say("say all")])), Arc::new(Memory::new()));
    let (program, facts) = (world.program.subscribe(), Facts::new());
    let reader = Reader { program, facts, started: Instant::now().into() };
    let said = |text: &str| reader.line("say", &vec![("text".to_owned(), vec![text.to_owned()])], &[]);
    assert_eq!(said("it is well"), Ok("say it is well".to_owned()));
    let refused = said("all is well").unwrap_err();
    assert!(refused[0].0 == "text" && refused[0].1.contains("another command"), "{refused:?}");
}

#[tokio::test]
async fn what_nobody_else_saw_typed_is_not_in_a_button() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    for (channel, addressing, opens_thread, lacking) in [
        ("C1", Addressing::Mention, None, "scale"),
        ("C1", Addressing::Mention, Some("7"), "scale --force"),
        ("D1", Addressing::Direct, None, "scale --force"),
    ] {
        let typed = world.message(channel, "U1", addressing, "scale --force");
        let typed = Incoming { opens_thread: opens_thread.map(Into::into), ..typed };
        world.script.types(typed).await.unwrap();
        let reply = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
        assert_eq!(reply.lacking.as_deref(), Some(lacking));
    }
}

#[tokio::test]
async fn what_was_typed_long_ago_is_offered_no_form() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    let old = world.message("C1", "U1", Addressing::Channel, "!scale");
    world.script.types(Incoming { typed_at: 1, opens_thread: Some("7".into()), ..old }).await.unwrap();
    let reply = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
    assert_eq!(reply.lacking, None, "{}", reply.text);
}

#[tokio::test]
async fn a_form_is_that_of_the_commands_in_force() {
    let world = start(&demo(), Arc::new(Memory::new()));
    let (program, facts) = (world.program.subscribe(), Facts::new());
    let reader = Reader { program, facts, started: Instant::now().into() };
    let form = reader.form("scale --force", &[]).unwrap();
    let names: Vec<_> =
        form.fields.iter().map(|field| (field.name.as_str(), field.values.join(" "))).collect();
    let expected = [("replicas", ""), ("force", "true"), ("within", "2m")];
    assert_eq!(names, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(reader.form("gone", &[]), None);
    let put = reader.line("put", &vec![("key".to_owned(), vec!["a".to_owned()])], &[]);
    assert_eq!(put, Ok("put --key=a".to_owned()));
    let filled = vec![("replicas".to_owned(), vec!["3".to_owned()])];
    assert_eq!(reader.line("scale", &filled, &[]), Ok("scale --replicas=3".to_owned()));
    let gone = reader.line("gone", &filled, &[]).unwrap_err();
    assert!(gone[0].0 == "replicas" && gone[0].1.contains("any more"), "{gone:?}");
}
