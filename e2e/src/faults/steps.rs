//! Proxies between a program and its servers that let only so many steps pass: whatever is sent at once in one direction
//! is a step. So a program can be stopped right before anything that it says is heard, and right after.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// Steps that pass, of all proxies together. Dropping it ends them.
#[derive(Debug)]
pub struct Steps {
    gate: Arc<Gate>,
    proxies: JoinSet<()>,
}

#[derive(Debug)]
struct Gate {
    /// None: all pass.
    left: Mutex<Option<usize>>,
    is_closed: watch::Sender<bool>,
}

impl Gate {
    /// Whether one more step passes.
    fn pass(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        match left.as_mut() {
            None => true,
            Some(0) => {
                self.is_closed.send_replace(true);
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl Steps {
    /// All steps pass.
    #[must_use]
    pub fn new() -> Self {
        let gate = Gate { left: Mutex::new(None), is_closed: watch::Sender::new(false) };
        Self { gate: Arc::new(gate), proxies: JoinSet::new() }
    }

    /// A proxy in front of `server`, on a free port of loopback.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn proxy(&mut self, server: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        self.proxies.spawn(serve(listener, server, self.gate.clone()));
        Ok(address)
    }

    /// From now on `count` steps pass, and what comes then never arrives.
    pub fn allow(&self, count: usize) {
        *self.gate.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(count);
    }

    /// Waits until a step has not passed.
    pub async fn used_up(&self) {
        // It is never closed.
        let _ = self.gate.is_closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }

    /// All steps pass again; what was held back is lost with its connection.
    pub fn allow_all(&self) {
        *self.gate.left.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.gate.is_closed.send_replace(false);
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self::new()
    }
}

async fn serve(listener: TcpListener, server: SocketAddr, gate: Arc<Gate>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(upstream) = TcpStream::connect(server).await else { continue };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = upstream.into_split();
        connections.spawn(forward(from_client, to_server, gate.clone()));
        connections.spawn(forward(from_server, to_client, gate.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, gate: Arc<Gate>) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if !gate.pass() {
            return std::future::pending().await;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}
