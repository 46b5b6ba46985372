//! Sockets that open, hang, break and are replaced.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use chatops_bot::{
    adapter::slack::Timing,
    inbox::{Inbox, Meaning},
};
use chatops_crds::bot_report::{Fault, FaultCode};

use crate::{
    bot::{Bot, timing},
    server::{Server, Welcome, black_hole, envelope, eventually, typed},
};

const TOKENS: [(&str, &str); 2] = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];

/// Time between the first and the `n`th call of `apps.connections.open`.
async fn time_of_opens(server: &Server, n: usize) -> Duration {
    eventually("attempts", || server.world().opens.len() >= n).await;
    let opens = &server.world().opens;
    opens[n - 1] - opens[0]
}

/// Why no connection is open, once it is known.
async fn cause(bot: &Bot) -> String {
    eventually("a fault", || bot.report().connection_fault.is_some()).await;
    let fault = bot.report().connection_fault.unwrap();
    assert_eq!(fault.code, FaultCode::SlackUnreachable);
    fault.arg("cause").to_owned()
}

/// What five attempts take at least: pauses of 20, 40, 80 and, as no pause is longer, 100 ms between them.
const FIVE_ATTEMPTS: Duration = Duration::from_millis(240);

#[tokio::test]
async fn a_bot_connects_at_once() {
    let server = Server::start().await;
    let start = Instant::now();
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let report = bot.report();
    let workspace = report.workspace.unwrap();
    assert_eq!((workspace.team.as_str(), workspace.bot_user_id.as_str()), ("acme", "UBOT"));
    assert_eq!((report.credentials_fault, report.connection_fault), (None, None));
}

#[tokio::test]
async fn on_a_warning_a_new_socket_is_open_before_the_old_one_ends() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.disconnect(0, "warning");
    eventually("a second socket", || server.world().sockets.len() == 2).await;
    assert_eq!(server.world().sockets[1].others, 1, "the first was open when the second was accepted");
    eventually("two connections", || bot.report().connections == 2).await;

    server.send(0, &envelope("late", &typed("1.1", "!late")));
    assert_eq!(bot.taken().await.text, "!late");
    eventually("an acknowledgement by the old socket", || server.world().sockets[0].acknowledged == ["late"])
        .await;
    eventually("the end of the old socket", || !server.world().sockets[0].is_open).await;
    assert!(server.world().sockets[1].is_open);
    eventually("one connection", || bot.report().connections == 1).await;
}

#[tokio::test]
async fn of_two_sockets_one_takes_messages_while_the_other_is_replaced() {
    let server = Server::start().await;
    let bot = Bot::with_connections(&server.api_url(), 2);
    eventually("two connections", || bot.report().connections == 2).await;
    server.world().welcome = Welcome::Silence;
    server.disconnect(0, "link_disabled");
    eventually("the end of the first socket", || !server.world().sockets[0].is_open).await;
    server.send(1, &envelope("e1", &typed("1.1", "!meanwhile")));
    assert_eq!(bot.taken().await.text, "!meanwhile");
    assert_eq!((bot.report().connections, bot.report().connection_fault), (1, None));
    server.world().welcome = Welcome::Hello;
    eventually("two connections", || bot.report().connections == 2).await;
    bot.shutdown.cancel();
    eventually("the end of both", || server.world().sockets.iter().all(|socket| !socket.is_open)).await;
}

#[tokio::test]
async fn a_socket_that_nobody_answers_on_any_more_is_replaced() {
    let server = Server::start().await;
    let wary = Timing { silence: Duration::from_millis(300), ..timing() };
    let bot = Bot::start_with(
        &server.api_url(),
        wary,
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &TOKENS,
    );
    bot.connected().await;
    server.freeze(0);
    eventually("a second socket", || server.world().sockets.len() == 2).await;
    bot.connected().await;
}

#[tokio::test]
async fn a_websocket_handshake_that_hangs_is_given_up() {
    let server = Server::start().await;
    server.world().detours = vec![format!("ws://{}/", black_hole().await)];
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    assert_eq!(server.world().opens.len(), 2);
}

#[tokio::test]
async fn a_socket_without_hello_is_given_up_and_its_host_named() {
    let server = Server::start().await;
    server.world().welcome = Welcome::Silence;
    let bot = Bot::start(&server.api_url());
    assert_eq!(cause(&bot).await, "timeout");
    assert_eq!(bot.report().connection_fault.unwrap().arg("host"), server.address.to_string());
    server.world().welcome = Welcome::Hello;
    bot.connected().await;
    assert_eq!(bot.report().connection_fault, None);
}

#[tokio::test]
async fn a_web_api_that_hangs_is_given_up() {
    let hole = black_hole().await;
    let bot = Bot::start(&format!("http://{hole}/api/"));
    assert_eq!(cause(&bot).await, "timeout");
}

#[tokio::test]
async fn sockets_that_are_closed_at_once_are_retried_ever_more_slowly() {
    let server = Server::start().await;
    server.world().welcome = Welcome::Close;
    let bot = Bot::start(&server.api_url());
    assert!(time_of_opens(&server, 5).await >= FIVE_ATTEMPTS);
    server.world().welcome = Welcome::Hello;
    bot.connected().await;
}

