//! Keeps the tokens and what Slack thinks of them up to date: reads them again when their files change, asks
//! `auth.test` at once after a change or a doubtful failure and now and then otherwise.

use std::{sync::Arc, time::Duration};

use chatops_crds::{
    bot_config::SecretSource,
    bot_report::{Fault, FaultCode, Workspace},
};
use serde::Deserialize;
use tokio::{sync::watch, time::sleep};

use super::{
    backoff::Backoff,
    decode::Identity,
    link::{Link, Session},
    scopes::{MissingScopes, Needs},
    tokens::Tokens,
    web_api::{Answer, CallError},
};
use crate::secret::{Follower, Missing, Secret};

/// Error codes by which Slack says that a token is none any more (docs: `auth.test`, "Errors").
const REVOKED: [&str; 2] = ["token_revoked", "account_inactive"];

/// Error codes by which Slack refuses a token for another reason.
const INVALID: [&str; 7] = [
    "invalid_auth",
    "not_authed",
    "token_expired",
    "not_allowed_token_type",
    "org_login_required",
    "team_access_not_granted",
    "access_denied",
];

/// Whether an error code speaks of the token rather than of the call.
pub(super) fn is_about_token(code: &str) -> bool {
    REVOKED.contains(&code) || INVALID.contains(&code)
}

/// What `code` says about a token: `token` is `bot` or `app`, `invalid` the fault for everything but a revocation.
pub(super) fn token_fault(code: &str, token: &str, invalid: FaultCode) -> Fault {
    if REVOKED.contains(&code) {
        Fault::new(FaultCode::TokenRevoked).with("token", token).with("error", code)
    } else {
        Fault::new(invalid).with("error", code)
    }
}

/// What `auth.test` answers, as far as it matters.
#[derive(Debug, Deserialize)]
pub(super) struct AuthTest {
    pub user_id: String,
    #[serde(default)]
    pub bot_id: Option<String>,
    #[serde(default)]
    pub user: String,
    #[serde(default)]
    pub team: String,
    #[serde(default)]
    pub team_id: String,
}

/// Never returns.
pub(super) async fn run(link: &Link, mut needs: watch::Receiver<Needs>, sources: [SecretSource; 2]) {
    let timing = &link.timing;
    let mut follower = Follower::new(sources, timing.tokens);
    let mut backoff = Backoff::new(timing.first_pause);
    let mut tokens = read(link, follower.next().await);
    loop {
        let recheck = match &tokens {
            Some(tokens) => check(link, &needs, tokens, &mut backoff).await,
            None => Duration::MAX,
        };
        tokio::select! {
            values = follower.next() => {
                backoff.reset();
                tokens = read(link, values).or(tokens);
            }
            () = sleep(recheck) => (),
            () = doubtful(link) => (),
            // Without a sender they stay as they are.
            Ok(()) = needs.changed() => (),
        }
    }
}

/// A call failed in a doubtful way, and the last check was a while ago.
async fn doubtful(link: &Link) {
    sleep(link.timing.doubt).await;
    link.doubt.notified().await;
}

fn read(link: &Link, values: [Result<Secret, Missing>; 2]) -> Option<Arc<Tokens>> {
    let (tokens, fault) = match Tokens::new(values) {
        Ok(tokens) => (Some(Arc::new(tokens)), None),
        Err(fault) => (None, Some(fault)),
    };
    if let Some(fault) = &fault {
        tracing::warn!(code = ?fault.code, args = ?fault.args, "the Slack tokens cannot be used");
    }
    link.health.update(|findings| findings.tokens = fault);
    tokens
}

/// Asks Slack who the bot token speaks for, publishes the answer, and says when to ask again.
async fn check(
    link: &Link,
    needs: &watch::Receiver<Needs>,
    tokens: &Arc<Tokens>,
    backoff: &mut Backoff,
) -> Duration {
    let timing = &link.timing;
    let request = serde_json::json!({});
    match link.web.call::<AuthTest>("auth.test", &tokens.bot, &request, timing.call).await {
        Ok(answer) => {
            backoff.reset();
            let missing = accepted(link, &needs.borrow().clone(), tokens, answer);
            match (missing.required.as_slice(), missing.optional.as_slice()) {
                ([], []) => timing.recheck,
                ([], _) => timing.recheck_scopes,
                _ => timing.credentials_pause,
            }
        }
        Err(CallError::RateLimited { retry_after }) => retry_after.max(backoff.next(timing.connection_pause)),
        Err(CallError::Refused(code)) => {
            tracing::warn!(error = code, "Slack refuses the bot token");
            let fault = token_fault(&code, "bot", FaultCode::InvalidBotToken);
            link.health.update(|findings| {
                findings.api = None;
                findings.bot_token = Some(fault);
            });
            link.publish(Session { tokens: tokens.clone(), identity: None });
            backoff.next(timing.credentials_pause)
        }
        Err(CallError::Unreachable(error)) => {
            tracing::warn!(%error, "Slack's Web API cannot be reached");
            let again = backoff.is_failing();
            // One lost call is no fault while a socket is open: the next attempt tells.
            if again || !link.health.is_connected() {
                let fault = error.fault(&link.web.authority());
                link.health.update(|findings| findings.api = Some(fault));
            }
            backoff.next(timing.pause_after(&error))
        }
    }
}

/// Publishes what Slack said of an accepted token, and returns which scopes it lacks.
fn accepted(
    link: &Link,
    needs: &Needs,
    tokens: &Arc<Tokens>,
    Answer { body, scopes, .. }: Answer<AuthTest>,
) -> MissingScopes {
    let identity = Identity { user_id: body.user_id.clone(), bot_id: body.bot_id };
    let workspace =
        Workspace { team: body.team, team_id: body.team_id, bot_user: body.user, bot_user_id: body.user_id };
    let missing = scopes.as_deref().map(|granted| needs.missing(granted)).unwrap_or_default();
    link.health.update(|findings| {
        findings.api = None;
        findings.bot_token = None;
        findings.workspace = Some(workspace);
        findings.missing = missing.clone();
    });
    link.publish(Session { tokens: tokens.clone(), identity: Some(Arc::new(identity)) });
    missing
}
