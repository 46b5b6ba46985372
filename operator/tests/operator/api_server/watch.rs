//! Watches: what happened since a version, and then what happens.

use std::collections::HashMap;

use axum::body::Body;
use futures::stream;
use http::Response;
use serde_json::{Value, json};

use super::{
    ApiServer, Call, Failure,
    store::{Change, selected},
};

impl ApiServer {
    pub(super) fn watch(&self, call: &Call, query: &HashMap<String, String>) -> Response<Body> {
        let since: u64 = query.get("resourceVersion").and_then(|v| v.parse().ok()).unwrap_or(0);
        let state = self.state();
        if state.watches_refused {
            return Failure::new(503, "ServiceUnavailable", "watches are refused").answer();
        }
        if since < state.store.oldest() {
            return Failure::new(410, "Expired", "too old resource version").answer();
        }
        let epoch = state.epoch;
        drop(state);
        let (server, resource, labels) =
            (self.clone(), call.resource.clone(), query.get("labelSelector").cloned());
        let changed = self.0.changed.subscribe();
        let events = stream::unfold((since, changed), move |(mut since, mut changed)| {
            let (server, resource, labels) = (server.clone(), resource.clone(), labels.clone());
            async move {
                loop {
                    let next = {
                        let state = server.state();
                        if state.epoch != epoch {
                            return None;
                        }
                        state.store.since(since).next().cloned()
                    };
                    match next {
                        Some(change) => {
                            since = change.version;
                            if let Some(event) = event(&change, &resource, labels.as_ref()) {
                                let line = Ok::<_, std::io::Error>(format!("{event}\n"));
                                return Some((line, (since, changed)));
                            }
                        }
                        None => changed.changed().await.ok()?,
                    }
                }
            }
        });
        Response::new(Body::from_stream(events))
    }
}

fn event(change: &Change, resource: &str, labels: Option<&String>) -> Option<Value> {
    if change.resource != resource {
        return None;
    }
    let seen = |object: &Option<Value>| object.clone().filter(|object| selected(object, labels));
    match (seen(&change.before), seen(&change.after)) {
        (None, None) => None,
        (None, Some(after)) => Some(json!({"type": "ADDED", "object": after})),
        (Some(_), Some(after)) => Some(json!({"type": "MODIFIED", "object": after})),
        (Some(mut before), None) => {
            before["metadata"]["resourceVersion"] = json!(change.version.to_string());
            Some(json!({"type": "DELETED", "object": before}))
        }
    }
}
