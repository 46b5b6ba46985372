//! Answers on their way to Slack.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{http::StatusCode, response::IntoResponse};
use chatops_bot::{
    chat::{Message, MessageKey, Reply, Sign, Target, mention, text::markdown},
    outbox::{Delivery, Outbox, Policy, Undeliverable},
    report::Metrics,
};
use serde_json::json;

use crate::{
    bot::Bot,
    server::{Server, eventually},
};

const WORKSPACE_INTERVAL: Duration = Duration::from_millis(50);

fn reply(channel: &str, text: &str) -> Delivery {
    let reply = Reply::new(Target { channel: channel.into(), ..Target::default() }, text);
    Delivery::new(reply, MessageKey(format!("{channel}:{text}")))
}

async fn start() -> (Server, Bot, Outbox) {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    let policy = Policy {
        patience: Duration::from_secs(10),
        first_retry: Duration::from_millis(10),
        interval: Duration::from_millis(10),
        workspace_interval: WORKSPACE_INTERVAL,
        paced_for: Duration::from_secs(2),
    };
    let outbox = Outbox::with_policy(bot.sender.clone(), Metrics::new(), policy);
    (server, bot, outbox)
}

#[tokio::test]
async fn an_answer_goes_to_its_thread_escaped_and_without_previews() {
    let (server, _bot, outbox) = start().await;
    let target = Target { channel: "C1".into(), thread: Some("1.1".into()), ..Target::default() };
    let text = format!("{}: <!channel> & more", mention("U1"));
    outbox.deliver(Delivery::new(Reply::new(target, text), MessageKey("C1:1.2".into()))).await.await.unwrap();
    let expected = json!({
        "channel": "C1", "thread_ts": "1.1", "text": "<@U1>: &lt;!channel&gt; &amp; more",
        "unfurl_links": false, "unfurl_media": false,
        "metadata": { "event_type": "chatops_answer", "event_payload": { "answers": ["C1:1.2#0"] } },
    });
    assert_eq!(server.world().posts, [expected]);
}

#[tokio::test]
async fn the_own_page_is_published_and_again_where_it_may_have_been() {
    let (server, _bot, outbox) = start().await;
    let target = Target { channel: "U1".into(), is_home: true, ..Target::default() };
    let text = "Hello\n```\ncode\n```";
    for doubtful in [false, true] {
        let page = Delivery::new(Reply::new(target.clone(), text), MessageKey("/home.U1.1.5".into()));
        outbox.deliver(Delivery { doubtful, ..page }).await.await.unwrap();
    }
    let section =
        |kind: &str, text: &str| json!({"type": kind, "elements": [{"type": "text", "text": text}]});
    let elements = [section("rich_text_section", "Hello"), section("rich_text_preformatted", "code")];
    let page = json!({
        "user_id": "U1", "view": {"type": "home", "blocks": [{"type": "rich_text", "elements": elements}]},
    });
    assert_eq!(server.world().pages, [page.clone(), page]);
    assert_eq!((server.posted().len(), server.world().looks), (0, 0));
}

#[tokio::test]
async fn an_answer_whose_blocks_slack_refuses_is_posted_as_text() {
    let (server, _bot, outbox) = start().await;
    for code in ["invalid_blocks", "msg_blocks_too_long"] {
        server.world().blocks_error = Some(code);
        outbox.deliver(reply("C1", &markdown(&format!("# {code}")))).await.await.unwrap();
    }
    server.world().blocks_error = None;
    outbox.deliver(reply("C1", &markdown("# fine"))).await.await.unwrap();
    assert_eq!(server.posted(), ["# invalid_blocks", "# msg_blocks_too_long", "# fine"]);
    let has_blocks: Vec<_> = server.world().posts.iter().map(|post| post.get("blocks").is_some()).collect();
    assert_eq!(has_blocks, [false, false, true]);
}

#[tokio::test]
async fn pages_do_not_become_one() {
    let (server, _bot, outbox) = start().await;
    let target = Target { channel: "U1".into(), is_home: true, ..Target::default() };
    server.world().page_limits = vec![1];
    let mut arrivals = Vec::new();
    for n in 0..20 {
        let page = Reply::new(target.clone(), n.to_string());
        arrivals.push(outbox.deliver(Delivery::new(page, MessageKey(format!("/home.U1.{n}")))).await);
    }
    futures::future::join_all(arrivals).await.into_iter().for_each(|outcome| outcome.unwrap());
    let pages = server.world().pages.clone();
    let texts: Vec<_> = pages
        .iter()
        .map(|page| page["view"]["blocks"][0]["elements"][0]["elements"][0]["text"].clone())
        .collect();
    assert_eq!(texts, (0..20).map(|n| json!(n.to_string())).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_long_answer_is_split_so_that_no_part_exceeds_what_slack_shows_once_escaped() {
    let (server, _bot, outbox) = start().await;
    let line = "a < b && c > d\n";
    outbox.deliver(reply("C1", &line.repeat(600))).await.await.unwrap();
    let posted = server.posted();
    assert!(posted.len() > 3);
    assert!(posted.iter().all(|text| text.chars().count() <= 4_000));
    let lines: usize = posted.iter().map(|text| text.matches("a &lt; b &amp;&amp; c &gt; d").count()).sum();
    assert_eq!(lines, 600);
}

#[tokio::test]
async fn a_rate_limit_is_obeyed_by_its_channel_while_others_go_on() {
    let (server, _bot, outbox) = start().await;
    server.world().post_failures = vec![(StatusCode::TOO_MANY_REQUESTS, Some(1))];
    let limited = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.deliver(reply("C1", "limited")).await.await }
    });
    eventually("the limit", || server.world().post_failures.is_empty()).await;
    outbox.deliver(reply("C2", "free")).await.await.unwrap();
    assert_eq!(server.posted(), ["free"]);
    limited.await.unwrap().unwrap();
    assert_eq!(server.posted(), ["free", "limited"]);
}

