//! Tokens and scopes that are missing, refused, taken away and given back.

use std::time::Duration;

use chatops_bot::{
    adapter::slack::Timing,
    chat::{MessageKey, Reply, Target},
    inbox::{Inbox, Meaning},
    outbox::{Delivery, Outbox},
    report::Metrics,
};
use chatops_crds::bot_report::{Fault, FaultCode};

use crate::{
    bot::{Bot, timing},
    server::{SCOPES, Server, eventually},
};

fn reply(text: &str) -> Delivery {
    let reply = Reply::new(Target { channel: "C1".into(), ..Target::default() }, text);
    Delivery::new(reply, MessageKey(format!("C1:{text}")))
}

async fn reported(bot: &Bot, fault: Fault) {
    eventually(&format!("{fault:?}"), || bot.report().credentials_fault.as_ref() == Some(&fault)).await;
}

async fn recovered(bot: &Bot) {
    bot.connected().await;
    eventually("no fault", || bot.report().credentials_fault.is_none()).await;
}

#[tokio::test]
async fn tokens_that_appear_late_are_taken_up() {
    let server = Server::start().await;
    let bot = Bot::start_with(
        &server.api_url(),
        timing(),
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &[],
    );
    reported(&bot, Fault::new(FaultCode::TokensSecretNotFound)).await;
    bot.set_token("bot-token", "xoxb-1");
    reported(&bot, Fault::new(FaultCode::TokensSecretKeyMissing).with("key", "app-token")).await;
    bot.set_token("app-token", "xoxb-1");
    reported(&bot, Fault::new(FaultCode::InvalidAppToken).with("error", "format")).await;
    assert_eq!(server.world().auth_tests, 0, "nothing is sent before both tokens look right");
    bot.set_token("app-token", "xapp-1\n");
    recovered(&bot).await;
}

#[tokio::test]
async fn a_refused_bot_token_is_reported_until_another_one_is_mounted() {
    let server = Server::start().await;
    server.world().bot_token = "xoxb-2".into();
    let bot = Bot::start(&server.api_url());
    reported(&bot, Fault::new(FaultCode::InvalidBotToken).with("error", "invalid_auth")).await;
    assert_eq!(server.world().opens.len(), 0, "no socket takes messages that could not be answered");
    bot.set_token("bot-token", "xoxb-2");
    recovered(&bot).await;
}

#[tokio::test]
async fn a_refused_app_token_is_reported_until_slack_accepts_it() {
    let server = Server::start().await;
    server.world().app_error = Some("invalid_auth");
    let bot = Bot::start(&server.api_url());
    reported(&bot, Fault::new(FaultCode::InvalidAppToken).with("error", "invalid_auth")).await;
    server.world().app_error = Some("token_revoked");
    reported(&bot, Fault::new(FaultCode::TokenRevoked).with("token", "app").with("error", "token_revoked"))
        .await;
    server.world().app_error = None;
    recovered(&bot).await;
}

#[tokio::test]
async fn new_tokens_are_taken_up_without_a_gap() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.world().bot_token = "xoxb-2".into();
    server.world().app_token = "xapp-2".into();
    bot.set_token("bot-token", "xoxb-2");
    bot.set_token("app-token", "xapp-2");
    let outbox = Outbox::start(bot.sender.clone(), Metrics::new());
    outbox.deliver(reply("with the new token")).await.await.unwrap();
    eventually("a second socket", || server.world().sockets.len() >= 2).await;
    recovered(&bot).await;
}

#[tokio::test]
async fn a_revoked_token_is_reported_and_answers_wait_until_it_works_again() {
    let server = Server::start().await;
    let lazy = Timing { recheck: Duration::from_secs(3600), ..timing() };
    let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
    let bot = Bot::start_with(
        &server.api_url(),
        lazy,
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &tokens,
    );
    bot.connected().await;
    server.world().bot_error = Some("token_revoked");
    let outbox = Outbox::start(bot.sender.clone(), Metrics::new());
    let answer = tokio::spawn({
        let outbox = outbox.clone();
        async move { outbox.deliver(reply("late")).await.await }
    });
    reported(&bot, Fault::new(FaultCode::TokenRevoked).with("token", "bot").with("error", "token_revoked"))
        .await;
    eventually("no socket", || server.open_sockets() == 0).await;
    server.world().bot_error = None;
    recovered(&bot).await;
    answer.await.unwrap().unwrap();
    assert_eq!(server.posted(), ["late"]);
}

#[tokio::test]
async fn a_revocation_is_noticed_even_when_nobody_types() {
    let server = Server::start().await;
    let bot = Bot::start(&server.api_url());
    bot.connected().await;
    server.world().bot_error = Some("account_inactive");
    reported(
        &bot,
        Fault::new(FaultCode::TokenRevoked).with("token", "bot").with("error", "account_inactive"),
    )
    .await;
}

#[tokio::test]
async fn missing_scopes_are_reported_by_what_they_cost_and_seldom_checks_do_not_delay_their_return() {
    let server = Server::start().await;
    server.world().scopes = "app_mentions:read,channels:history,groups:history,mpim:history,reactions:write";
    let lazy = Timing { recheck: Duration::from_secs(3600), ..timing() };
    let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
    let bot = Bot::start_with(
        &server.api_url(),
        lazy,
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &tokens,
    );
    bot.connected().await;
    assert_eq!(bot.report().missing_required_scopes, ["chat:write"]);
    assert_eq!(bot.report().missing_optional_scopes, ["im:history"]);
    server.world().scopes =
        "chat:write,app_mentions:read,channels:history,groups:history,mpim:history,reactions:write";
    eventually("the required scope", || bot.report().missing_required_scopes.is_empty()).await;
    assert_eq!(bot.report().missing_optional_scopes, ["im:history"]);
    server.world().scopes = SCOPES;
    eventually("all scopes", || bot.report().missing_optional_scopes.is_empty()).await;
}

#[tokio::test]
async fn what_the_bot_has_come_to_need_is_asked_for_at_once() {
    let server = Server::start().await;
    let lazy = Timing { recheck: Duration::from_secs(3600), ..timing() };
    let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
    let inbox = Inbox::in_memory(Box::new(|_| Meaning::Command(None)));
    let bot = Bot::start_with(&server.api_url(), lazy, inbox, &tokens);
    bot.connected().await;
    assert_eq!(bot.report().missing_optional_scopes, [] as [&str; 0]);
    bot.has_slash_command();
    eventually("a missing scope", || bot.report().missing_optional_scopes == ["commands"]).await;
}

#[tokio::test]
async fn a_scope_that_is_taken_away_is_noticed_when_it_is_missed() {
    let server = Server::start().await;
    let lazy = Timing { recheck: Duration::from_secs(3600), ..timing() };
    let tokens = [("bot-token", "xoxb-1"), ("app-token", "xapp-1")];
    let bot = Bot::start_with(
        &server.api_url(),
        lazy,
        Inbox::in_memory(Box::new(|_| Meaning::Command(None))),
        &tokens,
    );
    bot.connected().await;
    server.world().scopes = "channels:history";
    server.world().post_error = Some("missing_scope");
    let outbox = Outbox::start(bot.sender.clone(), Metrics::new());
    assert!(outbox.deliver(reply("unheard")).await.await.is_err());
    eventually("a missing scope", || bot.report().missing_required_scopes == ["chat:write"]).await;
}
