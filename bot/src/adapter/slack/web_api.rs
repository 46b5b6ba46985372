//! Slack's Web API: one call, with a deadline, counted, its outcome sorted by what is to be done about it. Knows
//! neither what is asked nor what follows from the answer.

use std::time::Duration;

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Timing, install_tls_provider,
    network::{Resolver, Unreachable, authority},
};
use crate::{report::Metrics, secret::Secret};

/// Pause where Slack limits the rate and does not say for how long.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);

/// Error codes that ask for another attempt (docs: Web API, "Evaluating responses", and each method's errors).
const TRANSIENT: [&str; 5] =
    ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"];

/// Why no client for the Web API can be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{url:?} is no base address of a Web API: {reason}")]
    ApiUrl { url: String, reason: String },
    #[error("cannot set up TLS: {0}")]
    Tls(#[source] reqwest::Error),
}

/// A client of the Web API. Clones share connections.
#[derive(Clone, Debug)]
pub(super) struct WebApi {
    client: Client,
    base: Url,
    metrics: Metrics,
}

/// What Slack answered.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub body: T,
    /// Scopes of the token, names with commas between them, where Slack named them.
    pub scopes: Option<String>,
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
    pub(super) fn new(api_url: &str, metrics: Metrics, timing: &Timing) -> Result<WebApi, SetupError> {
        install_tls_provider();
        let refused =
            |reason: &str| SetupError::ApiUrl { url: api_url.to_owned(), reason: reason.to_owned() };
        let mut base = Url::parse(api_url).map_err(|error| refused(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(refused("it must start with https://"));
        }
        if !base.path().ends_with('/') {
            // Methods are resolved against it like links.
            base.set_path(&format!("{}/", base.path()));
        }
        let mut client = Client::builder()
            .no_proxy()
            .connect_timeout(timing.connect)
            .dns_resolver(Resolver { deadline: timing.resolve }.shared())
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("chatops-bot/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Nothing to trust: spares reading the system's certificates, which a bare image may not even have.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(SetupError::Tls)?;
        Ok(WebApi { client, base, metrics })
    }

    /// Host of the Web API.
    pub(super) fn authority(&self) -> String {
        authority(&self.base)
    }

    /// Calls `method` with `request` as JSON.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: &'static str,
        token: &Secret,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<Answer<T>, CallError> {
        let outcome = self.attempt(method, token, request, deadline).await;
        let word = match &outcome {
            Ok(_) => "ok",
            Err(CallError::Refused(_)) => "refused",
            Err(CallError::RateLimited { .. }) => "rate_limited",
            Err(CallError::Unreachable(_)) => "unreachable",
        };
        self.metrics.slack_call(method, word);
        outcome
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        method: &str,
        token: &Secret,
        request: &impl Serialize,
        deadline: Duration,
    ) -> Result<Answer<T>, CallError> {
        let unreachable = |error: reqwest::Error| Unreachable::from_error(&error);
        let url = self.base.join(method).map_err(|error| Unreachable::from_error(&error))?;
        let body = serde_json::to_vec(request).map_err(|error| Unreachable::from_error(&error))?;
        let response = self
            .client
            .post(url)
            .timeout(deadline)
            .header(AUTHORIZATION, bearer(token)?)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))
            .body(body)
            .send()
            .await
            .map_err(unreachable)?;
        let scopes = header(response.headers(), "x-oauth-scopes").map(str::to_owned);
        let response = check_status(response)?;
        let bytes = response.bytes().await.map_err(unreachable)?;
        let not_slack = |_| Unreachable::new("other", "the answer is not Slack's JSON");
        let Verdict { ok, error } = serde_json::from_slice(&bytes).map_err(not_slack)?;
        match error.as_str() {
            _ if ok => Ok(Answer { body: serde_json::from_slice(&bytes).map_err(not_slack)?, scopes }),
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

fn check_status(response: Response) -> Result<Response, CallError> {
    match response.status() {
        StatusCode::OK => Ok(response),
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds =
                header(response.headers(), RETRY_AFTER.as_str()).and_then(|value| value.parse().ok());
            let retry_after = seconds.map_or(DEFAULT_RETRY_AFTER, Duration::from_secs);
            Err(CallError::RateLimited { retry_after })
        }
        status => Err(Unreachable::new("status", status.as_str()).into()),
    }
}