#[tokio::test]
async fn where_the_whole_workspace_met_its_limit_channels_go_in_line() {
    let (server, _bot, outbox) = start().await;
    let channels = 12;
    server.world().post_failures = vec![(StatusCode::TOO_MANY_REQUESTS, Some(1)); channels];
    let arrivals = (0..channels).map(async |n| {
        let arrival = outbox.deliver(reply(&format!("C{n}"), &n.to_string())).await;
        arrival.await.unwrap();
        Instant::now()
    });
    let mut arrived = futures::future::join_all(arrivals).await;
    arrived.sort();
    assert_eq!(server.posted().len(), channels);
    let span = arrived[channels - 1] - arrived[0];
    assert!(span >= 10 * WORKSPACE_INTERVAL, "{span:?}");
}

#[tokio::test]
async fn answers_of_one_channel_stay_in_order_through_failures() {
    let (server, _bot, outbox) = start().await;
    server.world().post_failures = vec![
        (StatusCode::INTERNAL_SERVER_ERROR, None),
        (StatusCode::TOO_MANY_REQUESTS, Some(0)),
        (StatusCode::BAD_GATEWAY, None),
    ];
    let texts: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let mut arrivals = Vec::new();
    for text in &texts {
        arrivals.push(outbox.deliver(reply("C1", text)).await);
    }
    for outcome in futures::future::join_all(arrivals).await {
        outcome.unwrap();
    }
    // What waited behind the limit came together.
    assert_eq!(server.posted().join("\n"), texts.join("\n"));
}

#[tokio::test]
async fn an_answer_that_slack_does_not_want_is_not_tried_again() {
    let (server, _bot, outbox) = start().await;
    server.world().post_error = Some("channel_not_found");
    let outcome = outbox.deliver(reply("C1", "hello")).await.await;
    assert_eq!(outcome, Err(Undeliverable::Rejected("channel_not_found".into())));
    server.world().post_error = None;
    outbox.deliver(reply("C1", "again")).await.await.unwrap();
    assert_eq!(server.posted(), ["again"]);
}

#[tokio::test]
async fn a_flush_waits_for_what_is_on_its_way() {
    let (server, _bot, outbox) = start().await;
    server.world().post_failures = vec![(StatusCode::BAD_GATEWAY, None); 3];
    let delivery = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.deliver(reply("C1", "last words")).await.await }
    });
    eventually("a first attempt", || server.world().post_failures.len() < 3).await;
    assert!(outbox.flush(Duration::from_secs(10)).await);
    assert_eq!(server.posted(), ["last words"]);
    delivery.await.unwrap().unwrap();
}

#[tokio::test]
async fn answers_are_still_sent_after_the_socket_was_closed_for_shutdown() {
    let (server, mut bot, outbox) = start().await;
    bot.shutdown.cancel();
    (&mut bot.task).await.unwrap();
    outbox.deliver(reply("C1", "goodbye")).await.await.unwrap();
    assert_eq!(server.posted(), ["goodbye"]);
}

#[tokio::test]
async fn an_answer_that_may_have_arrived_is_looked_for_before_it_is_sent_again() {
    let (server, _bot, outbox) = start().await;
    server.world().posts_unheard = 1;
    outbox.deliver(reply("C1", "there")).await.await.unwrap();
    assert_eq!(server.posted(), ["there"], "it was there");
    server.world().post_failures = vec![(StatusCode::BAD_GATEWAY, None)];
    outbox.deliver(reply("C1", "not there")).await.await.unwrap();
    assert_eq!(server.posted(), ["there", "not there"]);
    assert_eq!(server.world().looks, 2);
}

