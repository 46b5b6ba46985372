//! Names are gone for a while, and back with new addresses (i).

use std::time::{Duration, Instant};

use chatops_e2e::{internet::Fault, slack};
use serde_json::json;

use crate::{
    bed::{bot, in_bed, loses_names},
    support::eventually,
};

/// A bot that reconnects looks names up again, and is back within this after the address has changed.
const NEW_ADDRESS: Duration = Duration::from_secs(5);

/// How long names are gone: longer than the bot's longest pause between two attempts.
const GONE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn i_slack_has_new_addresses() {
    in_bed(|bed, world| async move {
        world.ready_bot(bot(json!({}))).await;
        let before = world.pod_identity().await;
        let opened = world.slack.stats().connections_opened;
        bed.apply(Fault::SlackMoved).await.expect("Slack moves");
        world.slack.inject(slack::Fault::DropSockets);
        let (_, took) = eventually("a socket at the new address", NEW_ADDRESS, || async {
            let now = world.slack.stats().connections_opened;
            if now > opened { Ok(()) } else { Err(now) }
        })
        .await;
        assert_eq!(world.ask("!echo moved").await, "moved");
        assert_eq!(world.pod_identity().await, before, "nothing was restarted");
        println!("SlackMoved → a socket at the new address after {took:.1?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn i_names_are_gone_and_back_with_new_addresses() {
    in_bed(|bed, world| async move {
        world.ready_bot(bot(json!({}))).await;
        let before = world.pod_identity().await;
        let began = Instant::now();
        bed.apply(Fault::UpstreamDrops).await.expect("names are gone");
        bed.apply(Fault::SlackMoved).await.expect("Slack moves");
        loses_names(&world, &["DNSUpstreamUnreachable"]).await;
        tokio::time::sleep(GONE.saturating_sub(began.elapsed())).await;
        bed.clear(Fault::UpstreamDrops).await.expect("names are back");
        let answered = world.answers("!echo back", "back").await;
        assert_eq!(world.pod_identity().await, before, "nothing was restarted");
        world.told("DNSReady", "True", "DNSResolves").await;
        println!("names gone for {GONE:?}, back with new addresses → answers after {answered:.1?}");
    })
    .await;
}
