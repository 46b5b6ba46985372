//! Slack cannot be reached, or the bot's pod cannot.

use serde_json::json;

use super::{not_ready, recovers};
use crate::support::in_a_world;

#[tokio::test(flavor = "multi_thread")]
async fn slack_unreachable_at_start() {
    in_a_world(|world| async move {
        world.slack_goes_down();
        world.apply_bot(json!({})).await;
        not_ready(&world, "SlackUnreachable", &["refused", "spec.slack.apiURL"]).await;
        recovers(&world, "Slack unreachable at start", async { world.slack_comes_back() }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_unreachable_later() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        world.slack_goes_down();
        not_ready(&world, "SlackUnreachable", &["spec.slack.apiURL"]).await;
        recovers(&world, "Slack unreachable later", async { world.slack_comes_back() }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn host_name_that_does_not_exist() {
    in_a_world(|world| async move {
        world.apply_bot(json!({"slack": {"apiURL": "http://slack.nowhere.invalid./api/"}})).await;
        not_ready(&world, "DNSHostUnresolvable", &["slack.nowhere.invalid", "spec.slack.apiURL"]).await;
        let url = world.api_url();
        recovers(&world, "host name corrected", world.patch_bot(json!({"slack": {"apiURL": url}}))).await;
    })
    .await;
}
