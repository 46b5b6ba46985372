//! Opening a connection step by step, so that the report can say which step failed: credentials, name, TCP, TLS,
//! authentication, database, and whether the server takes writes.

use std::sync::Arc;

use ::redis::{
    AsyncConnectionConfig, Cmd, ErrorKind, RedisConnectionInfo, RedisError, aio::MultiplexedConnection, cmd,
};
use chatops_crds::{
    bot_config::{RedisConfig, SecretSource, TlsConfig},
    bot_report::{Fault, FaultCode},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;

use super::{COMMAND_DEADLINE, CONNECT_DEADLINE, fault};
use crate::secret::{self, Secret};

/// A connection that answers.
pub(super) struct Connected {
    pub connection: MultiplexedConnection,
    /// Moves bytes; ends when the connection does.
    pub driver: AbortOnDropHandle<()>,
    /// Why it takes no writes, though it answers.
    pub read_only: Option<Fault>,
}

/// What the server wants to see. Compared to notice a rotation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Credentials {
    username: Option<Secret>,
    password: Option<Secret>,
}

impl Credentials {
    /// Reads them; the user name is optional where a password is wanted.
    pub(super) async fn read(config: &RedisConfig) -> Result<Credentials, Fault> {
        let Some(password) = &config.password else { return Ok(Credentials::default()) };
        let password = secret::read(password)
            .await
            .map_err(|missing| Fault::new(FaultCode::StorageSecretNotFound).with("key", missing.key()))?;
        let username = match &config.username {
            Some(source) => optional(source).await,
            None => None,
        };
        Ok(Credentials { username, password: Some(password) })
    }
}

async fn optional(source: &SecretSource) -> Option<Secret> {
    secret::read(source).await.ok()
}

/// Connects, authenticates, selects the database and checks that the server takes writes.
pub(super) async fn connect(config: &RedisConfig, credentials: &Credentials) -> Result<Connected, Fault> {
    let address = config.address.as_str();
    let (host, port) = split(address);
    let trust = match &config.tls {
        Some(tls) => Some(trust(tls).await?),
        None => None,
    };
    let addresses = match timeout(CONNECT_DEADLINE, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(_)) | Err(_) => return Err(Fault::new(FaultCode::DnsUnresolvable).with("host", host)),
    };
    let open = async {
        let stream = TcpStream::connect(&addresses[..]).await.map_err(|e| fault::from_io(address, &e))?;
        // Commands are small and wait for answers. Where that cannot be set they only take longer.
        let _ = stream.set_nodelay(true);
        match trust {
            Some(trust) => {
                let name = ServerName::try_from(host.to_owned())
                    .map_err(|error| fault::unreachable(address, "tls", error.to_string()))?;
                let stream = TlsConnector::from(trust).connect(name, stream).await;
                serve(address, stream.map_err(|error| fault::from_tls(address, &error))?).await
            }
            None => serve(address, stream).await,
        }
    };
    match timeout(CONNECT_DEADLINE, open).await {
        Ok(connected) => {
            let mut connected = connected?;
            connected.read_only = greet(config, credentials, &mut connected.connection).await?;
            Ok(connected)
        }
        Err(_) => Err(fault::unreachable(address, "timeout", "no connection")),
    }
}

async fn serve<S>(address: &str, stream: S) -> Result<Connected, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Authentication and database are commands of our own, so that their errors can be told apart.
    let info = RedisConnectionInfo::default().set_skip_set_lib_name();
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(COMMAND_DEADLINE));
    let (connection, driver) = MultiplexedConnection::new_with_config(&info, stream, config)
        .await
        .map_err(|error| fault::from_redis(address, &error))?;
    let driver: JoinHandle<()> = tokio::spawn(driver);
    Ok(Connected { connection, driver: AbortOnDropHandle::new(driver), read_only: None })
}

async fn greet(
    config: &RedisConfig,
    credentials: &Credentials,
    connection: &mut MultiplexedConnection,
) -> Result<Option<Fault>, Fault> {
    let address = config.address.as_str();
    if let Some(password) = &credentials.password {
        let mut auth = cmd("AUTH");
        auth.arg(credentials.username.as_ref().map(Secret::expose)).arg(password.expose());
        let refused = |error: RedisError| fault::from_authentication(address, &error);
        run(&auth, connection).await.map_err(refused)?;
    }
    if config.database != 0 {
        let mut select = cmd("SELECT");
        select.arg(config.database);
        run(&select, connection).await.map_err(|error| fault::from_redis(address, &error))?;
    }
    probe(config, connection).await
}

/// Asks whether the server takes writes, without writing: nothing is ever stored under the key, so `XX` never
/// applies, but a server that is read-only or full refuses the command all the same. Returns why it does.
pub(super) async fn probe(
    config: &RedisConfig,
    connection: &mut MultiplexedConnection,
) -> Result<Option<Fault>, Fault> {
    let mut set = cmd("SET");
    set.arg(format!("chatops:{{{}}}:", config.key_prefix)).arg(1).arg("XX");
    match run(&set, connection).await.map_err(|error| fault::from_redis(&config.address, &error)) {
        Ok(()) => Ok(None),
        Err(fault) if fault::is_about_writes(&fault) => Ok(Some(fault)),
        Err(fault) => Err(fault),
    }
}

async fn run(command: &Cmd, connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    let late = || RedisError::from((ErrorKind::Io, "no answer"));
    // The connection has the same deadline for an answer, but none for getting the command out.
    timeout(2 * COMMAND_DEADLINE, command.exec_async(connection)).await.unwrap_or_else(|_| Err(late()))
}

async fn trust(tls: &TlsConfig) -> Result<Arc<ClientConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    match &tls.ca_file {
        Some(file) => {
            let pem = tokio::fs::read(file).await.unwrap_or_default();
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(Fault::new(FaultCode::TrustedCaNotFound));
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// Host without brackets, and port.
fn split(address: &str) -> (&str, u16) {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "6379"));
    (host.trim_matches(['[', ']']), port.parse().unwrap_or(6379))
}
