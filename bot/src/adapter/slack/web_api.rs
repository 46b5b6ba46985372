//! Slack's Web API: one call, with a deadline, counted, its outcome sorted by what is to be done about it. Knows
//! neither what is asked nor what follows from the answer.

mod client;
mod limits;

use std::{sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderValue, Request, StatusCode, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER, USER_AGENT},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::Timing;
use crate::{
    chat::ReplyUrl,
    network::{Network, Target, Unreachable},
    report::Metrics,
    secret::Secret,
};
use client::{HttpClient, Received};
use limits::Limits;

/// Pause where Slack limits the rate and does not say for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Types of what is sent.
const JSON: &str = "application/json; charset=utf-8";
const FORM: &str = "application/x-www-form-urlencoded";
const TEXT: &str = "text/plain; charset=utf-8";

/// Who calls.
const AGENT: &str = concat!("chatops-bot/", env!("CARGO_PKG_VERSION"));

/// Error codes that ask for another attempt (docs: Web API, "Evaluating responses", and each method's errors).
const TRANSIENT: [&str; 5] =
    ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"];

/// Why no client for the Web API can be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{url:?} is no base address of a Web API: {reason}")]
    ApiUrl { url: String, reason: String },
}

/// A client of the Web API. Clones share connections.
#[derive(Clone, Debug)]
pub(super) struct WebApi {
    client: Arc<HttpClient>,
    /// Ends with `/`.
    base: String,
    target: Target,
    metrics: Metrics,
    limits: Arc<Limits>,
}

/// What Slack answered.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub body: T,
    /// Scopes of the token, names with commas between them, where Slack named them.
    pub scopes: Option<String>,
    /// When Slack says that it answered, as HTTP writes dates.
    pub date: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// Slack refused with an error code.
    #[error("{0}")]
    Refused(String),
    #[error("rate limited for {retry_after:?}")]
    RateLimited { retry_after: Duration },
    /// Slack was not reached, or is in trouble.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
}

/// The part of an answer that is the same for all methods.
#[derive(Debug, Deserialize)]
struct Verdict {
    ok: bool,
    #[serde(default)]
    error: String,
}

