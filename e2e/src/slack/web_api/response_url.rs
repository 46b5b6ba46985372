//! The response URL of a slash command or click: a way to answer without a token.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::slack::{commands, shared::Shared, world::World};

/// Name under which its calls are counted.
const NAME: &str = "response_url";

/// `POST /commands/<team>/<number>/<secret>` with `text` or `blocks`, to the asker alone unless `response_type` is
/// `in_channel`.
pub(crate) async fn response_url(
    State(shared): State<Arc<Shared>>,
    Path((_, _, secret)): Path<(String, String, String)>,
    body: Bytes,
) -> Response {
    if shared.lock().faults.is_black_hole() {
        return std::future::pending().await;
    }
    let time_factor = shared.settings.time_factor;
    shared.change(|world| {
        let outcome = answer(world, &secret, time_factor, &body);
        world.counters.call(NAME, outcome.as_ref().err().map(|(_, error)| *error));
        match outcome {
            Ok(()) => "ok".into_response(),
            Err((StatusCode::NOT_FOUND, error)) => {
                (StatusCode::NOT_FOUND, json!({ "ok": false, "error": error }).to_string()).into_response()
            }
            Err(refusal) => refusal.into_response(),
        }
    })
}

fn answer(
    world: &mut World,
    secret: &str,
    time_factor: f64,
    body: &[u8],
) -> Result<(), (StatusCode, &'static str)> {
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return Err((StatusCode::BAD_REQUEST, "invalid_payload"));
    };
    let place = world.response_urls.take(secret, time_factor);
    let place = place.map_err(|error| (StatusCode::NOT_FOUND, error))?;
    if commands::respond(world, &place.channel, &place.user, &answer) {
        Ok(())
    } else {
        Err((StatusCode::BAD_REQUEST, "no_text"))
    }
}
