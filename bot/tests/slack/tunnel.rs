//! A way out that tests can bend: a small CONNECT proxy, and TLS under a private authority in front of the scripted Slack.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// Name of the scripted Slack behind TLS. Only the proxy knows where it is.
pub const SLACK: &str = "slack.test";

/// An authority that nobody knows.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { issuer: Issuer::new(params, key), pem }
    }

    /// TLS of a server `name`.
    pub fn acceptor(&self, name: &str) -> TlsAcceptor {
        chatops_bot::adapter::slack::install_tls_provider();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.der().clone()], key).unwrap()))
    }
}

/// What the proxy does with a CONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Policy {
    Allow,
    /// Wants this `Proxy-Authorization`.
    Authorised(String),
    /// Answers with this status.
    Refuse(u16),
    /// Never answers.
    Hang,
}

/// A proxy whose tunnels all lead to one address. Everything ends with it.
pub struct Proxy {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    frozen: watch::Sender<u32>,
    task: AbortHandle,
}

struct State {
    policy: Policy,
    /// Whom CONNECT asked for.
    asked: Vec<String>,
}

impl Proxy {
    /// A proxy that leads to `backend`, over TLS if there is an `acceptor` for it.
    pub async fn start(backend: SocketAddr, acceptor: Option<TlsAcceptor>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { policy: Policy::Allow, asked: Vec::new() }));
        let (frozen, shared) = (watch::Sender::new(0), state.clone());
        let freezes = frozen.clone();
        let task = tokio::spawn(async move {
            let mut tunnels = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (shared, acceptor, freeze) = (shared.clone(), acceptor.clone(), freezes.subscribe());
                tunnels.spawn(async move {
                    match acceptor {
                        Some(acceptor) => match acceptor.accept(stream).await {
                            Ok(stream) => tunnel(stream, backend, &shared, freeze).await,
                            Err(_) => None,
                        },
                        None => tunnel(stream, backend, &shared, freeze).await,
                    }
                });
            }
        });
        Proxy { address, state, frozen, task: task.abort_handle() }
    }

    pub fn set(&self, policy: Policy) {
        self.state.lock().unwrap().policy = policy;
    }

    pub fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.clone()
    }

    /// The tunnels that are open now carry nothing any more, as if their host had gone without a word.
    pub fn freeze(&self) {
        self.frozen.send_modify(|times| *times += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn tunnel(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    backend: SocketAddr,
    state: &Mutex<State>,
    mut freeze: watch::Receiver<u32>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    let policy = {
        let mut state = state.lock().unwrap();
        state.asked.push(target);
        state.policy.clone()
    };
    let status = match policy {
        Policy::Allow => 200,
        Policy::Authorised(value) if head.contains(&format!("Proxy-Authorization: {value}\r\n")) => 200,
        Policy::Authorised(_) => 407,
        Policy::Refuse(status) => status,
        Policy::Hang => std::future::pending().await,
    };
    stream.write_all(format!("HTTP/1.1 {status} As told\r\n\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()?;
    if status != 200 {
        return None;
    }
    let mut upstream = TcpStream::connect(backend).await.ok()?;
    tokio::select! {
        _ = copy_bidirectional(&mut stream, &mut upstream) => None,
        _ = freeze.changed() => std::future::pending().await,
    }
}

/// TLS in front of `backend`. It ends with the returned value.
pub struct Terminator {
    pub address: SocketAddr,
    task: AbortHandle,
}

impl Terminator {
    pub async fn start(acceptor: TlsAcceptor, backend: SocketAddr) -> Terminator {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    let mut stream = acceptor.accept(stream).await.ok()?;
                    let mut upstream = TcpStream::connect(backend).await.ok()?;
                    copy_bidirectional(&mut stream, &mut upstream).await.ok()
                });
            }
        });
        Terminator { address, task: task.abort_handle() }
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        self.task.abort();
    }
}