#[tokio::test]
async fn too_many_sockets_are_reported_and_retried_ever_more_slowly() {
    let server = Server::start().await;
    server.world().welcome = Welcome::Disconnect("too_many_websockets");
    let bot = Bot::start(&server.api_url());
    assert!(time_of_opens(&server, 5).await >= FIVE_ATTEMPTS);
    assert_eq!(bot.report().connection_fault, Some(Fault::new(FaultCode::TooManyConnections)));
    server.world().welcome = Welcome::Hello;
    bot.connected().await;
}

#[tokio::test]
async fn a_storm_of_refresh_requests_opens_sockets_ever_more_slowly() {
    let server = Server::start().await;
    let patient = Timing { stable: Duration::from_secs(60), ..timing() };
    let bot = Bot::start_with(
        &server.api_url(),
        patient,
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &TOKENS,
    );
    for n in 0..5 {
        eventually("a socket", || server.world().sockets.len() == n + 1).await;
        server.disconnect(n, "refresh_requested");
    }
    assert!(time_of_opens(&server, 5).await >= FIVE_ATTEMPTS);
    bot.connected().await;
}

#[tokio::test]
async fn a_lost_socket_is_replaced_at_once_and_the_next_after_a_pause() {
    let server = Server::start().await;
    let pause = Duration::from_secs(3);
    let slow = Timing { stable: Duration::from_secs(60), first_pause: pause, storm_pause: pause, ..timing() };
    let inbox = Inbox::in_memory(Box::new(|_| Meaning::Command(None)));
    let bot = Bot::start_with(&server.api_url(), slow, inbox, &TOKENS);
    for n in 0..2 {
        eventually("a socket", || server.world().sockets.len() == n + 1).await;
        bot.connected().await;
        server.drop_socket(n);
    }
    eventually("a third socket", || server.world().sockets.len() == 3).await;
    let opens = &server.world().opens;
    assert!(opens[1] - opens[0] < pause && opens[2] - opens[1] >= pause, "{opens:?}");
}

#[tokio::test]
async fn socket_mode_switched_off_is_reported_and_outlasted() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.world().welcome = Welcome::Disconnect("link_disabled");
    server.disconnect(0, "link_disabled");
    let fault = Fault::new(FaultCode::SocketModeDisabled).with("error", "link_disabled");
    eventually("a fault", || bot.report().connection_fault.as_ref() == Some(&fault)).await;
    assert_eq!(bot.report().connections, 0);
    server.world().welcome = Welcome::Hello;
    bot.connected().await;
    assert_eq!(bot.report().connection_fault, None);
}

#[tokio::test]
async fn slack_that_went_away_is_reported_and_found_again_when_it_is_back() {
    let server = Server::start().await;
    let (address, api_url) = (server.address, server.api_url());
    let wary = Timing { silence: Duration::from_millis(300), ..timing() };
    let bot =
        Bot::start_with(&api_url, wary, Inbox::in_memory(Box::new(|_| Meaning::Command(None))), &TOKENS);
    bot.connected().await;
    server.freeze(0);
    drop(server);
    eventually("a fault", || {
        bot.report().connection_fault.is_some_and(|fault| fault.arg("cause") == "refused")
    })
    .await;
    let server = Server::start_at(address).await;
    bot.connected().await;
    eventually("no fault", || bot.report().connection_fault.is_none()).await;
    drop(server);
}

#[tokio::test]
async fn a_web_api_in_trouble_is_told_by_its_status_and_outlasted() {
    let server = Server::start().await;
    server.world().app_status = Some(StatusCode::SERVICE_UNAVAILABLE);
    let bot = Bot::start(&server.api_url());
    assert_eq!(cause(&bot).await, "status");
    assert_eq!(bot.report().connection_fault.unwrap().arg("detail"), "503");
    server.world().app_status = None;
    bot.connected().await;
}

#[tokio::test]
async fn a_web_api_that_speaks_no_tls_is_told_so() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url().replace("http:", "https:"));
    assert_eq!(cause(&bot).await, "tls");
}

#[tokio::test]
async fn a_socket_that_speaks_no_tls_is_told_so() {
    let server = Server::start().await;
    server.world().detours = vec![format!("wss://{}/link", server.address); 100];
    let bot = Bot::start(&server.api_url());
    assert_eq!(cause(&bot).await, "tls");
    server.world().detours.clear();
    bot.connected().await;
}

#[tokio::test]
async fn a_host_without_an_address_is_named() {
    let bot = Bot::start("http://slack.invalid/api/");
    eventually("a fault", || bot.report().connection_fault.is_some()).await;
    let expected = Fault::new(FaultCode::DnsUnresolvable).with("host", "slack.invalid");
    assert_eq!(bot.report().connection_fault, Some(expected));
}

#[tokio::test]
async fn at_shutdown_the_socket_is_closed_and_nothing_is_waited_for() {
    let server = Server::start().await;
    let mut bot = Bot::start(&server.api_url());
    bot.connected().await;
    bot.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), &mut bot.task).await.expect("an end").unwrap();
    eventually("a closed socket", || server.open_sockets() == 0).await;
    assert!(server.world().sockets[0].said_goodbye);
    assert_eq!(bot.report().connections, 0);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_slack_to_close_its_side() {
    let server = Server::start().await;
    let mut bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.freeze(0);
    bot.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), &mut bot.task).await.expect("an end").unwrap();
}
