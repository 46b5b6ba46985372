//! Tokens and scopes.

use serde_json::json;

use super::{not_ready, one_event, recovers, says, told_in_time};
use crate::support::in_a_world;

#[tokio::test(flavor = "multi_thread")]
async fn secret_missing() {
    in_a_world(|world| async move {
        world.delete("secret ops-slack").await;
        world.apply_bot(json!({})).await;
        not_ready(&world, "TokensSecretNotFound", &["Secret \"ops-slack\"", "bot-token", "app-token"]).await;
        recovers(&world, "Secret missing", world.apply_tokens()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_key_missing() {
    in_a_world(|world| async move {
        world.delete("secret ops-slack").await;
        world.apply_secret("ops-slack", &[("bot-token", &world.slack.bot_token())]).await;
        world.apply_bot(json!({})).await;
        not_ready(&world, "TokensSecretKeyMissing", &["Secret \"ops-slack\"", "\"app-token\""]).await;
        recovers(&world, "key missing", world.apply_tokens()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bot_token_refused() {
    in_a_world(|world| async move {
        let wrong = "xoxb-100000000009-200000000009-wrongwrongwrongwrongwron";
        world
            .apply_secret("ops-slack", &[("bot-token", wrong), ("app-token", &world.slack.app_token())])
            .await;
        world.apply_bot(json!({})).await;
        not_ready(&world, "InvalidBotToken", &["Secret \"ops-slack\"", "\"bot-token\"", "invalid_auth"])
            .await;
        let (condition, _) = world.told("CredentialsValid", "False", "InvalidBotToken").await;
        says(&condition, &["ops-slack"]);
        recovers(&world, "bot token refused", world.apply_tokens()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bot_token_revoked_while_the_bot_runs() {
    in_a_world(|world| async move {
        world.ready_bot(json!({})).await;
        world.slack.revoke_bot_token();
        not_ready(&world, "TokenRevoked", &["ops-slack", "token_revoked"]).await;
        recovers(&world, "token revoked and replaced", async {
            world.slack.rotate_bot_token();
            world.apply_tokens().await;
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn app_token_refused() {
    in_a_world(|world| async move {
        let wrong = "xapp-1-A0000000009-300000000009-wrongwrongwrongwrongwrongwrong";
        world
            .apply_secret("ops-slack", &[("bot-token", &world.slack.bot_token()), ("app-token", wrong)])
            .await;
        world.apply_bot(json!({})).await;
        not_ready(&world, "InvalidAppToken", &["Secret \"ops-slack\"", "\"app-token\"", "connections:write"])
            .await;
        recovers(&world, "app token refused", world.apply_tokens()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn necessary_scope_missing() {
    in_a_world(|world| async move {
        world.slack.remove_scope("chat:write");
        world.apply_bot(json!({})).await;
        not_ready(&world, "MissingScopes", &["chat:write"]).await;
        recovers(&world, "necessary scope missing", async { world.slack.add_scope("chat:write") }).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_scope_missing_turns_only_plugins_loaded() {
    in_a_world(|world| async move {
        world.slack.remove_scope("im:history");
        world.ready_bot(json!({})).await;
        let (condition, _) = world.told("PluginsLoaded", "False", "MissingScopes").await;
        says(&condition, &["im:history"]);
        one_event(&world, &condition).await;
        let slack = world.bot().await.status.and_then(|s| s.slack).expect("status.slack");
        assert_eq!(slack.missing_scopes, ["im:history"]);
        assert_eq!(world.ask("!echo all the same").await, "all the same");
        world.slack.add_scope("im:history");
        told_in_time(&world, "optional scope missing", "PluginsLoaded", "PluginsLoaded").await;
        world.ready().await;
    })
    .await;
}
