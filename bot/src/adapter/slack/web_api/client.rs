//! HTTP over the network's way out, with connections that are kept for a while. Knows no Slack.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::{HeaderMap, Request, StatusCode, Uri};
use hyper::body::{Body, Incoming};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tower::Service;

use crate::network::{Limits, Network, Stream, Target, Unreachable};

/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(90);

/// Far above what Slack answers.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// A client that can be made to forget its connections.
#[derive(Debug)]
pub(super) struct HttpClient {
    connector: Connector,
    current: Mutex<Client<Connector, String>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Received {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl HttpClient {
    pub(super) fn new(network: Arc<Network>, limits: Limits) -> HttpClient {
        let connector = Connector { network, limits };
        HttpClient { current: Mutex::new(connector.client()), connector }
    }

    /// Sends `request` and reads the whole answer. The caller has a deadline.
    pub(super) async fn send(&self, request: Request<String>) -> Result<Received, Unreachable> {
        let client = self.current.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = client.request(request).await.map_err(|error| Unreachable::from_error(&error))?;
        let (head, body) = answer.into_parts();
        Ok(Received { status: head.status, headers: head.headers, body: read(body).await? })
    }

    /// Opens a new connection for the next request.
    pub(super) fn forget_connections(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = self.connector.client();
    }
}

async fn read(mut body: Incoming) -> Result<Vec<u8>, Unreachable> {
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| Unreachable::from_error(&error))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > MAX_BODY_BYTES {
                return Err(Unreachable::new("other", "the answer is too long"));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// Opens connections by the network's way out.
#[derive(Clone, Debug)]
struct Connector {
    network: Arc<Network>,
    limits: Limits,
}

impl Connector {
    fn client(&self) -> Client<Connector, String> {
        Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(self.clone())
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Unreachable;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, Unreachable>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Connector { network, limits } = self.clone();
        Box::pin(async move {
            let target =
                Target::of(&uri).ok_or_else(|| Unreachable::new("other", "the address has no host"))?;
            network.connect(&target, limits).await.map(TokioIo::new)
        })
    }
}
