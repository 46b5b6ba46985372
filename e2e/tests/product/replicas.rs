//! Several pods of one bot: each command is answered once, whatever becomes of the pods.

use std::{collections::BTreeMap, future::Future, time::Duration};

use chatops_e2e::slack::Fault;
use futures::{FutureExt, pin_mut};
use kube::ResourceExt;
use serde_json::json;

use crate::support::{SOON, World, eventually, in_a_world};

const REPLICAS: usize = 3;

/// Between two commands: several are under way whenever a pod ends.
const PACE: Duration = Duration::from_millis(100);

/// At least so many are typed while something happens.
const COMMANDS: usize = 40;

/// What was not acknowledged is delivered again after a minute.
const ANSWERED: Duration = Duration::from_secs(150);

/// People type while `happening` is under way; each command is answered, and once.
async fn nothing_is_lost_or_doubled(world: &World, what: &str, happening: impl Future<Output = ()>) {
    let happening = happening.fuse();
    pin_mut!(happening);
    let mut pace = tokio::time::interval(PACE);
    let mut words = Vec::new();
    let mut is_over = false;
    while !is_over || words.len() < COMMANDS {
        tokio::select! {
            () = &mut happening, if !is_over => is_over = true,
            _ = pace.tick() => {
                let word = format!("{what}-{:04}", words.len());
                let (person, channel) = [("alice", "#ops"), ("bob", "#ops"), ("alice", "#general")][words.len() % 3];
                let typed = world.slack.user(person).types(channel, &format!("!echo {word}")).await;
                typed.unwrap_or_else(|error| panic!("{person} types: {error:#}"));
                words.push(word);
            }
        }
    }
    eventually(&format!("every answer while {what}"), ANSWERED, || async {
        let times = answers(world, &words);
        let missing: Vec<_> = times.iter().filter(|(_, times)| **times == 0).map(|(word, _)| *word).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
    })
    .await;
    let doubled: Vec<_> = answers(world, &words).into_iter().filter(|(_, times)| *times > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
    println!("{what}: {} commands", words.len());
}

/// How often each of `words` was answered.
fn answers<'a>(world: &World, words: &'a [String]) -> BTreeMap<&'a str, usize> {
    let transcript = world.slack.transcript();
    let texts: Vec<_> = transcript.iter().filter_map(|entry| entry.action.new_message()).collect();
    let times = |word: &str| texts.iter().map(|message| message.text.matches(word).count()).sum();
    words.iter().map(|word| (word.as_str(), times(word))).collect()
}

async fn names(world: &World) -> Vec<String> {
    world.pods().await.iter().map(ResourceExt::name_any).collect()
}

/// Waits until all pods answer and no other is left.
async fn all_answer(world: &World) {
    eventually("all pods answer", SOON, || async {
        let row = world.kubectl("get chatbot ops --no-headers").await;
        let pods = names(world).await.len();
        if row.contains("3/3") && pods == REPLICAS { Ok(()) } else { Err(row) }
    })
    .await;
    world.told("Progressing", "True", "RolledOut").await;
    world.slack.wait_for_sockets(REPLICAS, SOON).await.expect("a socket a pod");
}

/// Asks for the eviction of a pod, as a node drain does. `Err` is why not.
async fn evict(world: &World, pod: &str) -> Result<(), String> {
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}});
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), eviction.to_string()).expect("the file is written");
    let path = format!("/api/v1/namespaces/{}/pods/{pod}/eviction", world.namespace);
    let said = world.try_kubectl(&format!("create --raw {path} -f {}", file.path().display())).await;
    if said.contains("\"Success\"") { Ok(()) } else { Err(said) }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_once_while_pods_are_killed_drained_and_replaced() {
    in_a_world(|world| async move {
        world.ready_bot(json!({"replicas": REPLICAS, "storage": {"managedRedis": {}}})).await;
        all_answer(&world).await;

        world.slack.inject(Fault::DuplicateEvents { times: 20 });
        nothing_is_lost_or_doubled(&world, "duplicated", async {}).await;

        nothing_is_lost_or_doubled(&world, "killed", async {
            let pods = names(&world).await;
            world.kubectl(&format!("delete pod {} {} --force --grace-period=0", pods[0], pods[1])).await;
            all_answer(&world).await;
        })
        .await;

        nothing_is_lost_or_doubled(&world, "drained", async {
            let pods = names(&world).await;
            // The budget is counted a moment after the pods are ready.
            eventually("one pod may be taken", SOON, || evict(&world, &pods[0])).await;
            let refused = evict(&world, &pods[1]).await.expect_err("only one at a time");
            assert!(refused.contains("disruption budget"), "{refused}");
            all_answer(&world).await;
        })
        .await;

        nothing_is_lost_or_doubled(&world, "replaced", async {
            world.patch_bot(json!({"dns": {"options": [{"name": "edns0"}]}})).await;
            all_answer(&world).await;
        })
        .await;

        nothing_is_lost_or_doubled(&world, "scaled", async {
            world.kubectl("scale chatbot ops --replicas=1").await;
            world.slack.wait_for_sockets(1, SOON).await.expect("one socket");
        })
        .await;
    })
    .await;
}
