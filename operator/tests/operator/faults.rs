//! Whatever the API server does, the end is the same, and what is said meanwhile is true.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use crate::{
    api_server::{Call, Fault},
    world::{CHILD, CHILDREN, World, chat_bot, plugin, well},
};

/// The children without what differs from run to run.
fn end_state(world: &World) -> Vec<Value> {
    let normal = |kind: &&str| {
        let mut child = world.api.get(kind, CHILD).unwrap();
        for field in ["uid", "resourceVersion", "generation", "ownerReferences", "annotations"] {
            child["metadata"].as_object_mut().unwrap().remove(field);
        }
        child.as_object_mut().unwrap().remove("status");
        child
    };
    CHILDREN.iter().map(normal).collect()
}

async fn run(world: &World) {
    world.api.put("botplugins", plugin("hello", "hello"));
    world.api.put("chatbots", chat_bot(&json!({})));
    world.pod_runs("ops-bot-1", well()).await;
    world.told("Ready", "True/Connected").await;
    world.plugin_told("hello", "True/Programmed").await;
    world.settled().await;
}

async fn undisturbed() -> Vec<Value> {
    let world = World::new();
    run(&world).await;
    end_state(&world)
}

/// Answers the `nth` write with `fault`, once.
fn nth_write(nth: usize, fault: Fault) -> impl FnMut(&Call) -> Option<Fault> + Send {
    let count = Arc::new(AtomicUsize::new(0));
    move |call| (call.is_write() && count.fetch_add(1, Ordering::Relaxed) == nth).then(|| fault.clone())
}

#[tokio::test(start_paused = true)]
async fn any_write_may_fail_once_in_any_way_and_the_end_is_the_same() {
    let expected = undisturbed().await;
    let faults = [
        Fault::Refused(409, "Conflict"),
        Fault::Refused(429, "TooManyRequests"),
        Fault::Refused(500, "InternalError"),
        Fault::AfterCommit(504),
    ];
    for fault in faults {
        for nth in 0..12 {
            let world = World::new();
            world.api.on_request(nth_write(nth, fault.clone()));
            run(&world).await;
            assert_eq!(end_state(&world), expected, "{fault:?} at write {nth}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_answered_holds_up_nothing_for_ever() {
    let expected = undisturbed().await;
    for nth in 0..8 {
        let world = World::new();
        world.api.on_request(nth_write(nth, Fault::Hang));
        run(&world).await;
        assert_eq!(end_state(&world), expected, "write {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn killed_before_or_after_any_write_the_next_operator_ends_at_the_same() {
    let expected = undisturbed().await;
    for nth in 0..12 {
        let mut world = World::new();
        // Everything from the n-th write on fails, the n-th itself after it was committed.
        let count = Arc::new(AtomicUsize::new(0));
        world.api.on_request(move |call| {
            let before = if call.is_write() {
                count.fetch_add(1, Ordering::Relaxed)
            } else {
                count.load(Ordering::Relaxed)
            };
            match before {
                before if before < nth => None,
                before if before == nth && call.is_write() => Some(Fault::AfterCommit(500)),
                _ if call.is_write() => Some(Fault::Refused(500, "InternalError")),
                _ => None,
            }
        });
        world.api.put("botplugins", plugin("hello", "hello"));
        world.api.put("chatbots", chat_bot(&json!({})));
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
        world.kill();
        world.api.without_faults();
        world.start();
        run(&world).await;
        assert_eq!(end_state(&world), expected, "write {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_errors_ends_in_the_same_state() {
    let expected = undisturbed().await;
    let world = World::new();
    world.api.on_request(|_| Some(Fault::Refused(503, "ServiceUnavailable")));
    world.api.put("chatbots", chat_bot(&json!({})));
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    world.api.without_faults();
    run(&world).await;
    assert_eq!(end_state(&world), expected);
}

#[tokio::test(start_paused = true)]
async fn what_was_deleted_while_the_watch_was_down_comes_back() {
    let world = World::new();
    world.ready_bot().await;
    world.settled().await;
    world.api.refuse_watches();
    for kind in CHILDREN {
        world.api.delete(kind, CHILD);
    }
    world.api.allow_watches();
    world.all_children().await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_was_replaced_while_the_watch_was_down_gets_objects_of_its_own() {
    let world = World::new();
    world.ready_bot().await;
    world.settled().await;
    world.api.refuse_watches();
    world.api.delete("chatbots", "ops");
    world.api.put("chatbots", chat_bot(&json!({})));
    world.api.allow_watches();
    // The objects still belong to the bot before; the garbage collector removes them.
    world.told("Accepted", "False/NotOwned").await;
    for kind in CHILDREN {
        world.api.delete(kind, CHILD);
    }
    world.told("Accepted", "True/Accepted").await;
    world.all_children().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_created_is_reported_and_tried_again() {
    let world = World::new();
    world.api.on_request(|call| {
        (call.is_write() && call.resource == "deployments").then_some(Fault::Refused(403, "Forbidden"))
    });
    world.api.put("chatbots", chat_bot(&json!({})));
    let message = world.told("Ready", "False/CreationForbidden").await;
    assert!(message.contains("Deployment \"ops-bot\"") && message.contains("quota"), "{message}");
    world.api.without_faults();
    world.all_children().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_api_server_finds_invalid_is_reported() {
    let world = World::new();
    world.api.on_request(|call| {
        (call.is_write() && call.resource == "deployments").then_some(Fault::Refused(422, "Invalid"))
    });
    world.api.put("chatbots", chat_bot(&json!({})));
    let message = world.told("Accepted", "False/InvalidSpec").await;
    assert!(message.contains("Deployment \"ops-bot\""), "{message}");
    world.told("Progressing", "False/InvalidSpec").await;
}

#[tokio::test(start_paused = true)]
async fn one_object_that_cannot_be_read_says_so_and_stops_no_other() {
    let world = World::new();
    let mut unreadable = chat_bot(&json!({"replicas": "many"}));
    unreadable["metadata"]["name"] = json!("broken");
    world.api.put("chatbots", unreadable);
    world.ready_bot().await;
    let ready = world
        .eventually("the verdict", |api| {
            let bot = api.get("chatbots", "broken")?;
            let conditions = bot["status"]["conditions"].as_array()?.clone();
            conditions.into_iter().find(|c| c["type"] == "Ready" && c["reason"] == "InvalidSpec")
        })
        .await;
    assert!(ready["message"].as_str().unwrap().contains("many"), "{ready}");
    world.settled().await;
    assert_eq!(world.settled().await, [], "it is told once");
}
