//! What people typed before: listed and repeated, over restarts and replicas.

use std::sync::Arc;

use chatops_bot::{
    chat::{Addressing, Incoming, Reference, plain},
    inbox::{
        Inbox, Terms,
        ledger::{Batch, Ledger, Operation},
        local::Local,
        redis::InRedis,
    },
    storage::{Memory, Redis},
};
use chatops_crds::{bot_config::RedisConfig, shared::visibility::Visibility};
use serde_json::json;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{PATIENCE, config, demo, redis_server::RedisServer, start, start_with};

#[tokio::test]
async fn commands_are_repeated_by_their_place_and_each_is_listed_once() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    let nothing = "I remember no command of yours that I could repeat.";
    assert_eq!(world.asks("!!").await, nothing);
    assert_eq!(world.asks("!history").await, "I remember no command of yours.");
    assert_eq!(world.asks("!put colour blue").await, "was nothing");
    assert_eq!(world.asks("!look colour").await, "blue");
    assert_eq!(world.asks("!nonsense").await.lines().count(), 1);
    assert_eq!(world.asks("!!").await, "!look colour\nblue");
    assert_eq!(world.asks("!2").await, "!put colour blue\nwas blue");
    assert_eq!(world.asks("!!").await, "!put colour blue\nwas blue", "it is the latest now");
    assert_eq!(world.asks("!ping").await, "pong");
    let list = "Type !! to repeat the last one, or its number, as in !3.\n\
                3: !look colour\n2: !put colour blue\n1: !ping";
    assert_eq!(world.asks("!history").await, list);
    let beyond = "I remember less than 4 commands of yours. Type !history to see them.";
    assert_eq!(world.asks("!4").await, beyond);

    world.types_in("C1", "U2", Addressing::Channel, "!!").await;
    assert_eq!(world.answer().await.1, nothing, "it is another person's");
    world.types_in("D1", "U1", Addressing::Direct, "!!").await;
    assert_eq!(world.answer().await.1, "!ping\npong", "wherever it was typed");
}

#[tokio::test]
async fn the_own_page_shows_commands_and_history_of_whoever_looks_at_it() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    world.asks("!put colour blue").await;
    world.types_in("C1", "U2", Addressing::Channel, "!ping").await;
    world.answer().await;
    let looks = Incoming { is_home: true, ..world.message("D1", "U1", Addressing::Direct, "help") };
    world.script.types(looks).await.unwrap();
    let page = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
    assert!(page.target.is_home && page.target.channel == "U1", "{:?}", page.target);
    let text = plain(&page.text);
    assert!(text.contains("• !put") && text.contains("\n1: !put colour blue\n"), "{text}");
    assert_eq!(world.asks("!history").await.lines().count(), 2, "looking is not typing");
}

#[tokio::test]
async fn a_page_of_many_commands_is_one_message() {
    let many = (100..300).map(|n| json!({"name": format!("command number {n}"), "reply": "-"}));
    let mut world = start(&config("5m", many.collect()), Arc::new(Memory::new()));
    for n in 100..112 {
        assert_eq!(world.asks(&format!("!command number {n}")).await, "-");
    }
    let looks = Incoming { is_home: true, ..world.message("D1", "U1", Addressing::Direct, "help") };
    world.script.types(looks).await.unwrap();
    let page = timeout(PATIENCE, world.script.answer()).await.unwrap().unwrap();
    let text = plain(&page.text);
    assert!(text.chars().count() < 3_500 && text.contains("… Type !help to see all of them."), "{text}");
    assert!(text.contains("\n10: !command number 102\n") && !text.contains("\n11: "), "{text}");
}

#[tokio::test]
async fn wrong_arguments_can_be_seen_again_and_long_lines_are_not_remembered() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    world.asks("!scale many").await;
    assert!(world.asks("!!").await.starts_with("!scale many\n\"replicas\" must be a whole number"));
    let not_kept = "not kept, as it is long or holds a secret";
    for unkept in
        [format!("!echo {}", "x".repeat(2_000)), "!echo ghp_0123456789abcdefghijABCDEFGHIJ012345".into()]
    {
        world.asks(&unkept).await;
        let list = world.asks("!history").await;
        assert!(list.ends_with(&format!("2: !scale many\n1: {not_kept}")), "{list}");
        assert!(world.asks("!!").await.starts_with("I did not keep that command"), "and no other one runs");
    }
    world.asks(&format!("!echo {}\nmore", "y".repeat(100))).await;
    let last = world.asks("!history").await.lines().last().unwrap().to_owned();
    assert_eq!(last, format!("1: !echo {}…", "y".repeat(75)));
    world.asks("!echo short\nmore").await;
    assert!(world.asks("!history").await.ends_with("\n1: !echo short…"), "a line that is not all says so");
}

