//! Commands that take long: what is shown meanwhile, and when they are stopped.

use chatops_bot::chat::{Addressing, Incoming, Sign};
use chatops_crds::bot_config::BotConfig;
use serde_json::json;
use tokio::time::timeout;

use crate::world::{PATIENCE, Slow, config, demo, start};

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped_and_says_so() {
    let config = BotConfig { plugins: demo().plugins, ..config("50ms", json!([])) };
    let mut world = start(&config, Slow::new());
    let said = world.asks("!look x").await;
    assert!(said.starts_with("I stopped \"look\" after 50 ms"), "{said}");
    assert!(world.metrics.encode().contains(r#"commands_seconds_count{outcome="timed_out"} 1"#));
}

#[tokio::test]
async fn what_takes_longer_than_a_moment_shows_that_it_is_worked_on_and_how_it_ended() {
    let storage = Slow::new();
    let mut world = start(&demo(), storage.clone());
    assert_eq!(world.asks("!echo at once").await, "at once");
    let slow = Incoming {
        opens_thread: Some("7".into()),
        ..world.message("C1", "U1", Addressing::Channel, "!look x")
    };
    world.script.types(slow.clone()).await.unwrap();
    let message = slow.message().unwrap();
    let shown = timeout(PATIENCE, world.script.sign()).await.unwrap().unwrap();
    assert_eq!(shown, (message.clone(), Sign::Working, true), "and the quick command showed nothing");
    storage.go.add_permits(1);
    assert_eq!(world.answer().await.1, "nothing");
    let mut ends = Vec::new();
    for _ in 0..2 {
        ends.push(timeout(PATIENCE, world.script.sign()).await.unwrap().unwrap());
    }
    assert_eq!(ends, [(message.clone(), Sign::Working, false), (message, Sign::Succeeded, true)]);
}

#[tokio::test]
async fn what_takes_too_long_shows_that_it_failed() {
    let config = BotConfig { plugins: demo().plugins, ..config("1s", json!([])) };
    let mut world = start(&config, Slow::new());
    let slow = Incoming {
        opens_thread: Some("7".into()),
        ..world.message("C1", "U1", Addressing::Channel, "!look x")
    };
    world.script.types(slow).await.unwrap();
    let mut shown = Vec::new();
    for _ in 0..3 {
        let (_, sign, is_put_on) = timeout(PATIENCE, world.script.sign()).await.unwrap().unwrap();
        shown.push((sign, is_put_on));
    }
    assert_eq!(shown, [(Sign::Working, true), (Sign::Working, false), (Sign::Failed, true)]);
}

#[tokio::test]
async fn a_command_may_have_less_time_than_the_others_and_never_more() {
    let said = async |all: &str, own: &str| {
        let look = json!([{"name": "look", "store": {"get": {"key": "x"}}, "reply": "", "timeout": own}]);
        start(&config(all, look), Slow::new()).asks("!look").await
    };
    assert!(said("5m", "50ms").await.starts_with("I stopped \"look\" after 50 ms"));
    assert!(said("50ms", "5m").await.starts_with("I stopped \"look\" after 50 ms"));
}
