//! A client whose every request has a deadline and is seen by an observer.
//!
//! kube's default retry is off: it waits up to 1000 s, and a reconcile has its own back-off.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use http::{Method, Request, Response, StatusCode};
use kube::{
    Client, Config,
    client::{Body, ClientBuilder},
};
use tower::{Service, layer::layer_fn, timeout::TimeoutLayer};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(5);

/// Between two pieces of a body. Longer than a watch without events lives ([`super::watch`]).
const READ: Duration = Duration::from_secs(90);

/// The error in a few words: kube's own repeats the whole answer.
pub fn brief(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}: {}", status.code, status.reason, status.message),
        other => other.to_string(),
    }
}

/// A request that was answered or failed.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Path with query.
    pub path: String,
    pub started: Instant,
    /// None when there was no answer.
    pub status: Option<StatusCode>,
}

/// Told of every request once its outcome is known.
pub type Observer = Arc<dyn Fn(&Call) + Send + Sync>;

/// A client for `config` that waits at most `deadline` for the head of an answer.
///
/// # Errors
/// When the configuration's certificates or credentials cannot be used.
pub fn client(mut config: Config, deadline: Duration, observer: Observer) -> Result<Client, kube::Error> {
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    config.read_timeout = Some(READ);
    config.write_timeout = Some(deadline);
    config.reset_reader_on_write = true;
    let observe = layer_fn(move |inner| Observed { inner, observer: observer.clone() });
    let builder = ClientBuilder::try_from(config)?;
    Ok(builder.with_layer(&TimeoutLayer::new(deadline)).with_layer(&observe).build())
}

struct Observed<S> {
    inner: S,
    observer: Observer,
}

impl<S, B> Service<Request<Body>> for Observed<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        let mut call = Call { method: request.method().clone(), path, started: Instant::now(), status: None };
        let observer = self.observer.clone();
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            call.status = answer.as_ref().ok().map(Response::status);
            observer(&call);
            answer
        }
        .boxed()
    }
}
