//! The command loop, spoken to by a script: who is answered what, in which order, and what happens when things fail.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "engine/addressing.rs"]
mod addressing;
#[path = "engine/forms.rs"]
mod forms;
#[path = "engine/history.rs"]
mod history;
#[path = "engine/patience.rs"]
mod patience;
#[path = "engine/reactions.rs"]
mod reactions;
#[path = "support/redis_server.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod redis_server;
#[path = "engine/world.rs"]
mod world;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use chatops_bot::{
    chat::{Addressing, Incoming, MessageKey, Sign, Target},
    engine::Program,
    inbox::{
        Inbox, Terms,
        ledger::{self, Batch, Ledger},
        local::Local,
    },
    storage::{Memory, Redis, Storage, StorageError},
};
use chatops_crds::{
    bot_config::{BotConfig, RedisConfig},
    chat_bot::commands::{Alias, UnknownCommand},
    shared::visibility::Visibility,
};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::time::timeout;
use world::{PATIENCE, Slow, World, config, demo, start, start_with};

#[tokio::test]
async fn a_command_reads_and_writes_and_answers() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    assert_eq!(world.asks("!look colour").await, "nothing");
    assert_eq!(world.asks("!put colour dark  \"blue\"").await, "was nothing");
    assert_eq!(world.asks("!put colour red").await, "was dark  \"blue\"");
    assert_eq!(world.asks("!look colour").await, "red");
    assert_eq!(world.asks("!who").await, "U1 ? C1 ops");
    assert_eq!(world.asks("!hello").await, format!("Hello {}", chatops_bot::chat::mention("U1")));
    assert_eq!(world.asks("!quiet").await, "Done.");
}

#[tokio::test]
async fn talk_between_people_is_not_answered_and_everything_else_is() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    for text in ["hello", "!", "!!!", "! nice", "!?"] {
        world.types(text).await;
    }
    // The first answer belongs to the first message that is meant for the bot.
    assert_eq!(world.asks("!ping").await, "pong");
    world.types_in("D1", "U1", Addressing::Direct, "!").await;
    assert_eq!(world.answer().await.1, "Yes? Type !help to see what I can do.");
    world.types_in("C1", "U1", Addressing::Mention, "ping").await;
    assert_eq!(world.answer().await.1, "pong");
    assert_eq!(world.asks("!pnig").await, r#"Command "pnig" not found. Did you mean "!ping"?"#);
    assert_eq!(world.asks("!echo").await, "\"text\" is missing.\nUsage: !echo <text…>");
    assert_eq!(world.asks("!ping pong").await, "\"pong\" is one argument too many.\nUsage: !ping");
}

#[tokio::test]
async fn a_template_that_fails_says_so_and_what_to_mend() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    let said = world.asks("!broken").await;
    assert!(said.contains("reply, line 1") && said.contains("plugin demo"), "{said}");
    assert_eq!(world.asks("!look \"\"").await, "The key is empty.");
    let said = world.asks(&format!("!look {}", "x".repeat(1_001))).await;
    assert_eq!(said, "The key has 1001 characters; 1000 is the most.");
}

#[tokio::test]
async fn what_one_person_types_in_one_channel_is_answered_in_order() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    for n in 0..100 {
        world
            .types_in(
                &format!("C{}", n % 2),
                &format!("U{}", n % 3),
                Addressing::Channel,
                &format!("!echo {n}"),
            )
            .await;
    }
    let mut last = HashMap::new();
    for _ in 0..100 {
        let (channel, text) = world.answer().await;
        let n: i32 = text.parse().unwrap();
        let before = last.insert((channel, n % 3), n);
        assert!(before < Some(n), "{before:?} was answered before {n}");
    }
}

#[tokio::test]
async fn a_slow_command_holds_up_only_who_typed_it_where_it_was_typed() {
    let slow = Slow::new();
    let mut world = start(&demo(), slow.clone());
    world.types("!look x").await;
    world.types("!echo behind").await;
    world.types_in("C2", "U1", Addressing::Channel, "!echo elsewhere").await;
    world.types_in("C1", "U2", Addressing::Channel, "!echo someone else").await;
    let mut first = [world.answer().await.1, world.answer().await.1];
    first.sort();
    assert_eq!(first, ["elsewhere", "someone else"]);
    slow.go.add_permits(1);
    assert_eq!(world.answer().await.1, "nothing");
    assert_eq!(world.answer().await.1, "behind");
}

