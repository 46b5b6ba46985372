//! The Web API: `/api/<method>`. One call goes through injected faults, token, scopes, rate limit and the method itself,
//! and leaves as Slack answers: HTTP 200 with `ok`, or 429 with `Retry-After`. The methods live in the files below, one
//! family each, as plain functions on the state.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::time;

use self::{
    arguments::Arguments,
    auth::authenticate,
    error::ApiError,
    methods::{METHODS, Method, TokenKind},
};
use super::{
    faults::ApiFailure,
    ids,
    origin::{Hosts, Origin},
    shared::Shared,
    world::World,
};

mod apps;
mod arguments;
mod auth;
mod blocks;
mod bots;
mod chat;
mod conversations;
mod error;
pub(crate) mod files;
mod history;
mod limits;
mod methods;
mod paging;
mod reactions;
mod response_url;
mod users;
mod views;

pub(crate) use response_url::response_url;

/// One authenticated call, as its method sees it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) arguments: Arguments,
    /// Where the links of its answer lead.
    pub(crate) origin: Origin,
    token: TokenKind,
}

type Answer = Result<Value, ApiError>;

/// `GET` or `POST /api/<method>`.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (black_hole, latency) = {
        let world = shared.lock();
        (world.faults.is_black_hole(), world.faults.api_latency)
    };
    if black_hole {
        return std::future::pending().await;
    }
    if !latency.is_zero() {
        // Even a sleep of nothing waits for the timer's next millisecond, which would double the time of a call.
        time::sleep(latency).await;
    }
    let arguments = Arguments::parse(query.as_deref().unwrap_or_default(), &headers, &body);
    match shared.change(|world| world.faults.take_api_failure(&name)) {
        None => answer(&shared, &name, &headers, arguments),
        Some(ApiFailure::LostAnswer) => {
            answer(&shared, &name, &headers, arguments);
            std::future::pending().await
        }
        Some(failure) => fail(&shared, &name, failure).await,
    }
}

/// An answer that was injected: nothing was done.
async fn fail(shared: &Arc<Shared>, name: &str, failure: ApiFailure) -> Response {
    let (label, response) = match failure {
        ApiFailure::Error(code) => {
            let response = respond(StatusCode::OK, &json!({ "ok": false, "error": code }));
            (code, response)
        }
        ApiFailure::Status(status) => {
            let code = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (format!("http_{status}"), (code, "<html>simulated failure</html>").into_response())
        }
        ApiFailure::RateLimited(seconds) => {
            let error = ApiError::rate_limited(time::Duration::from_secs(seconds));
            (error.code().to_owned(), refused(&error))
        }
        ApiFailure::Garbage => ("garbage".to_owned(), (StatusCode::OK, "{\"ok\": tr").into_response()),
        ApiFailure::Hang | ApiFailure::LostAnswer => {
            shared.change(|world| world.counters.call(name, Some("no_answer")));
            return std::future::pending().await;
        }
    };
    shared.change(|world| world.counters.call(name, Some(&label)));
    response
}

fn answer(shared: &Arc<Shared>, name: &str, headers: &HeaderMap, arguments: Arguments) -> Response {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let origin = shared.settings.hosts.as_ref().map_or_else(|| Origin::at(host), Hosts::origin);
    let warning = charset_warning(headers);
    let method = METHODS.iter().find(|method| method.name == name);
    shared.change(|world| {
        world.origin.clone_from(&origin);
        let (caller, result) = match method
            .map(|method| (method, authenticate(world, method, headers, &arguments)))
        {
            None => (TokenKind::None, Err(ApiError::new("unknown_method").with("req_method", json!(name)))),
            Some((_, Err(error))) => (TokenKind::None, Err(error)),
            Some((method, Ok(token))) => (token, call(world, method, &Call { arguments, origin, token })),
        };
        let label = method.map_or("unknown_method", |method| method.name);
        world.counters.call(label, result.as_ref().err().map(ApiError::code));
        let mut response = match result {
            Ok(body) => respond(StatusCode::OK, &succeeded(body, warning)),
            Err(error) => refused(&error),
        };
        add_scope_headers(response.headers_mut(), world, caller, method);
        response
    })
}

/// Scopes, rate limit, and then the method itself.
fn call(world: &mut World, method: &Method, call: &Call) -> Answer {
    let app = &world.workspace.app;
    if let (TokenKind::Bot, Some(first)) = (call.token, method.scopes.first())
        && !method.scopes.iter().any(|scope| app.has_scope(scope))
    {
        return Err(ApiError::missing_scope(first, &app.scope_list()));
    }
    let channel = call.arguments.text("channel").map(|channel| {
        world.workspace.channel(channel).map_or_else(|| channel.to_owned(), |channel| channel.id.clone())
    });
    world.limits.take(method.name, method.tier, channel.as_deref()).map_err(ApiError::rate_limited)?;
    (method.run)(world, call)
}

/// Adds `ok`, and `warning`, which repeats the list in `response_metadata` with commas.
fn succeeded(mut body: Value, warning: Option<&str>) -> Value {
    body["ok"] = json!(true);
    let mut warnings: Vec<Value> =
        body["response_metadata"]["warnings"].as_array().cloned().unwrap_or_default();
    warnings.extend(warning.map(Value::from));
    if !warnings.is_empty() {
        let words: Vec<&str> = warnings.iter().filter_map(Value::as_str).collect();
        body["warning"] = json!(words.join(","));
        body["response_metadata"]["warnings"] = json!(warnings);
    }
    body
}

fn refused(error: &ApiError) -> Response {
    match error.retry_after() {
        Some(wait) => {
            let mut response = respond(StatusCode::TOO_MANY_REQUESTS, &error.to_json());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
            response
        }
        None => respond(StatusCode::OK, &error.to_json()),
    }
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned()),
        (header::HeaderName::from_static("x-slack-req-id"), ids::secret(32)),
    ];
    (status, headers, body.to_string()).into_response()
}

fn add_scope_headers(headers: &mut HeaderMap, world: &World, caller: TokenKind, method: Option<&Method>) {
    let granted = match caller {
        TokenKind::Bot => world.workspace.app.scope_list(),
        TokenKind::App => auth::APP_TOKEN_SCOPES.to_owned(),
        TokenKind::Any | TokenKind::None => return,
    };
    if let Ok(granted) = HeaderValue::from_str(&granted) {
        headers.insert("x-oauth-scopes", granted);
    }
    let accepted = method.map(|method| method.scopes.join(",")).filter(|accepted| !accepted.is_empty());
    if let Some(Ok(accepted)) = accepted.map(|accepted| HeaderValue::from_str(&accepted)) {
        headers.insert("x-accepted-oauth-scopes", accepted);
    }
}

/// Slack warns of JSON without a charset, and of forms with one.
fn charset_warning(headers: &HeaderMap) -> Option<&'static str> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    let has_charset = content_type.contains("charset");
    match content_type.split(';').next()? {
        "application/json" if !has_charset => Some("missing_charset"),
        "application/x-www-form-urlencoded" if has_charset => Some("superfluous_charset"),
        _ => None,
    }
}
