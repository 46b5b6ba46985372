//! Which answers offer a form, and what a form knows of the commands in force.

use std::sync::Arc;

use chatops_bot::{
    chat::{Addressing, form::Forms},
    engine::Reader,
    report::Facts,
    storage::Memory,
};
use tokio::time::{Instant, timeout};

use crate::world::{PATIENCE, demo, start};

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
        ("!scale --force xoxb-123456789012-123456789012-abcdefghijklmnopqrstuvwx", None),
    ] {
        world.types_in("C1", "U1", Addressing::Channel, typed).await;
        let reply = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
        assert_eq!(reply.lacking.as_deref(), lacking, "{typed}: {}", reply.text);
    }
}

#[tokio::test]
async fn a_form_is_that_of_the_commands_in_force() {
    let world = start(&demo(), Arc::new(Memory::new()));
    let (program, facts) = (world.program.subscribe(), Facts::new());
    let reader = Reader { program, facts, started: Instant::now().into() };
    let form = reader.form("scale --force").unwrap();
    let names: Vec<_> =
        form.fields.iter().map(|field| (field.name.as_str(), field.values.join(" "))).collect();
    let expected = [("replicas", ""), ("force", "true"), ("within", "2m")];
    assert_eq!(names, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(reader.form("gone"), None);
    let filled = vec![("replicas".to_owned(), vec!["3".to_owned()])];
    assert_eq!(reader.line("scale", &filled), Ok("scale --replicas=3".to_owned()));
    let gone = reader.line("gone", &filled).unwrap_err();
    assert!(gone[0].0 == "replicas" && gone[0].1.contains("any more"), "{gone:?}");
}
