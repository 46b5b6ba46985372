//! One plugin is at fault: only `PluginsLoaded` and the plugin's own verdict say so, unless the bot requires it.

use serde_json::json;

use super::{not_ready, one_event, recovers, says, told_in_time};
use crate::support::{
    in_a_world,
    objects::{plugin, plugin_of},
};

#[tokio::test(flavor = "multi_thread")]
async fn template_that_does_not_parse() {
    in_a_world(|world| async move {
        world.apply(&plugin("good", "good", "fine")).await;
        let broken = json!([{"name": "broken", "reply": "Hello {{ user."}, {"name": "sound", "reply": "ok"}]);
        world.apply(&plugin_of("bad", broken)).await;
        world.ready_bot(json!({})).await;
        let (condition, _) = world.told("PluginsLoaded", "False", "TemplateInvalid").await;
        says(&condition, &["BotPlugin \"bad\"", "\"broken\"", "reply", "line 1"]);
        one_event(&world, &condition).await;
        let verdict = world.plugin_told("bad", "False", "TemplateInvalid").await;
        says(&verdict, &["\"broken\"", "reply"]);
        assert_eq!(world.ask("!good").await, "fine");
        assert_eq!(world.ask("!sound").await, "ok", "only the broken command is out");

        world.patch_bot(json!({"plugins": {"required": ["bad"]}})).await;
        not_ready(&world, "TemplateInvalid", &["BotPlugin \"bad\""]).await;
        recovers(&world, "template mended", world.apply(&plugin("bad", "broken", "mended"))).await;
        told_in_time(&world, "template mended", "PluginsLoaded", "PluginsLoaded").await;
        world.plugin_told("bad", "True", "Programmed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plugins_with_one_command() {
    in_a_world(|world| async move {
        world.apply(&plugin("first", "deploy", "from first")).await;
        world.ready_bot(json!({})).await;
        world.answers("!deploy", "from first").await;
        // Creation times have a resolution of one second: the name then decides, and "second" comes after "first".
        world.apply(&plugin("second", "deploy", "from second")).await;
        let (condition, _) = world.told("PluginsLoaded", "False", "CommandConflict").await;
        says(&condition, &["BotPlugin \"second\"", "\"deploy\"", "BotPlugin \"first\""]);
        one_event(&world, &condition).await;
        let verdict = world.plugin_told("second", "False", "CommandConflict").await;
        says(&verdict, &["\"deploy\"", "\"first\""]);
        assert_eq!(world.ask("!deploy").await, "from first");
        world.ready().await;
        world.delete("botplugin first").await;
        told_in_time(&world, "two plugins with one command", "PluginsLoaded", "PluginsLoaded").await;
        world.answers("!deploy", "from second").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plugin_that_no_bot_selects() {
    in_a_world(|world| async move {
        world.apply(&plugin("lonely", "lonely", "ok")).await;
        let verdict = world.plugin_told("lonely", "False", "NoBot").await;
        says(&verdict, &["spec.plugins.selector"]);
        world.ready_bot(json!({})).await;
        world.plugin_told("lonely", "True", "Programmed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn required_plugin_that_does_not_exist() {
    in_a_world(|world| async move {
        world.apply_bot(json!({"plugins": {"required": ["absent"]}})).await;
        not_ready(&world, "RequiredPluginMissing", &["BotPlugin \"absent\"", "spec.plugins.required"]).await;
        recovers(&world, "required plugin", world.apply(&plugin("absent", "here", "now"))).await;
    })
    .await;
}
