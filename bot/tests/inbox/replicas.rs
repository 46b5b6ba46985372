//! Replicas that share an inbox in a real Redis.

use std::{sync::Arc, time::Duration};

use chatops_bot::{
    inbox::{Accepted, Claim, Inbox, Lost, Meaning, Said, Taken, Terms, Ticket, Work, redis::InRedis},
    storage::{Redis, StorageError},
};
use chatops_crds::bot_config::RedisConfig;
use serde_json::json;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::{redis_server::RedisServer, typed};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Short, so that it runs out within a test; longer than a busy machine takes to renew it.
fn terms() -> Terms {
    Terms { lease: Duration::from_secs(3), ..Terms::default() }
}

struct Replica {
    inbox: Inbox,
    redis: Redis,
    keeper: AbortOnDropHandle<()>,
}

impl Replica {
    fn start(server: &RedisServer) -> Replica {
        Replica::to_whom(server, Meaning::Command(None))
    }

    /// To whom every message means this.
    fn to_whom(server: &RedisServer, meaning: Meaning) -> Replica {
        let redis = Redis::new(RedisConfig::standalone(server.address(), "prod/ops"));
        let keeper = tokio::spawn({
            let redis = redis.clone();
            async move { redis.run(|_| ()).await }
        });
        let inbox = Inbox::over(
            Arc::new(InRedis::new(redis.clone(), terms())),
            terms(),
            Box::new(move |_| meaning.clone()),
        );
        Replica { inbox, redis, keeper: AbortOnDropHandle::new(keeper) }
    }

    async fn takes(&self, key: &str) -> Accepted {
        timeout(PATIENCE, self.inbox.accept(typed(key, "C1", "U1"))).await.unwrap().unwrap()
    }

    /// The next lane with something to run.
    async fn runs(&self) -> (Taken, Arc<str>) {
        let work = timeout(PATIENCE, self.inbox.next()).await.expect("something to run in time").unwrap();
        let Work::Lane { claim, session } = work else { panic!("{work:?}") };
        assert_eq!(claim.answered, []);
        (claim.run.expect("something to run"), session)
    }

    /// As when its machine is gone: nothing of it reaches Redis any more.
    async fn dies(self) {
        drop(self.inbox);
        self.keeper.abort();
        let _ = self.keeper.await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_reaches_two_replicas_is_one_command() {
    let server = RedisServer::start("");
    let (one, other) = (Replica::start(&server), Replica::start(&server));
    assert_eq!(one.takes("C1:1").await, Accepted::New);
    assert_eq!(other.takes("C1:1").await, Accepted::Duplicate);
    let (taken, session) = one.runs().await;
    let ticket = Ticket::new(&session, &taken.incoming);
    assert_eq!((taken.incoming, taken.started), (typed("C1:1", "C1", "U1"), false));
    assert_eq!(one.inbox.answer(&ticket, "done".into()).await, Ok(None));
    assert_eq!(one.inbox.finish(&ticket).await, None);
    assert_eq!(other.takes("C1:1").await, Accepted::Duplicate);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_replica_had_is_taken_over_and_what_it_had_begun_is_told() {
    let server = RedisServer::start("");
    let (one, other) = (Replica::start(&server), Replica::start(&server));
    for key in ["C1:1", "C1:2", "C1:3"] {
        assert_eq!(one.takes(key).await, Accepted::New);
    }
    let (first, session) = one.runs().await;
    let first = Ticket::new(&session, &first.incoming);
    let second = one.inbox.answer(&first, "first".into()).await.unwrap().unwrap();
    one.inbox.start(&Ticket::new(&session, &second.incoming)).await.unwrap();
    one.dies().await;

    let work = timeout(PATIENCE, other.inbox.next()).await.expect("taken over in time").unwrap();
    let Work::Lane { claim, session } = work else { panic!("{work:?}") };
    assert_eq!(claim.answered, [(typed("C1:1", "C1", "U1"), "first".to_owned())]);
    let begun = claim.run.unwrap();
    assert_eq!((begun.incoming.key.0.as_str(), begun.started), ("C1:2", true));
    let begun = Ticket::new(&session, &begun.incoming);
    let third = other.inbox.answer(&begun, "unknown".into()).await.unwrap().unwrap();
    assert_eq!((third.incoming.key.0.as_str(), third.started), ("C1:3", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_known_is_kept_with_its_command() {
    let server = RedisServer::start("");
    let said = Said { text: "pong".into(), outcome: "succeeded", took: Duration::ZERO };
    let one = Replica::to_whom(&server, Meaning::Says(said.clone(), None));
    assert_eq!(one.takes("C1:1").await, Accepted::New);
    let work = timeout(PATIENCE, one.inbox.next()).await.expect("something to say in time").unwrap();
    let Work::Said { incoming, said: theirs, .. } = work else { panic!("{work:?}") };
    assert_eq!((incoming, theirs), (typed("C1:1", "C1", "U1"), said));
    one.dies().await;

    let other = Replica::start(&server);
    let work = timeout(PATIENCE, other.inbox.next()).await.expect("taken over in time").unwrap();
    let Work::Lane { claim, .. } = work else { panic!("{work:?}") };
    let answered = vec![(typed("C1:1", "C1", "U1"), "pong".to_owned())];
    assert_eq!(claim, Claim { answered, run: None });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_leaves_hands_over_at_once() {
    let server = RedisServer::start("");
    let (one, other) = (Replica::start(&server), Replica::start(&server));
    assert_eq!(one.takes("C1:1").await, Accepted::New);
    let _ = one.runs().await;
    one.inbox.leave().await;
    assert_eq!(other.runs().await.0.incoming.key.0, "C1:1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_away_for_too_long_neither_writes_nor_answers() {
    let mut server = RedisServer::start("");
    let (one, other) = (Replica::start(&server), Replica::start(&server));
    assert_eq!(one.takes("C1:1").await, Accepted::New);
    let (taken, session) = one.runs().await;
    let ticket = Ticket::new(&session, &taken.incoming);
    let (storage, keeper) = (one.inbox.guarded(&ticket).unwrap(), one.keeper);
    assert_eq!(storage.set("demo", "colour", json!("blue"), None).await, Ok(None));
    // Once more as part of the same run: it happened, and finds what it found.
    assert_eq!(storage.set("demo", "colour", json!("blue"), None).await, Ok(None));
    keeper.abort();

    let (taken, session) = other.runs().await;
    let theirs = Ticket::new(&session, &taken.incoming);
    let again = other.inbox.guarded(&theirs).unwrap();
    assert_eq!(again.set("demo", "colour", json!("blue"), None).await, Ok(None), "it happened before");
    let redis = one.redis.clone();
    let _keeper = AbortOnDropHandle::new(tokio::spawn(async move { redis.run(|_| ()).await }));
    let late = timeout(PATIENCE, async {
        loop {
            match storage.set("demo", "colour", json!("late"), None).await {
                Err(StorageError::Unreachable) => tokio::task::yield_now().await,
                outcome => return outcome,
            }
        }
    });
    assert_eq!(late.await.unwrap(), Err(StorageError::Fenced));
    assert_eq!(one.inbox.answer(&ticket, "late".into()).await, Err(Lost));
    assert_eq!(one.inbox.right(&ticket), Some(false));
    assert_eq!(other.inbox.right(&theirs), Some(true));
    server.kill();
}
