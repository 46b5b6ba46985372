//! Whatever is wrong, the conditions say it: the right condition, the right reason, a message that names object, field
//! and fix, the same text as one Event, and recovery without help after the fix.

mod connection;
mod credentials;
mod plugins;
mod pods;
mod storage;

use std::{future::Future, time::Duration};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::support::{SOON, World, eventually};

/// Waits until the bot is not ready for `reason`, and checks that the message says each of `words`, and that the same
/// text stands in exactly one Event.
async fn not_ready(world: &World, reason: &str, words: &[&str]) {
    let (condition, _) = world.told("Ready", "False", reason).await;
    says(&condition, words);
    one_event(world, &condition).await;
}

/// The message names what a person needs.
fn says(condition: &Condition, words: &[&str]) {
    for word in words {
        assert!(condition.message.contains(word), "{word:?} is not in {:?}", condition.message);
    }
}

async fn one_event(world: &World, condition: &Condition) {
    let told = || async {
        let events = world.events(&condition.reason).await;
        let same = events.iter().filter(|note| **note == condition.message).count();
        if same == 1 { Ok(()) } else { Err((condition.message.clone(), events)) }
    };
    eventually(&format!("one Event {}", condition.reason), SOON, told).await;
}

/// After the fix nothing has to be restarted or waited for longer.
const RECOVERY: Duration = Duration::from_secs(10);

/// Applies the fix, and checks that the bot is ready in time and answers.
async fn recovers<F: Future<Output = ()>>(world: &World, row: &str, fix: F) {
    fix.await;
    told_in_time(world, row, "Ready", "Connected").await;
    assert_eq!(world.ask("!echo recovered").await, "recovered");
}

/// Condition `type_` is true again for `reason`, in time after the fix.
async fn told_in_time(world: &World, row: &str, type_: &str, reason: &str) {
    let (_, took) = world.told(type_, "True", reason).await;
    println!("{row}: {type_} {took:.1?} after the fix");
    assert!(took <= RECOVERY, "{row}: {type_} only {took:.1?} after the fix");
}
