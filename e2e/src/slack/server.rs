//! The TCP side: accepts connections while the gate is open and cuts them all when it closes, so that a test can take
//! "Slack" down and bring it back on the same port. It knows HTTP, and nothing of what is served.

use std::{io, net::TcpListener};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustix::net::Shutdown;
use tokio::{net::TcpStream, sync::watch};
use tower::ServiceExt;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

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

/// Serves until the task is dropped. While `gate` is false nothing listens; the socket itself stays, and with it the
/// network namespace it was made in.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    mut gate: watch::Receiver<bool>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    loop {
        let accepting = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        while *gate.borrow_and_update() {
            tokio::select! {
                accepted = accepting.accept() => {
                    if let Ok((stream, _)) = accepted {
                        tokio::spawn(connection(stream, app.clone(), gate.clone()));
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

async fn connection(stream: TcpStream, app: Router, mut gate: watch::Receiver<bool>) {
    // Without it small answers wait for the delayed ACK of the ones before.
    let _ = stream.set_nodelay(true);
    let service =
        service_fn(move |request: hyper::Request<Incoming>| app.clone().oneshot(request.map(Body::new)));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    // Dropping the connection cuts it; a client's own failure is its own matter.
    tokio::select! {
        _ = served => {}
        _ = gate.wait_for(|open| !open) => {}
    }
}
