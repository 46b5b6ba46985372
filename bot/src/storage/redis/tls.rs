//! What to trust and what to show on encrypted connections, read from where it is mounted each time a connection is
//! opened: certificates are renewed.

use std::sync::Arc;

use chatops_crds::{
    bot_config::{ClientCertificate, TlsConfig},
    bot_report::{Fault, FaultCode},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::secret::Secret;

/// Reads the files.
pub(super) async fn client(tls: &TlsConfig) -> Result<Arc<ClientConfig>, Fault> {
    let client = ClientConfig::builder().with_root_certificates(roots(tls.ca_file.as_deref()).await?);
    let Some(ClientCertificate { certificate_file, key_file }) = &tls.client_certificate else {
        return Ok(Arc::new(client.with_no_client_auth()));
    };
    let missing = |file: &str| Fault::new(FaultCode::StorageCertificateNotFound).with("file", file);
    let pem = tokio::fs::read(certificate_file).await.unwrap_or_default();
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&pem).flatten().collect();
    if chain.is_empty() {
        return Err(missing(certificate_file));
    }
    let pem = Secret::new(tokio::fs::read_to_string(key_file).await.unwrap_or_default());
    let key = PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()).map_err(|_| missing(key_file))?;
    // The two are swapped one after the other when they are renewed, or are no pair at all.
    client.with_client_auth_cert(chain, key).map(Arc::new).map_err(|_| missing(key_file))
}

async fn roots(file: Option<&str>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let pem = tokio::fs::read(file).await.unwrap_or_default();
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).flatten());
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        let fault = Fault::new(FaultCode::TrustedCaNotFound);
        return Err(fault.with("file", file.unwrap_or("the system's certificates")));
    }
    Ok(roots)
}
