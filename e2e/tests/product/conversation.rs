//! The main job: the samples, exactly as shipped, hold a conversation, and `Ready` means what it says.

use serde_json::json;

use crate::support::{SOON, World, eventually, in_a_world};

/// What the bot of the samples answers `user` in #general of the Slack that runs beside it.
async fn say(world: &World, text: &str) -> String {
    let command =
        ["exec", "deploy/slack-simulator", "--", "slack-simulator", "type", "#general", "alice", text];
    world.kubectl_args(&command).await.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_samples_as_shipped_hold_the_conversation_of_the_demo() {
    in_a_world(|world| async move {
        world.apply_shipped("-k", "manifests/demo").await;
        world.kubectl("wait --for=condition=Ready chatbot/ops --timeout=90s").await;

        let help = say(&world, "!help").await;
        assert!(help.contains("!democmd add") && help.contains("!hello"), "{help}");
        assert!(say(&world, "!democmd add colour blue").await.contains("saved"));
        assert_eq!(say(&world, "!democmd get colour").await, "blue");

        let (before, _) = world.pod_identity().await;
        world.kubectl("delete pod -l app.kubernetes.io/name=chatops-bot --wait=true").await;
        eventually("a new pod", SOON, || async {
            let pods = world.pods().await;
            let uids: Vec<_> = pods.iter().filter_map(|pod| pod.metadata.uid.clone()).collect();
            if uids.len() == 1 && uids[0] != before { Ok(()) } else { Err(uids) }
        })
        .await;
        world.kubectl("wait --for=condition=Ready chatbot/ops --timeout=90s").await;
        eventually("the value outlives the pod", SOON, || async {
            let said = say(&world, "!democmd get colour").await;
            if said == "blue" { Ok(()) } else { Err(said) }
        })
        .await;

        let table = world.kubectl("get chatbots").await;
        let columns: Vec<_> = table.lines().next().unwrap_or_default().split_whitespace().collect();
        assert_eq!(columns, ["NAME", "READY", "STATUS", "PODS", "PLUGINS", "WORKSPACE", "AGE"], "{table}");
        let row: Vec<_> = table.lines().nth(1).unwrap_or_default().split_whitespace().collect();
        assert_eq!(row[..6], ["ops", "True", "Connected", "1/1", "2/2", "acme"], "{table}");
        let plugins = world.kubectl("get botplugins").await;
        assert!(plugins.starts_with("NAME"), "{plugins}");
        assert_eq!(plugins.matches("True").count(), 2, "{plugins}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_kubectl_wait_returns_a_message_typed_right_then_is_answered() {
    in_a_world(|world| async move {
        for _ in 0..3 {
            world.apply_bot(json!({})).await;
            world.kubectl("wait --for=condition=Ready chatbot/ops --timeout=90s").await;
            assert_eq!(world.ask("!echo hello").await, "hello");
            world.delete("chatbot ops").await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_spoken_to_by_prefix_mention_and_direct_message_and_answers_in_the_thread_it_was_asked_in() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        let slack = &world.slack;
        assert_eq!(world.ask("@ops echo by mention").await, "by mention");
        let direct = slack.user("bob").direct_message("echo directly").await.expect("bob types");
        let answer = slack.wait_for_reply(&direct, SOON).await.expect("an answer");
        assert_eq!(answer.text, "directly");
        let alice = slack.user("alice");
        let topic = alice.types("#ops", "what a day").await.expect("alice types");
        let asked = alice.types_in_thread(&topic, "!echo in a thread").await.expect("alice types");
        let answer = slack.wait_for_reply(&asked, SOON).await.expect("an answer");
        assert_eq!(answer.text, "in a thread");
        assert_eq!(answer.thread_ts, Some(topic.ts));
    })
    .await;
}
