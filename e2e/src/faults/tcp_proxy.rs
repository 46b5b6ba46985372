//! A TCP proxy that can fall silent: it then accepts and answers nothing, like a server behind a broken network.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

/// How long connecting to the server may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A proxy on loopback. Dropping it ends it.
#[derive(Debug)]
pub struct TcpProxy {
    address: SocketAddr,
    silent: Arc<watch::Sender<bool>>,
    task: JoinHandle<()>,
}

impl TcpProxy {
    /// Forwards connections from a free port on loopback to `server`.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let silent = Arc::new(watch::Sender::new(false));
        let task = tokio::spawn(serve(listener, server, silent.clone()));
        Ok(Self { address, silent, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing is forwarded, on open connections neither; new ones are accepted and never answered.
    pub fn fall_silent(&self) {
        self.silent.send_replace(true);
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, silent: Arc<watch::Sender<bool>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.spawn(forward(client, server, silent.subscribe()));
        while connections.try_join_next().is_some() {}
    }
}

/// Forwards until either side ends, or holds the connection open without a word once silence has fallen.
async fn forward(mut client: TcpStream, server: SocketAddr, mut silent: watch::Receiver<bool>) {
    let Ok(Ok(mut upstream)) = timeout(CONNECT, TcpStream::connect(server)).await else { return };
    tokio::select! {
        biased;
        () = fallen(&mut silent) => std::future::pending().await,
        _ = copy_bidirectional(&mut client, &mut upstream) => {}
    }
}

/// Ends when silence has fallen.
async fn fallen(silent: &mut watch::Receiver<bool>) {
    let _ = silent.wait_for(|silent| *silent).await.map(drop);
}
