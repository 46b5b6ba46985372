//! An HTTP proxy as companies have it: it connects to whatever host is named in `CONNECT`, for those who know its
//! password, and copies bytes. Knows nothing of what is in them.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::timeout;

/// How long a client may take for its request.
const REQUEST: Duration = Duration::from_secs(10);
/// Longest head of a request.
const MOST_BYTES: u64 = 16 * 1024;

/// User name and password that the proxy wants.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// A running proxy. Dropping it ends it and cuts its connections.
#[derive(Debug)]
pub struct ConnectProxy {
    address: SocketAddr,
    tunnels: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// How the proxy connects to a host and port.
type Route = dyn Fn(&str, u16) -> io::Result<StdStream> + Send + Sync;

impl ConnectProxy {
    /// Serves on `listener`, which is non-blocking. `route` connects to a host and port; it may block.
    ///
    /// # Errors
    /// The listener is not usable.
    pub fn start(
        listener: StdListener,
        credentials: Option<Credentials>,
        route: impl Fn(&str, u16) -> io::Result<StdStream> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let wanted = credentials.map(|Credentials { user, password }| {
            format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
        });
        let tunnels = Arc::new(AtomicUsize::new(0));
        let proxy = Arc::new(Proxy { wanted, route: Arc::new(route), tunnels: tunnels.clone() });
        Ok(Self { address, tunnels, task: tokio::spawn(serve(listener, proxy)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has made so far.
    #[must_use]
    pub fn tunnels(&self) -> usize {
        self.tunnels.load(Ordering::Relaxed)
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Proxy {
    /// The value of `Proxy-Authorization`.
    wanted: Option<String>,
    route: Arc<Route>,
    tunnels: Arc<AtomicUsize>,
}

async fn serve(listener: TcpListener, proxy: Arc<Proxy>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let proxy = proxy.clone();
        // A client's own failure is its own matter.
        connections.spawn(async move { proxy.tunnel(client).await.unwrap_or_default() });
        while connections.try_join_next().is_some() {}
    }
}

impl Proxy {
    async fn tunnel(&self, client: TcpStream) -> io::Result<()> {
        let mut client = BufReader::new(client);
        let head = timeout(REQUEST, head(&mut client)).await??;
        let refuse =
            |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let authority = head.first().and_then(|line| line.strip_prefix("CONNECT ")?.split(' ').next());
        let Some((host, port)) = authority.and_then(|to| to.rsplit_once(':')) else {
            return client.write_all(refuse("405 Method Not Allowed").as_bytes()).await;
        };
        if !self.knows(&head) {
            let status = "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"proxy\"";
            return client.write_all(refuse(status).as_bytes()).await;
        }
        match self.connect(host, port).await {
            Err(_) => client.write_all(refuse("502 Bad Gateway").as_bytes()).await,
            Ok(mut server) => {
                self.tunnels.fetch_add(1, Ordering::Relaxed);
                client.write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n").await?;
                copy_bidirectional(&mut client, &mut server).await.map(drop)
            }
        }
    }

    fn knows(&self, head: &[String]) -> bool {
        let given = head.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("proxy-authorization").then(|| value.trim())
        });
        self.wanted.is_none() || given == self.wanted.as_deref()
    }

    async fn connect(&self, host: &str, port: &str) -> io::Result<TcpStream> {
        let port = port.parse().map_err(io::Error::other)?;
        let (route, host) = (self.route.clone(), host.to_owned());
        let server = spawn_blocking(move || route(&host, port)).await.map_err(io::Error::other)??;
        server.set_nonblocking(true)?;
        TcpStream::from_std(server)
    }
}

/// The lines up to the empty one.
async fn head(client: &mut BufReader<TcpStream>) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut limited = client.take(MOST_BYTES);
    loop {
        let mut line = String::new();
        if limited.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" => return Ok(lines),
            line => lines.push(line.to_owned()),
        }
    }
}