impl WebApi {
    pub(super) fn new(
        api_url: &str,
        network: Arc<Network>,
        metrics: Metrics,
        timing: &Timing,
    ) -> Result<WebApi, SetupError> {
        let refused =
            |reason: &str| SetupError::ApiUrl { url: api_url.to_owned(), reason: reason.to_owned() };
        let uri: Uri = api_url.parse().map_err(|error: http::uri::InvalidUri| refused(&error.to_string()))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(refused("it must start with https://"));
        }
        let target = Target::of(&uri).ok_or_else(|| refused("it has no host"))?;
        // Names of methods are appended to it.
        let base = format!("{}/", api_url.trim_end_matches('/'));
        Ok(WebApi {
            client: Arc::new(HttpClient::new(network, timing.limits())),
            base,
            target,
            limits: Arc::default(),
            metrics,
        })
    }

    /// Host of the Web API as people read it.
    pub(super) fn authority(&self) -> String {
        authority(&self.target)
    }

    /// Uses no connection again that is open now: they may lead to where the host no longer is.
    pub(super) fn forget_connections(&self) {
        self.client.forget_connections();
    }

    /// Calls `method` with `request` as JSON.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        token: &Secret,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<Answer<T>, CallError> {
        let body = serde_json::to_string(request).map_err(|error| Unreachable::from_error(&error))?;
        self.counted(method, token, (JSON, body), deadline).await
    }

    /// Calls `method`, which takes no JSON, with `request` as a form.
    pub(super) async fn call_with_form<T: DeserializeOwned>(
        &self,
        method: &'static str,
        token: &Secret,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<Answer<T>, CallError> {
        let body = serde_urlencoded::to_string(request).map_err(|error| Unreachable::from_error(&error))?;
        self.counted(method, token, (FORM, body), deadline).await
    }

    async fn counted<T: DeserializeOwned>(
        &self,
        method: &'static str,
        token: &Secret,
        content: (&'static str, String),
        deadline: Duration,
    ) -> Result<Answer<T>, CallError> {
        if let Some(retry_after) = self.limits.left(method) {
            return Err(CallError::RateLimited { retry_after });
        }
        let outcome = self.attempt(method, token, content, deadline).await;
        if let Err(CallError::RateLimited { retry_after }) = &outcome {
            self.limits.met(method, *retry_after);
        }
        self.count(method, &outcome);
        outcome
    }

    fn count<T>(&self, method: &'static str, outcome: &Result<T, CallError>) {
        let word = match outcome {
            Ok(_) => "ok",
            Err(CallError::Refused(_)) => "refused",
            Err(CallError::RateLimited { .. }) => "rate_limited",
            Err(CallError::Unreachable(_)) => "unreachable",
        };
        if word == "unreachable" {
            self.forget_connections();
        }
        self.metrics.slack_call(method, word);
    }

    /// Posts `request` to the response URL of a slash command, which stands for the token.
    pub(super) async fn respond(
        &self,
        url: &ReplyUrl,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let outcome = self.attempt_response(url, request, deadline).await;
        self.count("response_url", &outcome);
        outcome
    }

    async fn attempt_response(
        &self,
        url: &ReplyUrl,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let body = serde_json::to_string(request).map_err(|error| Unreachable::from_error(&error))?;
        let request = Request::post(&url.0).header(CONTENT_TYPE, JSON).header(USER_AGENT, AGENT).body(body);
        let request = request.map_err(|_| CallError::Refused("no address".to_owned()))?;
        let Received { status, headers, body } = self.exchange(request, deadline).await?;
        // Where it succeeds, Slack answers `ok`, without JSON.
        let verdict = serde_json::from_slice::<Verdict>(&body).ok().filter(|verdict| !verdict.ok);
        match (status, verdict) {
            (StatusCode::TOO_MANY_REQUESTS, _) => check_status(status, &headers),
            _ if status.is_server_error() => check_status(status, &headers),
            (_, Some(Verdict { error, .. })) => Err(CallError::Refused(error)),
            _ if status.is_client_error() => Err(CallError::Refused(status.as_str().to_owned())),
            _ => check_status(status, &headers),
        }
    }

    /// Sends `content` to an address that `files.getUploadURLExternal` gave, which stands for the token.
    pub(super) async fn upload(
        &self,
        url: &str,
        content: String,
        deadline: Duration,
    ) -> Result<(), CallError> {
        let request = Request::post(url).header(CONTENT_TYPE, TEXT).header(USER_AGENT, AGENT).body(content);
        let request = request.map_err(|_| CallError::Refused("no address".to_owned()))?;
        let received = self.exchange(request, deadline).await;
        let outcome = received
            .map_err(CallError::from)
            .and_then(|Received { status, headers, .. }| check_status(status, &headers));
        self.count("upload", &outcome);
        outcome
    }

    async fn exchange(&self, request: Request<String>, deadline: Duration) -> Result<Received, Unreachable> {
        let answer = timeout(deadline, self.client.send(request)).await;
        answer.unwrap_or_else(|_| Err(Unreachable::timeout("no answer")))
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        method: &str,
        token: &Secret,
        (content_type, body): (&'static str, String),
        deadline: Duration,
    ) -> Result<Answer<T>, CallError> {
        let request = Request::post(format!("{}{method}", self.base))
            .header(AUTHORIZATION, bearer(token)?)
            .header(CONTENT_TYPE, HeaderValue::from_static(content_type))
            .header(USER_AGENT, AGENT)
            .body(body)
            .map_err(|error| Unreachable::from_error(&error))?;
        let Received { status, headers, body: bytes } = self.exchange(request, deadline).await?;
        check_status(status, &headers)?;
        let scopes = header(&headers, "x-oauth-scopes").map(str::to_owned);
        let date = header(&headers, DATE.as_str()).map(str::to_owned);
        let not_slack = |_| Unreachable::new("other", "the answer is not Slack's JSON");
        let Verdict { ok, error } = serde_json::from_slice(&bytes).map_err(not_slack)?;
        match error.as_str() {
            _ if ok => Ok(Answer { body: serde_json::from_slice(&bytes).map_err(not_slack)?, scopes, date }),
            "ratelimited" | "rate_limited" => {
                Err(CallError::RateLimited { retry_after: DEFAULT_RETRY_AFTER })
            }
            code if TRANSIENT.contains(&code) => Err(Unreachable::new("status", code).into()),
            code => Err(CallError::Refused(code.to_owned())),
        }
    }
}

fn bearer(token: &Secret) -> Result<HeaderValue, Unreachable> {
    let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
    let mut value = value.map_err(|error| Unreachable::from_error(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// As people read it: the host, and the port where it is not the usual one.
pub(super) fn authority(target: &Target) -> String {
    let usual = if target.secure { 443 } else { 80 };
    if target.port == usual { target.host.clone() } else { target.address() }
}

fn check_status(status: StatusCode, headers: &HeaderMap) -> Result<(), CallError> {
    match status {
        StatusCode::OK => Ok(()),
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = header(headers, RETRY_AFTER.as_str()).and_then(|value| value.parse().ok());
            let retry_after = seconds.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs);
            Err(CallError::RateLimited { retry_after })
        }
        status => Err(Unreachable::new("status", status.as_str()).into()),
    }
}
