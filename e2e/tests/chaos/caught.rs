//! The eyes of this test on bots that are known to be wrong: what they do not see there proves nothing elsewhere. Each
//! defect is looked at beside a bot without it, to which the same happens.

use chatops_e2e::{
    local::Redis,
    slack::{Fault, Simulator},
};
use serde_json::json;
use tokio::time::Duration;

use crate::{
    ANSWERED, PATIENCE, RATE,
    broken::{Bot, Defect},
    crowd::Crowd,
    oracle::{Wrong, looks},
    slack,
};

const TYPED: usize = 32;

/// A Slack in which people have typed what one bot has acknowledged.
struct Scene {
    slack: Simulator,
    redis: Redis,
    crowd: Crowd,
    bot: Bot,
}

impl Scene {
    async fn with(defect: Defect, fault: Fault) -> Scene {
        let (slack, redis) = (slack(TYPED).await, Redis::start().expect("a Redis"));
        let mut crowd = Crowd::in_channels_of(&slack, 4).await;
        let bot = Bot::start(&slack, &redis, defect);
        slack.wait_for_sockets(1, PATIENCE).await.expect("it connects");
        slack.inject(fault);
        crowd.types(TYPED, RATE).await;
        let all = TYPED as u64;
        let acknowledged = slack.wait_until("acknowledgements", PATIENCE, |slack| {
            (slack.stats().acknowledged >= all).then_some(())
        });
        acknowledged.await.expect("the bot takes the commands");
        Scene { slack, redis, crowd, bot }
    }

    async fn looks(&self, patience: Duration) -> Wrong {
        looks(&self.slack, &self.crowd, patience).await.wrong
    }
}

async fn after_a_crash(defect: Defect) -> Wrong {
    let Scene { slack, redis, crowd, bot } = Scene::with(defect, Fault::BlackHole { millis: None }).await;
    drop(bot);
    slack.clear_faults();
    let _next = Bot::start(&slack, &redis, Defect::None);
    slack.wait_for_sockets(1, PATIENCE).await.expect("it connects");
    // Longer than the lease of the one that is gone.
    let patience = if defect == Defect::None { ANSWERED } else { Duration::from_secs(10) };
    looks(&slack, &crowd, patience).await.wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_acknowledges_before_it_stores_is_caught() {
    assert_eq!(after_a_crash(Defect::None).await, Wrong::default());
    assert_eq!(after_a_crash(Defect::AcknowledgesFirst).await.lost.len(), TYPED);
}

async fn delivered_twice(defect: Defect) -> Wrong {
    Scene::with(defect, Fault::DuplicateEvents { times: TYPED as u32 }).await.looks(ANSWERED).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_does_not_know_a_message_again_is_caught() {
    assert_eq!(delivered_twice(Defect::None).await, Wrong::default());
    let wrong = delivered_twice(Defect::TakesTwice).await;
    assert!(!wrong.doubled.is_empty() && !wrong.run_again.is_empty(), "{wrong:?}");
}

/// Another one takes over while the first has no way to know.
async fn cut_off(defect: Defect) -> Wrong {
    let scene = Scene::with(defect, Fault::ApiLatency { millis: 1_500 }).await;
    scene.bot.is_cut_off(true);
    let _other = Bot::start(&scene.slack, &scene.redis, Defect::None);
    assert_eq!(scene.looks(ANSWERED).await, Wrong::default(), "the other one answers");
    scene.slack.clear_faults();
    scene.bot.is_cut_off(false);
    scene.bot.has_said_everything().await;
    scene.looks(ANSWERED).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_goes_on_with_what_another_one_has_is_caught() {
    assert_eq!(cut_off(Defect::None).await, Wrong::default());
    assert!(!cut_off(Defect::HeedsNoFence).await.doubled.is_empty());
}

/// Everything at once, and what is right beside it.
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
    let seen = looks(&slack, &crowd, Duration::ZERO).await.wrong;
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
