//! The response URL of a slash command or click: a way to answer without a token.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::slack::{commands, shared::Shared};

/// `POST /commands/<channel>/<user>/…` with `text` or `blocks`, to the asker alone unless `response_type` is `in_channel`.
pub(crate) async fn response_url(
    State(shared): State<Arc<Shared>>,
    Path((channel, user, _)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    let Ok(answer) = serde_json::from_slice::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, "invalid_payload").into_response();
    };
    if shared.change(|world| commands::respond(world, &channel, &user, &answer)) {
        "ok".into_response()
    } else {
        (StatusCode::BAD_REQUEST, "no_text").into_response()
    }
}
