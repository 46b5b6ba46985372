//! The script for Redis does what the rules say: the same batches come to the same outcomes.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use chatops_bot::{
    chat::MessageKey,
    inbox::{
        History, Terms,
        book::Book,
        ledger::{Batch, Ledger, Operation},
        redis::InRedis,
    },
    storage::Redis,
};
use chatops_crds::bot_config::RedisConfig;
use proptest::{prelude::*, test_runner::TestRunner};

use crate::{redis_server::RedisServer, typed};

/// Few places, so that everything that can happen to them does. Leases do not run out here.
const TERMS: Terms = Terms {
    lease: Duration::from_secs(3_600),
    memory: Duration::from_secs(3_600),
    backlog: 6,
    lane: 3,
    history: 3,
    history_memory: Duration::from_secs(3_600),
};

/// What one of three sessions asks for at once.
#[derive(Clone, Debug)]
struct Step {
    session: usize,
    operations: Vec<Operation>,
    /// The batch is sent twice.
    again: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Four lanes with four commands each.
    let key = || (0..16_u8).prop_map(|n| MessageKey(format!("C{}:{n}", n % 2)));
    let message = (0..16_u8)
        .prop_map(|n| typed(&format!("C{}:{n}", n % 2), &format!("C{}", n % 2), &format!("U{}", n / 2 % 2)));
    let history = prop_oneof![
        3 => "[a-d]".prop_map(History::Remember),
        1 => (0..5_usize).prop_map(History::Repeat),
        1 => prop_oneof![Just(100_000_000_000_000_001), Just(usize::MAX)].prop_map(History::Repeat),
        1 => Just(History::List),
    ];
    let operation = prop_oneof![
        6 => (message, any::<bool>(), prop::option::of(Just("at once".to_owned())), prop::option::of(history))
            .prop_map(|(incoming, run, answer, history)| {
                Operation::Accept { incoming: Box::new(incoming), run, answer, history }
            }),
        2 => (0..3_usize, prop::collection::vec((0..2_u8).prop_map(|n| format!("C{n}")), 0..2))
            .prop_map(|(lanes, except)| Operation::Claim { lanes, except }),
        1 => key().prop_map(Operation::Start),
        4 => (key(), any::<bool>()).prop_map(|(key, next)| Operation::Answer { text: format!("to {key}"), key, next }),
        4 => (key(), any::<bool>()).prop_map(|(key, next)| Operation::Finish { key, next }),
        1 => Just(Operation::Beat),
        1 => Just(Operation::Leave),
    ];
    let operations = prop::collection::vec(operation, 1..5);
    let step = (0..3_usize, operations, prop::bool::weighted(0.2));
    prop::collection::vec(
        step.prop_map(|(session, operations, again)| Step { session, operations, again }),
        1..60,
    )
}

#[test]
fn redis_keeps_commands_by_the_same_rules() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = RedisServer::start("");
    let cases = AtomicUsize::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 150, ..ProptestConfig::default() });
    let outcome = runner.run(&steps(), |steps| {
        let case = cases.fetch_add(1, Relaxed);
        let redis = Redis::new(RedisConfig::standalone(server.address(), format!("prod/ops{case}")));
        let keeper = runtime.spawn({
            let redis = redis.clone();
            async move { redis.run(|_| ()).await }
        });
        let (mut book, ledger) = (Book::new(TERMS), InRedis::new(redis, TERMS));
        let mut sessions = [(0, 0); 3];
        for Step { session, operations, again } in steps {
            let (life, number) = &mut sessions[session];
            let mut all = Vec::new();
            if *number == 0 {
                all.push(Operation::Join);
            }
            // What follows a goodbye comes from nobody.
            let end = operations.iter().position(|operation| *operation == Operation::Leave);
            all.extend(operations.into_iter().take(end.map_or(usize::MAX, |end| end + 1)));
            *number += 1;
            let batch = Batch { session: format!("{session}.{life}"), number: *number, operations: all };
            for _ in 0..=usize::from(again && end.is_none()) {
                let expected = book.apply(&batch, 0);
                let found = runtime.block_on(ledger.apply(&batch)).unwrap();
                prop_assert_eq!(&found, &expected, "{:?}", batch);
            }
            if end.is_some() {
                (*life, *number) = (*life + 1, 0);
            }
        }
        keeper.abort();
        Ok(())
    });
    outcome.unwrap();
}
