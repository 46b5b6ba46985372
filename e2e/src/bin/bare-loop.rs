//! The floor of the benchmark: the smallest echo bot that slack-morphism makes possible. No inbox, no storage, no
//! pacing, no survival of faults; it answers `!echo TEXT`.
//!
//! Reads `SLACK_API_URL`, `SLACK_BOT_TOKEN` and `SLACK_APP_TOKEN`.

use std::{env, sync::Arc};

use anyhow::{Context, Result};
use slack_morphism::prelude::*;

type Client = SlackClient<SlackClientHyperHttpsConnector>;

#[tokio::main]
async fn main() -> Result<()> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let api_url = env::var("SLACK_API_URL").context("SLACK_API_URL")?;
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_native_roots()?
        .https_or_http()
        .enable_http1()
        .build();
    let connector =
        SlackClientHyperConnector::with_connector(https).with_slack_api_url(api_url.trim_end_matches('/'));
    let client = Arc::new(SlackClient::new(connector));
    let callbacks = SlackSocketModeListenerCallbacks::new().with_push_events(answer);
    let environment = Arc::new(SlackClientEventsListenerEnvironment::new(client));
    let one_connection = SlackClientSocketModeConfig::new().with_max_connections_count(1);
    let listener = SlackClientSocketModeListener::new(&one_connection, environment, callbacks);
    let app_token = SlackApiToken::new(env::var("SLACK_APP_TOKEN").context("SLACK_APP_TOKEN")?.into());
    listener.listen_for(&app_token).await?;
    listener.serve().await;
    Ok(())
}

/// Answers in a task of its own: slack-morphism acknowledges an event only after this returned.
async fn answer(
    event: SlackPushEventCallback,
    client: Arc<Client>,
    _: SlackClientEventsUserState,
) -> UserCallbackResult<()> {
    let SlackEventCallbackBody::Message(message) = event.event else { return Ok(()) };
    let text = message.content.and_then(|content| content.text).unwrap_or_default();
    let (Some(channel), Some(text)) = (message.origin.channel, text.strip_prefix("!echo ")) else {
        return Ok(());
    };
    let content = SlackMessageContent::new().with_text(text.to_owned());
    let post = SlackApiChatPostMessageRequest::new(channel, content);
    let token = SlackApiToken::new(env::var("SLACK_BOT_TOKEN")?.into());
    tokio::spawn(async move {
        if let Err(error) = client.open_session(&token).chat_post_message(&post).await {
            tracing::warn!("{error}");
        }
    });
    Ok(())
}