#[tokio::test]
async fn a_command_is_repeated_as_it_was_typed_also_where_it_was_cut_short() {
    let mut world = start(&demo(), Arc::new(Memory::new()));
    assert_eq!(world.asks("!pi").await, "pong");
    assert_eq!(world.asks("!!").await, "!pi\npong");
}

#[tokio::test]
async fn what_only_one_person_saw_is_repeated_for_them_only() {
    let mut config = demo();
    config.plugins[0].commands[3].visibility = Some(Visibility::DirectMessage);
    let mut world = start(&config, Arc::new(Memory::new()));
    let mut goes = async |channel: &str, text: &str| {
        let addressing = if channel == "D1" { Addressing::Direct } else { Addressing::Channel };
        world.types_in(channel, "U1", addressing, text).await;
        world.script.answer().await.unwrap().target
    };
    let asker = Some("U1".to_owned());
    assert_eq!(goes("C1", "!who").await.channel, "U1");
    assert_eq!(goes("C1", "!!").await.only, asker, "a private answer");
    assert_eq!(goes("D1", "!ping").await.only, None);
    assert_eq!(goes("C1", "!!").await.only, asker, "typed in private");
    assert_eq!(goes("C1", "!history").await.only, asker);
    assert_eq!(goes("C1", "!hello").await.only, None);
    assert_eq!(goes("C1", "!!").await.only, None);
}

#[tokio::test]
async fn a_name_means_the_same_when_its_command_is_repeated() {
    let command =
        json!([{"name": "greet", "args": [{"name": "who", "type": "User"}], "reply": "{{ args.who.id }}"}]);
    let mut world = start(&config("5m", command), Arc::new(Memory::new()));
    let jo = Reference { text: "@jo".into(), id: "U7".into() };
    world.types_naming("!greet @jo", vec![jo]).await;
    assert_eq!(world.answer().await.1, "U7");
    assert_eq!(world.asks("!!").await, "!greet @jo\nU7");
    let wrong = r#""who" must be a person, mentioned with @, and not "@jo"."#;
    assert!(world.asks("!greet @jo").await.starts_with(wrong), "nobody said who that is");
}

#[tokio::test]
async fn history_outlasts_the_process_beside_a_file() {
    let kept = Arc::new(Memory::new());
    let process = || {
        let ledger = Local::stored(kept.clone(), Terms::default());
        let inbox = |meanings| Inbox::over(Arc::new(ledger), Terms::default(), meanings);
        start_with(&demo(), kept.clone(), inbox)
    };
    let mut first = process();
    first.asks("!put colour blue").await;
    first.inbox.close();
    first.engine.await.unwrap();
    first.inbox.leave().await;
    let mut second = process();
    second.typed = first.typed;
    assert_eq!(second.asks("!!").await, "!put colour blue\nwas blue");
}

#[tokio::test]
async fn a_repeat_that_was_answered_before_an_end_is_told_to_who_typed_it_only() {
    let kept = Arc::new(Memory::new());
    let mut world = start(&demo(), Arc::new(Memory::new()));
    let repeat = world.message("C1", "U1", Addressing::Channel, "!!");
    let accept = Operation::Accept {
        incoming: Box::new(repeat),
        run: true,
        answer: Some("for U1 only".into()),
        history: None,
    };
    let operations = vec![Operation::Join, accept];
    let batch = Batch { session: "ended".into(), number: 1, operations };
    Local::stored(kept.clone(), Terms::default()).apply(&batch).await.unwrap();

    let ledger = Local::stored(kept.clone(), Terms::default());
    let inbox = |meanings| Inbox::over(Arc::new(ledger), Terms::default(), meanings);
    let mut next = start_with(&demo(), kept, inbox);
    assert_eq!(next.script.answer().await.unwrap().target.only.as_deref(), Some("U1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_it_in_redis() {
    let server = RedisServer::start("");
    let redis = Redis::new(RedisConfig::standalone(server.address(), "prod/ops"));
    let keeper = redis.clone();
    let _keeper = AbortOnDropHandle::new(tokio::spawn(async move { keeper.run(|_| ()).await }));
    let replica = || {
        let ledger = Arc::new(InRedis::new(redis.clone(), Terms::default()));
        let inbox = |meanings| Inbox::over(ledger, Terms::default(), meanings);
        start_with(&demo(), Arc::new(redis.clone()), inbox)
    };
    let (mut one, mut other) = (replica(), replica());
    other.typed = 100;
    assert_eq!(one.asks("!put colour blue").await, "was nothing");
    // Elsewhere, since what one person types in one channel is run by one of them.
    other.types_in("C2", "U1", Addressing::Channel, "!!").await;
    assert_eq!(other.answer().await.1, "!put colour blue\nwas blue");
    assert_eq!(one.asks("!look colour").await, "blue");
    other.types_in("C2", "U1", Addressing::Channel, "!2").await;
    assert_eq!(other.answer().await.1, "!put colour blue\nwas blue");
    let list = one.asks("!history").await;
    assert!(list.ends_with("2: !look colour\n1: !put colour blue"), "{list}");
}
