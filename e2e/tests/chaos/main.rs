//! People type while replicas of the bot are killed, sockets are cut, and events, acknowledgements and answers are doubled
//! or lost. The proof is what people then have on their screens: each command answered, once, in its place, and run once.
//!
//! `make chaos COMMANDS=100000` types more of them, and `SEED` has other things go wrong. There Redis is also killed and
//! full, sockets turn silent, and replicas are paused and told to end, unless `UPHEAVALS=0`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking and tell what they saw"
)]

mod crowd;
mod oracle;
mod replicas;
mod trouble;

use std::time::Duration;

use chatops_crds::bot_config::StorageConfig;
use chatops_e2e::{
    local::Redis,
    slack::{Fault, Simulator},
};
use serde_json::json;

use crowd::Crowd;
use oracle::Wrong;
use replicas::Replicas;
use trouble::Trouble;

/// Commands of a usual run.
const COMMANDS: u64 = 5_000;

/// Commands a second.
const RATE: u32 = 100;

/// Within which all is answered once nothing goes wrong any more: Slack delivers again after one and five minutes, which
/// are 6 and 30 seconds here, and a dead replica's commands are taken over within ten.
const ANSWERED: Duration = Duration::from_secs(120);

/// Longer than anything else here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is set from outside, or its usual value.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |value| value.parse().expect("a number"))
}

async fn slack(commands: usize) -> Simulator {
    let slack = Simulator::builder().time_factor(10.0).rate_limits(false).retention(4 * commands);
    slack.start().await.expect("the simulator starts")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_goes_wrong_each_command_is_run_and_answered_once() {
    let (commands, seed) = (setting("COMMANDS", COMMANDS) as usize, setting("SEED", 1));
    let (slack, mut redis) = (slack(commands).await, Redis::start().expect("a Redis"));
    let replicas = Replicas::start(&slack, 3, &redis.storage()).await;
    let mut crowd = Crowd::in_channels_of(&slack, 40).await;
    let trouble = Trouble::with(&slack, replicas, &mut redis, seed);
    let mut trouble = trouble.and_upheavals(setting("UPHEAVALS", 0) == 1);
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

/// The same eyes on a bot that does everything wrong.
#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_can_be_wrong_is_seen() {
    let slack = slack(100).await;
    let mut crowd = Crowd::in_channels_of(&slack, 8).await;
    crowd.types(6, RATE).await;
    let commands = &crowd.typed;
    let answers = [
        (&commands[0], &commands[0], "{}"),
        (&commands[1], &commands[1], "{}"),
        (&commands[1], &commands[1], "{}"),
        (&commands[2], &commands[2], "{} again"),
        (&commands[3], &commands[0], "{}"),
        (&commands[4], &commands[4], "{} is not what was noted"),
    ];
    for (command, place, text) in answers {
        let text = text.replace("{}", &command.word);
        post(&slack, &place.message.channel, &text).await.expect("the simulator takes a message");
    }
    let seen = oracle::looks(&slack, &crowd, Duration::ZERO).await.wrong;
    let only = |number: usize| vec![commands[number].word.clone()];
    let all =
        Wrong { doubled: only(1), run_again: only(2), misplaced: only(3), mistaken: only(4), lost: only(5) };
    assert_eq!(seen, all);
}

/// As the app.
async fn post(slack: &Simulator, channel: &str, text: &str) -> reqwest::Result<()> {
    // The first test of the process installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let message = json!({"channel": channel, "text": text});
    let call = reqwest::Client::new().post(format!("{}/chat.postMessage", slack.api_url()));
    call.bearer_auth(slack.bot_token()).json(&message).send().await?.error_for_status()?;
    Ok(())
}

/// The same eyes on bots that keep nothing and share nothing.
#[tokio::test(flavor = "multi_thread")]
async fn bots_that_lose_and_double_commands_are_caught() {
    let slack = slack(COMMANDS as usize).await;
    let mut replicas = Replicas::start(&slack, 2, &StorageConfig::Memory {}).await;
    let mut crowd = Crowd::in_channels_of(&slack, 4).await;
    slack.inject(Fault::DuplicateEvents { times: 100 });
    crowd.types(100, RATE).await;
    let seen = oracle::looks(&slack, &crowd, PATIENCE).await.wrong;
    assert!(seen.lost.is_empty() && !seen.doubled.is_empty(), "{seen:?}");

    slack.inject(Fault::BlackHole { millis: None });
    let (before, typed) = (slack.stats().acknowledged, 20);
    crowd.types(typed, RATE).await;
    let all = before + typed as u64;
    let taken = slack
        .wait_until("acknowledgements", PATIENCE, |slack| (slack.stats().acknowledged >= all).then_some(()));
    taken.await.expect("the bots take the commands");
    for n in 0..2 {
        replicas.kill(n);
    }
    slack.clear_faults();
    replicas.all_are_connected().await;
    assert!(!oracle::looks(&slack, &crowd, Duration::from_secs(3)).await.wrong.lost.is_empty());
}
