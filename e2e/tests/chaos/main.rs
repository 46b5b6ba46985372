//! People type while replicas of the bot are killed, paused and told to end, Redis is killed and full, sockets are cut and
//! turn silent, and events, acknowledgements and answers are doubled or lost. The proof is what people then have on their
//! screens: each command answered, once, in its place, and run once.
//!
//! `make chaos COMMANDS=100000` types more of them, and `SEED` has other things go wrong.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking and tell what they saw"
)]

mod arrows;
mod broken;
mod caught;
mod crowd;
mod oracle;
mod replicas;
mod trouble;

use std::time::Duration;

use chatops_e2e::{local::Redis, slack::Simulator};

use crowd::Crowd;
use oracle::Wrong;
use replicas::Replicas;
use trouble::Trouble;

/// Commands of a usual run.
const COMMANDS: u64 = 5_000;

/// What goes wrong in a usual run: once a replica overtook there what another one had put in front.
const SEEDS: [u64; 2] = [1, 3];

/// Commands a second.
const RATE: u32 = 100;

/// Within which all is answered once nothing goes wrong any more: Slack delivers again after one and five minutes, which
/// are 6 and 30 seconds here, and a dead replica's commands are taken over within ten.
const ANSWERED: Duration = Duration::from_secs(120);

/// Longer than anything else here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is set from outside.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

async fn slack(commands: usize) -> Simulator {
    let slack = Simulator::builder().time_factor(10.0).rate_limits(false).retention(4 * commands);
    slack.start().await.expect("the simulator starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_each_command_is_run_and_answered_once() {
    let commands = setting("COMMANDS").unwrap_or(COMMANDS) as usize;
    for seed in setting("SEED").map_or(SEEDS.to_vec(), |seed| vec![seed]) {
        people_type(commands, seed).await;
    }
}

async fn people_type(commands: usize, seed: u64) {
    let (slack, mut redis) = (slack(commands).await, Redis::start().expect("a Redis"));
    let replicas = Replicas::start(&slack, 3, &redis.storage()).await;
    let mut crowd = Crowd::in_channels_of(&slack, 40).await;
    let mut trouble = Trouble::with(&slack, replicas, &mut redis, seed);
    tokio::select! {
        () = crowd.types(commands, RATE) => (),
        never = trouble.goes_on() => match never {},
    }
    let happened = trouble.ends().await;
    let seen = oracle::looks(&slack, &crowd, ANSWERED).await;
    let oracle::Seen { wrong, never_taken, refused, took } = seen;
    println!("SEED={seed}: {commands} commands; {happened}");
    println!(
        "answered after {took}; {refused} refused by storage; {never_taken} never taken, as often as Slack tried"
    );
    assert_eq!(wrong, Wrong::default());
    let excused = refused + never_taken;
    assert!(excused * 50 < commands, "{excused} of {commands} commands were refused or never taken");
}
