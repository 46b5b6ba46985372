//! An HTTPS client on a connection that somebody else made: the node's network is not this process's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use chatops_e2e::cluster::Cluster;
use chatops_e2e::internet::Internet;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const TIMEOUT: Duration = Duration::from_secs(2);

/// A connection from the node.
pub fn connect(cluster: &Cluster, address: Ipv4Addr, port: u16) -> Result<TcpStream> {
    let target = SocketAddr::from((address, port));
    let stream = cluster.inside(|| std::net::TcpStream::connect_timeout(&target, TIMEOUT))?;
    stream.set_nonblocking(true)?;
    Ok(TcpStream::from_std(stream)?)
}

/// TLS with `host`, trusting the internet's authority and no other.
pub async fn tls(bed: &Internet, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(bed.ca_bundle().as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.context("TLS")
}

/// Calls a method of the Web API; the body of the answer.
pub async fn call(
    stream: TlsStream<TcpStream>,
    host: &str,
    method: &str,
    token: &str,
) -> Result<serde_json::Value> {
    let request = format!(
        "POST /api/{method} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\nConnection: close\r\n\r\n\
         filename=a.txt&length=1000"
    );
    let answer = exchange(stream, &request).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer of HTTP")?;
    Ok(serde_json::from_str(body)?)
}

/// Sends `request` and returns all that comes.
pub async fn exchange<S>(mut stream: S, request: &str) -> Result<String>
where
    S: AsyncReadExt + AsyncWriteExt + Unpin,
{
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // A server that ends without TLS's farewell has still answered.
    let _ = tokio::time::timeout(TIMEOUT, stream.read_to_end(&mut answer)).await;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
