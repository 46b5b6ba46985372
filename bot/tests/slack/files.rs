//! Long answers, posted as files.

use std::time::Duration;

use axum::http::StatusCode;
use chatops_bot::{
    chat::{MessageKey, Reply, Target},
    outbox::{Delivery, Outbox, Policy},
    report::Metrics,
};

use crate::{
    bot::Bot,
    server::{Posted, Server},
};

async fn start() -> (Server, Bot, Outbox) {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    let policy = Policy {
        first_retry: Duration::from_millis(10),
        interval: Duration::from_millis(10),
        ..Policy::default()
    };
    let outbox = Outbox::with_policy(bot.sender.clone(), Metrics::new(), policy);
    (server, bot, outbox)
}

/// An answer to `C1:<n>.0` that is a file from the fourth line on.
fn answer(n: usize, text: &str) -> Delivery {
    let target = Target { channel: "C1".into(), thread: Some("0.1".into()), ..Target::default() };
    let reply = Reply { max_lines: Some(3), ..Reply::new(target, text) };
    Delivery::new(reply, MessageKey(format!("C1:{n}.0")))
}

fn doubtful(n: usize, text: &str) -> Delivery {
    Delivery { doubtful: true, ..answer(n, text) }
}

#[tokio::test]
async fn a_long_answer_is_a_file_and_a_short_one_a_message() {
    let (server, _bot, outbox) = start().await;
    outbox.deliver(answer(1, "a\nb\nc")).await.await.unwrap();
    outbox.deliver(answer(2, "```\na <b>\nb\nc\n```\n")).await.await.unwrap();
    outbox.deliver(answer(3, &"a".repeat(4_001))).await.await.unwrap();
    assert_eq!(server.posted(), ["a\nb\nc"]);
    let files = server.world().files.clone();
    let first = Posted {
        name: "answer-C1-2-0.txt".into(),
        title: "3 lines".into(),
        content: "a <b>\nb\nc\n".into(),
        channel: "C1".into(),
        thread: Some("0.1".into()),
    };
    assert_eq!(files[0], first);
    assert_eq!((files[1].content.len(), files[1].title.as_str()), (4_001, "1 line"));
}

#[tokio::test]
async fn where_no_file_may_be_posted_its_text_is() {
    let (server, _bot, outbox) = start().await;
    server.world().file_error = Some("missing_scope");
    let text = format!("{}\n{}", "a".repeat(2_500), "b".repeat(2_500));
    let (first, second) = (outbox.deliver(answer(1, &text)).await, outbox.deliver(answer(2, "next")).await);
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(server.posted(), ["a".repeat(2_500), "b".repeat(2_500), "next".into()]);
}

#[tokio::test]
async fn a_file_that_may_be_there_is_looked_for_before_it_is_posted_again() {
    let (server, _bot, outbox) = start().await;
    server.world().files_unheard = 1;
    outbox.deliver(answer(1, "a\nb\nc\nd")).await.await.unwrap();
    outbox.deliver(doubtful(1, "a\nb\nc\nd")).await.await.unwrap();
    assert_eq!(server.world().files.len(), 1);
    outbox.deliver(doubtful(2, "a\nb\nc\nd")).await.await.unwrap();
    assert_eq!(server.world().files.len(), 2);
    server.world().look_error = Some("missing_scope");
    outbox.deliver(doubtful(3, "a\nb\nc\nd")).await.await.unwrap();
    assert_eq!(server.world().files.len(), 2);
    assert!(server.posted()[0].starts_with("I was interrupted"), "{:?}", server.posted());
}

#[tokio::test]
async fn what_fails_before_anybody_can_see_it_is_not_looked_for() {
    let (server, _bot, outbox) = start().await;
    server.world().uploads_refused = 1;
    outbox.deliver(answer(1, "a\nb\nc\nd")).await.await.unwrap();
    let world = server.world();
    assert_eq!((world.files.len(), world.looks), (1, 0));
}

#[tokio::test]
async fn an_answer_that_was_begun_as_messages_is_ended_as_messages() {
    let (server, _bot, outbox) = start().await;
    let (first, rest) = ("a".repeat(2_500), "b".repeat(2_500));
    server.world().file_error = Some("missing_scope");
    outbox.deliver(answer(1, &format!("{first}\n{rest}"))).await.await.unwrap();
    server.world().posts.pop();
    server.world().file_error = None;
    outbox.deliver(doubtful(1, &format!("{first}\n{rest}"))).await.await.unwrap();
    assert_eq!(server.posted(), [first, rest]);
    assert_eq!(server.world().files, []);
}

#[tokio::test]
async fn a_file_in_a_burst_stays_a_file() {
    let (server, _bot, outbox) = start().await;
    server.world().post_failures = vec![(StatusCode::TOO_MANY_REQUESTS, Some(1))];
    let mut arrivals = Vec::new();
    for n in 0..20 {
        let text = if n == 10 { "a\nb\nc\nd".to_owned() } else { n.to_string() };
        arrivals.push(outbox.deliver(answer(n, &text)).await);
    }
    futures::future::join_all(arrivals).await.into_iter().for_each(|outcome| outcome.unwrap());
    assert_eq!(server.world().files.len(), 1);
    let said = server.posted().join("\n");
    let expected: Vec<_> = (0..20).filter(|n| *n != 10).map(|n: i32| n.to_string()).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    assert!(server.posted().len() < 19, "and the others go together: {:?}", server.posted());
}
