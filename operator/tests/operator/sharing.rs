//! Two ChatBots that are connected as the same Slack app.

use chatops_crds::bot_report::BotReport;
use serde_json::json;

use crate::world::{World, well};

/// What a bot says that is connected as the app whose user this is.
fn connected_as(user: &str) -> BotReport {
    let mut report = well();
    let workspace = report.slack.workspace.as_mut().unwrap();
    (workspace.team_id, workspace.bot_user_id) = ("T1".into(), user.into());
    report
}

#[tokio::test(start_paused = true)]
async fn each_is_told_of_the_other_for_as_long_as_both_are_connected() {
    let world = World::new();
    world.ready_bot().await;
    world.says("ops-bot-1", connected_as("U1"));

    let mut pod = world.api.get("pods", "ops-bot-1").unwrap();
    pod["metadata"]["name"] = json!("twin-bot-1");
    pod["metadata"]["labels"]["app.kubernetes.io/instance"] = json!("twin");
    for field in ["uid", "resourceVersion"] {
        pod["metadata"].as_object_mut().unwrap().remove(field);
    }
    world.api.report("twin-bot-1", Some(connected_as("U1")));
    world.api.put("pods", pod);
    let message = world.told("Ready", "False/SlackAppShared").await;
    assert!(message.contains("prod/twin") && message.contains("suspend"), "{message}");
    world.told("CredentialsValid", "False/SlackAppShared").await;

    world.api.report("twin-bot-1", Some(connected_as("U2")));
    world.told("Ready", "True/Connected").await;
    world.api.report("twin-bot-1", Some(connected_as("U1")));
    world.told("Ready", "False/SlackAppShared").await;
    world.api.delete("pods", "twin-bot-1");
    world.told("Ready", "True/Connected").await;
    world.settled().await;
}