#[tokio::test]
async fn a_panic_is_answered_with_an_apology_and_the_bot_goes_on() {
    let mut world = start(&demo(), Slow::new());
    let said = world.asks("!look panic").await;
    assert!(said.starts_with("Sorry, something went wrong in me."), "{said}");
    assert_eq!(world.asks("!ping").await, "pong");
}

#[tokio::test]
async fn storage_that_is_not_there_is_admitted_at_once() {
    let unreachable = RedisConfig::standalone("127.0.0.1:1", "x");
    let redis = Redis::new(unreachable);
    let keeper = redis.clone();
    tokio::spawn(async move { keeper.run(|_| ()).await });
    let mut world = start(&demo(), Arc::new(redis));
    let said = world.asks("!look x").await;
    assert!(said.starts_with("My storage cannot be reached at the moment"), "{said}");
    assert_eq!(world.asks("!ping").await, "pong");
}

#[tokio::test]
async fn new_commands_apply_from_the_next_message_on() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    assert!(world.asks("!fresh").await.contains("not found"));
    let (program, reports) = Program::load(&config("5m", json!([{"name": "fresh", "reply": "here"}])));
    world.program.send_replace(Arc::new(program));
    assert_eq!(reports[0].commands, 1);
    assert_eq!(world.asks("!fresh").await, "here");
    assert!(world.asks("!quiet").await.contains("not found"));
}

#[tokio::test]
async fn a_command_whose_template_does_not_parse_is_left_out_and_reported() {
    let commands = json!([{"name": "bad", "reply": "fine\n{{ user."}, {"name": "good", "reply": "fine"}]);
    let (program, reports) = Program::load(&config("5m", commands));
    assert_eq!(program.catalogue.shown_names().filter(|name| ["bad", "good"].contains(name)).count(), 1);
    assert_eq!((reports[0].commands, reports[0].generation, reports[0].faults.len()), (1, 3, 1));
    let fault = &reports[0].faults[0];
    assert_eq!([fault.arg("command"), fault.arg("field"), fault.arg("line")], ["bad", "reply", "2"]);
}

#[tokio::test]
async fn everything_that_was_taken_is_answered_before_the_end() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    for n in 0..50 {
        world.types(&format!("!echo {n}")).await;
    }
    world.stop.cancel();
    world.inbox.close();
    timeout(PATIENCE, world.engine).await.unwrap().unwrap();
    for n in 0..50 {
        assert_eq!(timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap().text, n.to_string());
    }
}

/// A place that counts how often it is asked.
struct Counting {
    place: Local,
    asked: AtomicUsize,
}

impl Ledger for Counting {
    fn apply<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Result<Vec<ledger::Outcome>, StorageError>> {
        self.asked.fetch_add(1, Relaxed);
        self.place.apply(batch)
    }

    fn outlasts(&self) -> bool {
        true
    }

