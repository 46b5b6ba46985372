//! Tokens: who calls, and what Slack says of a token it does not take; `auth.*` and `api.test`.

use axum::http::{HeaderMap, header};
use serde_json::json;

use super::{
    Answer, Call,
    arguments::Arguments,
    error::ApiError,
    methods::{Method, TokenKind},
};
use crate::slack::{workspace::Token, world::World};

/// Scopes of the app-level token, as its calls' `x-oauth-scopes` lists them.
pub(crate) const APP_TOKEN_SCOPES: &str = "connections:write";

/// Finds out whose token it is and whether the method takes that kind.
pub(crate) fn authenticate(
    world: &World,
    method: &Method,
    headers: &HeaderMap,
    arguments: &Arguments,
) -> Result<TokenKind, ApiError> {
    if method.token == TokenKind::None {
        return Ok(TokenKind::None);
    }
    let app = &world.workspace.app;
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let token = bearer.filter(|token| !token.is_empty()).or_else(|| arguments.text("token"));
    let token = token.ok_or_else(|| ApiError::new("not_authed"))?;
    let (kind, known) = if token == app.bot_token.value {
        (TokenKind::Bot, &app.bot_token)
    } else if token == app.app_token.value {
        (TokenKind::App, &app.app_token)
    } else if app.former_tokens.contains(token) {
        return Err(ApiError::new("token_revoked"));
    } else {
        return Err(ApiError::new("invalid_auth"));
    };
    if let Token { refused: Some(error), .. } = known {
        return Err(ApiError::new(error.clone()));
    }
    if method.token != TokenKind::Any && method.token != kind {
        return Err(ApiError::new("not_allowed_token_type"));
    }
    Ok(kind)
}

pub(crate) fn api_test(_: &mut World, call: &Call) -> Answer {
    match call.arguments.text("error") {
        Some(error) => Err(ApiError::new(error).with("args", json!({ "error": error }))),
        None => Ok(json!({ "args": {} })),
    }
}

pub(crate) fn test(world: &mut World, call: &Call) -> Answer {
    let (team, app) = (&world.workspace.team, &world.workspace.app);
    Ok(match call.token {
        TokenKind::App => json!({ "app_id": app.id, "app_name": app.name }),
        _ => json!({
            "url": team.url(), "team": team.name, "user": app.name, "team_id": team.id, "user_id": app.user_id,
            "bot_id": app.bot_id, "is_enterprise_install": false,
        }),
    })
}

pub(crate) fn revoke(world: &mut World, call: &Call) -> Answer {
    let revoked = !call.arguments.flag("test");
    if revoked {
        world.workspace.app.bot_token.refused = Some("token_revoked".to_owned());
        world.workspace.app.uninstalled = true;
    }
    Ok(json!({ "revoked": revoked }))
}
