//! The TCP side: accepts connections while the gate is open and cuts them all when it closes, so that a test can take
//! "Slack" down and bring it back on the same port. It knows HTTP, and nothing of what is served.

use std::{io, net::TcpListener, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustix::net::Shutdown;
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// How long a client may take for its part of the TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Binds a listener. Port 0 picks a free port, which is then bound by its number: only such a listener keeps its port
/// when it stops listening and starts again.
pub(crate) fn bind(address: std::net::SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    if address.port() != 0 {
        return Ok(listener);
    }
    let chosen = listener.local_addr()?;
    drop(listener);
    TcpListener::bind(chosen)
}

/// Serves until the task is dropped, with TLS if it is configured. While `gate` is false nothing listens; the socket itself stays, and with it the
/// network namespace it was made in.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    app: Router,
    mut gate: watch::Receiver<bool>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let tls = tls.map(TlsAcceptor::from);
    loop {
        let accepting = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        while *gate.borrow_and_update() {
            tokio::select! {
                accepted = accepting.accept() => {
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(connection(stream, tls.clone(), app.clone(), gate.clone()));
                    }
                }
                _ = gate.changed() => {}
            }
        }
        drop(accepting);
        rustix::net::shutdown(&listener, Shutdown::Read)?;
        if gate.wait_for(|open| *open).await.is_err() {
            return Ok(());
        }
        rustix::net::listen(&listener, BACKLOG)?;
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, app: Router, gate: watch::Receiver<bool>) {
    // Without it small answers wait for the delayed ACK of the ones before.
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, app, gate).await,
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, tls.accept(stream)).await {
                converse(stream, app, gate).await;
            }
        }
    }
}

async fn converse<S>(stream: S, app: Router, mut gate: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service =
        service_fn(move |request: hyper::Request<Incoming>| app.clone().oneshot(request.map(Body::new)));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    // Dropping the connection cuts it; a client's own failure is its own matter.
    tokio::select! {
        _ = served => {}
        _ = gate.wait_for(|open| !open) => {}
    }
}
