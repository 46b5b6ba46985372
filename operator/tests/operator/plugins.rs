//! Plugins reach the running bot, and each says how its bots took it.

use chatops_crds::bot_report::{Fault, FaultCode, PluginReport};
use serde_json::json;

use crate::world::{CHILD, World, plugin, well};

#[tokio::test(start_paused = true)]
async fn a_plugin_that_is_added_edited_or_removed_changes_the_configuration_and_not_the_pods() {
    let world = World::new();
    world.ready_bot().await;
    let template = || world.api.get("deployments", CHILD).unwrap()["spec"]["template"].clone();
    let before = template();
    let has = |text: &'static str| {
        move |api: &crate::api_server::ApiServer| {
            api.get("configmaps", CHILD)?["data"]["bot.yaml"].as_str()?.contains(text).then_some(())
        }
    };
    world.api.put("botplugins", plugin("hello", "greet"));
    world.eventually("the command", has("name: greet")).await;
    world.api.edit("botplugins", "hello", |plugin| plugin["spec"]["commands"][0]["reply"] = json!("changed"));
    world.eventually("the reply", has("reply: changed")).await;
    world.says("ops-bot-1", well());
    world.plugin_told("hello", "True/Programmed").await;
    world.api.delete("botplugins", "hello");
    world.eventually("no command", |api| has("greet")(api).is_none().then_some(())).await;
    assert_eq!(template(), before, "the pods would be replaced");
}

#[tokio::test(start_paused = true)]
async fn the_kubelet_is_asked_until_the_bot_has_the_new_configuration_and_then_left_alone() {
    let world = World::new();
    world.ready_bot().await;
    world.settled().await;
    world.api.put("botplugins", plugin("hello", "greet"));
    let asked = |api: &crate::api_server::ApiServer| {
        api.get("pods", "ops-bot-1")?["metadata"]["annotations"]["chatops.dev/refreshed"]
            .as_str()
            .map(str::to_owned)
    };
    let first = world.eventually("the request", asked).await;
    world.eventually("another request", |api| asked(api).filter(|again| *again != first)).await;
    world.told("Progressing", "True/Progressing").await;
    world.says("ops-bot-1", well());
    world.told("Progressing", "True/RolledOut").await;
    world.settled().await;
    assert_eq!(world.settled().await, []);
}

#[tokio::test(start_paused = true)]
async fn while_a_bot_finds_fault_with_a_secret_the_kubelet_is_asked_again_and_again() {
    let world = World::new();
    world.ready_bot().await;
    let mut report = well();
    report.slack.connections = 0;
    report.slack.credentials_fault = Some(Fault::new(FaultCode::TokensSecretNotFound));
    world.says("ops-bot-1", report);
    world.told("Ready", "False/TokensSecretNotFound").await;
    world.api.take_writes();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    let asked = world.api.take_writes().iter().filter(|call| call.resource == "pods").count();
    assert!((7..=30).contains(&asked), "asked {asked} times in a minute");
    world.says("ops-bot-1", well());
    world.told("Ready", "True/Connected").await;
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_no_bot_selects_says_so() {
    let world = World::new();
    world.api.put("botplugins", plugin("lonely", "lonely"));
    let message = world.plugin_told("lonely", "False/NoBot").await;
    assert!(message.contains("spec.plugins.selector"), "{message}");
    world.ready_bot().await;
    world.plugin_told("lonely", "True/Programmed").await;
    world.api.delete("chatbots", "ops");
    world.plugin_told("lonely", "False/NoBot").await;
}

#[tokio::test(start_paused = true)]
async fn two_plugins_with_one_command_are_settled_and_both_sides_name_the_other() {
    let world = World::new();
    world.api.put("botplugins", plugin("first", "deploy"));
    world.api.put("botplugins", plugin("second", "deploy"));
    world.ready_bot().await;
    let message = world.told("PluginsLoaded", "False/CommandConflict").await;
    assert!(message.contains("BotPlugin \"second\"") && message.contains("BotPlugin \"first\""), "{message}");
    assert_eq!(world.events("CommandConflict").iter().filter(|note| **note == message).count(), 1);
    world.plugin_told("second", "False/CommandConflict").await;
    world.plugin_told("first", "True/Programmed").await;
}

#[tokio::test(start_paused = true)]
async fn a_broken_template_turns_ready_only_where_the_plugin_is_required() {
    let world = World::new();
    world.api.put("botplugins", plugin("bad", "broken"));
    world.ready_bot().await;
    let fault = Fault::new(FaultCode::TemplateInvalid)
        .with("command", "broken")
        .with("field", "reply")
        .with("line", "1");
    let broken = || {
        let plugin =
            PluginReport { name: "bad".into(), generation: 1, commands: 0, faults: vec![fault.clone()] };
        chatops_crds::bot_report::BotReport { plugins: vec![plugin], ..well() }
    };
    world.says("ops-bot-1", broken());
    let message = world.told("PluginsLoaded", "False/TemplateInvalid").await;
    assert!(message.contains("BotPlugin \"bad\"") && message.contains("line 1"), "{message}");
    world.told("Ready", "True/Connected").await;
    world.plugin_told("bad", "False/TemplateInvalid").await;
    world.edit_spec(|spec| spec["plugins"] = json!({"required": ["bad"]}));
    let message = world.told("Ready", "False/TemplateInvalid").await;
    assert_eq!(world.events("TemplateInvalid").iter().filter(|note| **note == message).count(), 1);
    world.says("ops-bot-1", well());
    world.told("Ready", "True/Connected").await;
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_plugin_is_named_by_the_bot_that_selects_it() {
    let world = World::new();
    let mut unreadable = plugin("odd", "odd");
    unreadable["spec"]["commands"] = json!("none");
    world.api.put("botplugins", unreadable);
    world.ready_bot().await;
    let message = world.told("PluginsLoaded", "False/InvalidSpec").await;
    assert!(message.contains("BotPlugin \"odd\""), "{message}");
    world.plugin_told("odd", "False/InvalidSpec").await;
    world.told("Ready", "True/Connected").await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_does_not_answer_is_unknown_after_fifteen_seconds_and_recovers() {
    let world = World::new();
    world.ready_bot().await;
    world.api.report("ops-bot-1", None);
    let start = tokio::time::Instant::now();
    world.told("Ready", "Unknown/StatusUnreachable").await;
    let took = start.elapsed();
    assert!((10..=20).contains(&took.as_secs()), "{took:?}");
    world.says("ops-bot-1", well());
    world.told("Ready", "True/Connected").await;
}
