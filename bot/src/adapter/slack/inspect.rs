//! One look at Slack from outside: what it says of the tokens, for who wants to know before or beside a running bot.

use std::sync::Arc;

use chatops_crds::{
    bot_config::BotConfig,
    bot_report::{Fault, FaultCode},
};

use super::{
    Timing,
    connections::SOCKET_MODE_OFF,
    credentials::{AuthTest, token_fault},
    scopes::Needs,
    socket::Opened,
    tokens::Tokens,
    web_api::{CallError, SetupError, WebApi},
};
use crate::{network::Network, report::Metrics, secret};

/// What a look has shown.
#[derive(Debug)]
pub struct Inspection {
    /// The tokens can be read and have the right form.
    pub tokens: Result<(), Fault>,
    /// What `auth.test` says; none without tokens.
    pub bot: Option<Result<Accepted, Fault>>,
    /// Address of the web socket, from `apps.connections.open`; none without tokens. Holds a ticket.
    pub app: Option<Result<String, Fault>>,
}

/// A bot token that Slack accepts.
#[derive(Debug)]
pub struct Accepted {
    pub team: String,
    pub user: String,
    /// Scopes without which nothing can be answered.
    pub missing_required: Vec<String>,
    /// Scopes without which something less important does not work.
    pub missing_optional: Vec<String>,
    /// When Slack answered by its own clock, as HTTP writes dates.
    pub date: Option<String>,
}

/// Asks Slack about the tokens that `config` names, and what the bot needs to be granted. Opens no socket.
///
/// # Errors
/// [`SetupError`] when `config.api_url` cannot be used.
pub async fn inspect(config: &BotConfig, network: Arc<Network>) -> Result<Inspection, SetupError> {
    let (timing, needs, config) = (Timing::default(), Needs::of(config), &config.slack);
    let web = WebApi::new(&config.api_url, network, Metrics::new(), &timing)?;
    let values = [secret::read(&config.bot_token).await, secret::read(&config.app_token).await];
    let tokens = match Tokens::new(values) {
        Ok(tokens) => tokens,
        Err(fault) => return Ok(Inspection { tokens: Err(fault), bot: None, app: None }),
    };
    let (host, request) = (web.authority(), serde_json::json!({}));
    let (bot, app) = tokio::join!(
        web.call::<AuthTest>("auth.test", &tokens.bot, &request, timing.call),
        web.call::<Opened>("apps.connections.open", &tokens.app, &request, timing.call),
    );
    let bot = bot.map_err(|error| fault(error, "bot", FaultCode::InvalidBotToken, &host));
    let bot = bot.map(|answer| {
        let missing = answer.scopes.as_deref().map(|granted| needs.missing(granted)).unwrap_or_default();
        Accepted {
            team: answer.body.team,
            user: answer.body.user,
            missing_required: missing.required,
            missing_optional: missing.optional,
            date: answer.date,
        }
    });
    let app = app.map(|answer| answer.body.url);
    let app = app.map_err(|error| fault(error, "app", FaultCode::InvalidAppToken, &host));
    Ok(Inspection { tokens: Ok(()), bot: Some(bot), app: Some(app) })
}

fn fault(error: CallError, token: &str, invalid: FaultCode, host: &str) -> Fault {
    match error {
        CallError::Refused(code) if SOCKET_MODE_OFF.contains(&code.as_str()) => {
            Fault::new(FaultCode::SocketModeDisabled).with("error", code)
        }
        CallError::Refused(code) => token_fault(&code, token, invalid),
        CallError::RateLimited { .. } => Fault::new(FaultCode::SlackUnreachable)
            .with("host", host)
            .with("cause", "status")
            .with("detail", "429"),
        CallError::Unreachable(error) => error.fault(host),
    }
}