    fn guarded(&self, _: &str, _: &MessageKey) -> Option<Arc<dyn Storage>> {
        None
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_only_answers_asks_storage_once() {
    let place = Local::in_memory(Terms::default());
    let counting = Arc::new(Counting { place, asked: AtomicUsize::new(0) });
    let (terms, ledger) = (Terms::default(), counting.clone());
    let mut world = start_with(&demo(), Arc::new(Memory::new()), |read| Inbox::over(ledger, terms, read));
    assert_eq!(world.asks("!ping").await, "pong");
    let before = counting.asked.load(Relaxed);
    for (typed, answer) in [("!echo a", "a"), ("!who", "U1 ? C1 ops"), ("!quiet", "Done.")].repeat(10) {
        assert_eq!(world.asks(typed).await, answer);
    }
    assert_eq!(counting.asked.load(Relaxed) - before, 30);
    assert_eq!(world.asks("!look nothing").await, "nothing");
    assert_eq!(
        counting.asked.load(Relaxed) - before,
        32,
        "what uses storage is kept first, and then its answer"
    );
}

#[tokio::test]
async fn a_bot_answers_to_other_names_and_leaves_alone_what_may_be_another_bots() {
    let mut config = demo();
    config.commands.alternate_prefixes = vec!["Hey ops,".into()];
    config.commands.aliases = vec![Alias { name: "grow".into(), command: "scale --within 5s".into() }];
    config.commands.unknown_command = UnknownCommand::Ignore;
    let mut world = start(&config, Arc::new(Memory::new()));
    for nobodys in ["!deploy web", "hey ops, deploy web"] {
        world.types(nobodys).await;
    }
    assert_eq!(world.asks("hey Ops, GROW 4").await, "5 in 5 s");
    let help = world.asks("!help grow").await;
    assert!(help.starts_with("Usage: !scale <replicas>"), "{help}");
    assert!(help.contains("• !grow stands for !scale --within 5s"), "{help}");
    world.types_in("D1", "U1", Addressing::Direct, "deploy web").await;
    assert!(world.answer().await.1.contains("not found"));
}

#[tokio::test]
async fn templates_get_values_of_their_arguments_types() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    assert_eq!(world.asks("!scale 2 --force").await, "3 by force in 120 s");
    assert_eq!(world.asks("!scale 0 --force=no --within 90s").await, "1 in 90 s");
    let usage = "Usage: !scale <replicas> [--force] [within]";
    let wrong = r#""replicas" must be at least 0, and not "-1"."#;
    assert_eq!(world.asks("!scale -1").await, format!("{wrong}\n{usage}"));
}

#[tokio::test]
async fn what_plugins_and_aliases_have_comes_before_what_others_call_administration() {
    let mut config =
        config("5m", json!([{"name": "log", "args": [{"name": "text", "rest": true}], "reply": "logged"}]));
    config.commands.aliases = vec![Alias { name: "backup".into(), command: "log backup".into() }];
    let mut world = start(&config, Arc::new(Memory::new()));
    assert_eq!(world.asks("!log tail light is broken").await, "logged");
    assert_eq!(world.asks("!backup").await, "logged");
    assert!(world.asks("!restart").await.contains("kubectl -n prod rollout restart deployment/ops-bot"));
    let missing = world.asks(&format!("!plugin info {}", "x".repeat(99))).await;
    assert!(missing.contains(&format!("no plugin \"{}…\"", "x".repeat(40))), "{missing}");
    assert!(world.asks("!repos uninstall demo").await.contains("delete botplugin demo\n"));
    let copied = world.asks("!repos uninstall \"demo; rm -rf ~\"").await;
    assert!(copied.contains("delete botplugin NAME\n"), "{copied}");
}

#[tokio::test]
async fn who_sees_an_answer_is_said_by_the_bot_and_by_its_commands() {
    let mut config = demo();
    let targets = async |config: &BotConfig, text: &str| {
        let mut world = start(config, Arc::new(Memory::new()));
        let mut targets = Vec::new();
        for (thread, channel) in [(None, "C1"), (Some("7"), "C1"), (None, "D1")] {
            let addressing = if channel == "D1" { Addressing::Direct } else { Addressing::Channel };
            let message = world.message(channel, "U1", addressing, text);
            let (thread, opens_thread) = (thread.map(str::to_owned), Some("9".to_owned()));
            world.script.types(Incoming { thread, opens_thread, ..message }).await.unwrap();
            targets.push(timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap().target);
        }
        targets
    };
    let at = |channel: &str, thread: Option<&str>, only: Option<&str>| Target {
        channel: channel.into(),
        thread: thread.map(Into::into),
        only: only.map(Into::into),
        reply_url: None,
        is_home: false,
    };
    let direct = at("D1", None, None);
    let here = [at("C1", None, None), at("C1", Some("7"), None), direct.clone()];
    assert_eq!(targets(&config, "!ping").await, here);
    config.visibility = Visibility::Thread;
    let below = [at("C1", Some("9"), None), at("C1", Some("7"), None), direct.clone()];
    assert_eq!(targets(&config, "!ping").await, below);
    config.plugins[0].commands[3].visibility = Some(Visibility::Ephemeral);
    let only = [at("C1", None, Some("U1")), at("C1", Some("7"), Some("U1")), direct.clone()];
    assert_eq!(targets(&config, "!who").await, only);
    config.visibility = Visibility::DirectMessage;
    assert_eq!(targets(&config, "!ping").await, [at("U1", None, None), at("U1", None, None), direct]);
}

#[tokio::test]
async fn what_people_say_is_answered_by_what_matches_it() {
    let mut config = demo();
    config.plugins[0].matches = serde_json::from_value(json!([
        {"pattern": "INC-(?P<id>[0-9]+)", "reply": "https://incidents/{{ match.id }}", "summary": "Links to incidents"},
        {"pattern": "(", "reply": "never"},
    ]))
    .unwrap();
    let (_, reports) = Program::load(&config);
    assert_eq!(reports[0].faults[0].arg("pattern"), "(");
    let mut world = start(&config, Arc::new(Memory::new()));
    assert_eq!(world.asks("look at INC-42, please").await, "https://incidents/42");
    world.types_in("D1", "U1", Addressing::Direct, "INC-7?").await;
    assert_eq!(world.answer().await.1, "https://incidents/7");
    let old = world.message("C1", "U1", Addressing::Channel, "INC-9");
    world.script.types(Incoming { typed_at: 1, ..old }).await.unwrap();
    assert_eq!(
        world.asks("!echo INC-1").await,
        "INC-1",
        "a command is answered as one, and what is old not at all"
    );
    assert!(world.asks("!INC-1").await.contains("not found"), "also one that does not exist");
    let help = world.asks("!help demo").await;
    assert!(help.ends_with("• what matches INC-(?P<id>[0-9]+) – Links to incidents"), "{help}");
}

#[tokio::test]
async fn the_end_does_not_wait_for_a_command_beyond_the_grace() {
    let mut world = start(&demo(), Slow::new());
    world.types("!look x").await;
    world.stop.cancel();
    world.inbox.close();
    timeout(PATIENCE, world.engine).await.expect("the engine returns").unwrap();
}

/// What is said of a command by the process after the one that ended when the command had just written, and where.
async fn said_after_an_end_in_the_middle(command: Value) -> (String, World) {
    let (kept, storage) = (Arc::new(Memory::new()), Slow::new());
    let process = || {
        let ledger = Local::stored(kept.clone(), Terms::default());
        let inbox = |meanings| Inbox::over(Arc::new(ledger), Terms::default(), meanings);
        start_with(&config("5m", json!([command])), storage.clone(), inbox)
    };
    let mut first = process();
    let put = first.message("C1", "U1", Addressing::Channel, "!put colour blue");
    first.script.types(Incoming { opens_thread: Some("7".into()), ..put }).await.unwrap();
    let is_written = async {
        while storage.memory.get("demo", "colour").await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, is_written).await.expect("the command writes");
    first.engine.abort();
    storage.go.add_permits(10);
    let mut second = process();
    (second.answer().await.1, second)
}

#[tokio::test]
async fn a_command_that_wrote_when_its_process_ended_is_run_again_only_if_its_plugin_allows_it() {
    let mut put = json!({
        "name": "put", "args": [{"name": "key"}, {"name": "value"}],
        "store": {"set": {"key": "{{ args.key }}", "value": "{{ args.value }}"}},
        "reply": "was {{ result | default('nothing') }}",
    });
    let (said, mut world) = said_after_an_end_in_the_middle(put.clone()).await;
    assert!(said.contains("its outcome is unknown"), "{said}");
    // The first process may have put it on.
    let (_, sign, is_put_on) = timeout(PATIENCE, world.script.sign()).await.unwrap().unwrap();
    assert_eq!((sign, is_put_on), (Sign::Working, false));
    put["idempotent"] = json!(true);
    assert_eq!(said_after_an_end_in_the_middle(put).await.0, "was blue");
}
