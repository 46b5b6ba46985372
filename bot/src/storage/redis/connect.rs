//! Opening a connection step by step, so that the report can say which step failed: credentials and certificates, name,
//! TCP, TLS, authentication, database.

use std::sync::Arc;

use ::redis::{AsyncConnectionConfig, RedisConnectionInfo, aio::MultiplexedConnection, cmd};
use chatops_crds::{
    bot_config::RedisConfig,
    bot_report::{Fault, FaultCode},
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::task::AbortOnDropHandle;

use super::{
    COMMAND_DEADLINE, CONNECT_DEADLINE, credentials::Credentials, fault, link::Open, send::answered, tls,
};

/// A server that is connected.
#[derive(Debug)]
pub(super) struct Node {
    pub address: Arc<str>,
    pub connection: MultiplexedConnection,
    /// Moves bytes; ends when the connection does.
    pub driver: AbortOnDropHandle<()>,
}

impl Node {
    pub(super) fn open(&self) -> Open {
        Open { address: self.address.clone(), connection: self.connection.clone() }
    }

    /// Another takes its place: what was sent on this one still gets its answer.
    pub(super) fn retire(self) {
        if !self.driver.is_finished() {
            tokio::spawn(timeout(2 * COMMAND_DEADLINE, self.driver));
        }
    }
}

/// What opens the servers, as it is mounted now.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub credentials: Credentials,
    pub tls: Option<Arc<ClientConfig>>,
}

/// A server, and what opens it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server<'a> {
    /// `host:port`.
    pub address: &'a str,
    pub credentials: &'a Credentials,
    pub tls: Option<&'a Arc<ClientConfig>>,
    /// Number of the logical database.
    pub database: i32,
}

impl Access {
    pub(super) async fn read(config: &RedisConfig) -> Result<Access, Fault> {
        let credentials = Credentials::read(config.username.as_ref(), config.password.as_ref()).await?;
        let tls = match &config.tls {
            Some(files) => Some(tls::client(files).await?),
            None => None,
        };
        Ok(Access { credentials, tls })
    }

    pub(super) fn server<'a>(&'a self, config: &RedisConfig, address: &'a str) -> Server<'a> {
        Server { address, credentials: &self.credentials, tls: self.tls.as_ref(), database: config.database }
    }
}

/// Connects, authenticates and selects the database.
pub(super) async fn dial(server: &Server<'_>) -> Result<Node, Fault> {
    let (host, port) = split(server.address);
    let addresses = match timeout(CONNECT_DEADLINE, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(_)) | Err(_) => return Err(Fault::new(FaultCode::DnsUnresolvable).with("host", host)),
    };
    let connecting = timeout(CONNECT_DEADLINE, TcpStream::connect(&addresses[..])).await;
    let stream = connecting
        .map_err(|_| fault::unreachable(server.address, "timeout", "no connection"))?
        .map_err(|error| fault::from_io(server.address, &error))?;
    // Commands are small and wait for answers. Where that cannot be set they only take longer.
    let _ = stream.set_nodelay(true);
    let node = match server.tls {
        Some(tls) => {
            let stream = Box::pin(encrypt(server.address, host, tls, stream)).await?;
            serve(server.address, stream).await?
        }
        None => serve(server.address, stream).await?,
    };
    log_in(server, &node).await?;
    Ok(node)
}

async fn encrypt(
    address: &str,
    host: &str,
    tls: &Arc<ClientConfig>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, Fault> {
    let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
        .map_err(|error| fault::unreachable(address, "tls", error.to_string()))?;
    let handshake = timeout(CONNECT_DEADLINE, TlsConnector::from(tls.clone()).connect(name, stream)).await;
    // A Redis without TLS waits for the end of what it takes for a command.
    let silent =
        |_| fault::unreachable(address, "tls", "no answer to the handshake: perhaps it speaks no TLS");
    handshake.map_err(silent)?.map_err(|error| fault::from_tls(address, &error))
}

async fn serve<S>(address: &str, stream: S) -> Result<Node, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Authentication and database are commands of our own, so that their errors can be told apart.
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(COMMAND_DEADLINE));
    let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config)
        .await
        .map_err(|error| fault::from_redis(address, &error))?;
    let driver = AbortOnDropHandle::new(tokio::spawn(driver));
    Ok(Node { address: address.into(), connection, driver })
}

async fn log_in(server: &Server<'_>, node: &Node) -> Result<(), Fault> {
    let connection = &mut node.connection.clone();
    if let Some(password) = &server.credentials.password {
        let mut auth = cmd("AUTH");
        auth.arg(server.credentials.username.as_deref()).arg(password.expose());
        let refused = |error| fault::from_authentication(server.address, &error);
        answered(auth.exec_async(connection)).await.map_err(refused)?;
    }
    if server.database != 0 {
        let mut select = cmd("SELECT");
        select.arg(server.database);
        let refused = |error| fault::from_selection(server, &error);
        answered(select.exec_async(connection)).await.map_err(refused)?;
    }
    Ok(())
}

/// Host without brackets, and port.
fn split(address: &str) -> (&str, u16) {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "6379"));
    (host.trim_matches(['[', ']']), port.parse().unwrap_or(6379))
}
