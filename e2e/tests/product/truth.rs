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

/// Applies the fix and waits until the bot is ready and answers. Prints how long it took.
async fn recovers<F: Future<Output = ()>>(world: &World, row: &str, fix: F) -> Duration {
    fix.await;
    let took = world.ready().await;
    println!("{row}: ready {took:.1?} after the fix");
    assert_eq!(world.ask("!echo recovered").await, "recovered");
    took
}
