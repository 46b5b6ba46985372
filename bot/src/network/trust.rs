//! Whom to trust, and TLS with it: the public authorities of the system, and a file of certificates besides.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Stream, Unreachable};

#[derive(Debug)]
pub(super) struct Trust {
    /// PEM certificates to trust besides the public ones.
    file: Option<String>,
    /// Made for the file's content of this hash.
    current: Mutex<Option<(Vec<u8>, Arc<ClientConfig>)>>,
}

impl Trust {
    pub(super) fn new(file: Option<String>) -> Trust {
        Trust { file, current: Mutex::default() }
    }

    /// TLS over `stream` with the server `host`, established at `end`.
    pub(super) async fn encrypt(
        &self,
        stream: Stream,
        host: &str,
        end: Instant,
    ) -> Result<Stream, Unreachable> {
        let config = self.client_config().await?;
        match timeout_at(end, handshake(config, stream, host)).await {
            Ok(encrypted) => encrypted.map(Stream::new),
            Err(_) => Err(Unreachable::timeout("no TLS handshake")),
        }
    }

    /// What a client needs, for the certificates as they are now.
    pub(super) async fn client_config(&self) -> Result<Arc<ClientConfig>, Unreachable> {
        let pem = match &self.file {
            Some(file) => tokio::fs::read(file).await.unwrap_or_default(),
            None => Vec::new(),
        };
        let hash = Sha256::digest(&pem).to_vec();
        if let Some((_, config)) = self.current().as_ref().filter(|(of, _)| *of == hash) {
            return Ok(config.clone());
        }
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        if let Some(file) = self.file.as_ref().filter(|_| added == 0) {
            return Err(Unreachable::Trust { file: file.clone() });
        }
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| Unreachable::from_error(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let config = Arc::new(config);
        *self.current() = Some((hash, config.clone()));
        Ok(config)
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<(Vec<u8>, Arc<ClientConfig>)>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// TLS over `stream` with the server `host`.
///
/// # Errors
/// [`Unreachable`] with cause `tls`, or why the connection broke.
pub async fn handshake(
    config: Arc<ClientConfig>,
    stream: Stream,
    host: &str,
) -> Result<TlsStream<Stream>, Unreachable> {
    let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
        .map_err(|error| Unreachable::new("tls", error.to_string()))?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| {
        match Unreachable::from_error(&error) {
            Unreachable::Host { cause: "closed", .. } => {
                Unreachable::new("tls", "the server ended the handshake")
            }
            other => other,
        }
    })
}