#[tokio::test]
async fn of_an_answer_of_a_replica_that_died_only_the_missing_parts_are_sent() {
    let (server, _bot, outbox) = start().await;
    let text = format!("{}\n{}\n{}", "a".repeat(3_990), "b".repeat(3_990), "c".repeat(3_990));
    outbox.deliver(reply("C1", &text)).await.await.unwrap();
    let sent = server.world().posts.clone();
    server.world().posts.remove(1);
    outbox.deliver(Delivery { doubtful: true, ..reply("C1", &text) }).await.await.unwrap();
    let posts = server.world().posts.clone();
    assert_eq!(posts, [sent[0].clone(), sent[2].clone(), sent[1].clone()]);
}

#[tokio::test]
async fn answers_of_a_replica_that_died_are_looked_for_together() {
    let (server, _bot, outbox) = start().await;
    let texts = ["first", "second", "third", "fourth"];
    for there in [0, 2] {
        outbox.deliver(reply("C1", texts[there])).await.await.unwrap();
    }
    server.world().post_failures = vec![(StatusCode::BAD_GATEWAY, None)];
    let mut arrivals = vec![outbox.deliver(reply("C1", "before")).await];
    for text in texts {
        arrivals.push(outbox.deliver(Delivery { doubtful: true, ..reply("C1", text) }).await);
    }
    for outcome in futures::future::join_all(arrivals).await {
        outcome.unwrap();
    }
    assert_eq!(server.posted(), ["first", "third", "before", "second", "fourth"]);
    assert_eq!(server.world().looks, 2, "one after the failure, one for all that were taken over");
}

#[tokio::test]
async fn what_slack_says_about_looking_too_often_holds_for_all_channels() {
    let (server, _bot, outbox) = start().await;
    server.world().look_limits = vec![1];
    let first = outbox.deliver(Delivery { doubtful: true, ..reply("C1", "first") }).await;
    eventually("the limit", || server.world().looks == 1).await;
    outbox.deliver(reply("C2", "after the limit")).await.await.unwrap();
    let told = Instant::now();
    let others = (3..10).map(async |n| {
        let other = Delivery { doubtful: true, ..reply(&format!("C{n}"), "other") };
        outbox.deliver(other).await.await.unwrap();
        told.elapsed()
    });
    let (first, others) = futures::future::join(first, futures::future::join_all(others)).await;
    first.unwrap();
    assert!(others.iter().all(|after| *after >= Duration::from_millis(900)), "{others:?}");
    assert_eq!(server.world().looks, 9, "everybody looked once, and the first once more");
}

#[tokio::test]
async fn where_the_bot_may_not_look_it_says_that_it_was_interrupted() {
    let (server, _bot, outbox) = start().await;
    server.world().look_error = Some("missing_scope");
    outbox.deliver(Delivery { doubtful: true, ..reply("C1", "perhaps") }).await.await.unwrap();
    assert!(server.posted()[0].starts_with("I was interrupted while answering."), "{:?}", server.posted());
}

#[tokio::test]
async fn an_answer_that_belongs_to_another_replica_is_not_sent() {
    let (server, _bot, outbox) = start().await;
    let theirs = Delivery { right: Arc::new(|| Some(false)), ..reply("C1", "theirs") };
    assert_eq!(outbox.deliver(theirs).await.await, Err(Undeliverable::NotOurs));
    assert_eq!(server.posted(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_sign_is_tried_again_unless_slack_refuses_it() {
    let (server, _bot, outbox) = start().await;
    let message = Message { channel: "C1".into(), id: "1.2".into() };
    server.world().sign_failures = vec![StatusCode::BAD_GATEWAY.into_response()];
    outbox.sign(&message, Sign::Working, true).await;
    let refused = axum::Json(json!({"ok": false, "error": "no_reaction"})).into_response();
    server.world().sign_failures = vec![refused];
    outbox.sign(&message, Sign::Working, false).await;
    server.world().sign_failures =
        vec![(StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response()];
    outbox.sign(&message, Sign::Failed, true).await;
    let expected =
        ["add eyes", "add eyes", "remove eyes", "add x", "add x"].map(|sign| format!("{sign} to C1:1.2"));
    assert_eq!(server.world().signs, expected);
}

/// Thirty answers to one place after `failures`, none lost and many together.
async fn burst(failures: Vec<(StatusCode, Option<u64>)>) {
    let (server, _bot, outbox) = start().await;
    server.world().post_failures = failures;
    let mut arrivals = Vec::new();
    for n in 0..30 {
        arrivals.push(outbox.deliver(reply("C1", &n.to_string())).await);
    }
    for outcome in futures::future::join_all(arrivals).await {
        outcome.unwrap();
    }
    let posted = server.posted();
    assert!(posted.len() < 10, "{posted:?}");
    assert_eq!(posted.join("\n"), (0..30).map(|n| n.to_string()).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn answers_that_wait_in_a_burst_become_one_message() {
    burst(vec![(StatusCode::TOO_MANY_REQUESTS, Some(1))]).await;
}

#[tokio::test]
async fn answers_that_wait_for_a_slow_platform_become_one_message() {
    burst(vec![(StatusCode::BAD_GATEWAY, None); 3]).await;
}
