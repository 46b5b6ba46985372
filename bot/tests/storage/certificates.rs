//! Certificates for servers and clients on loopback.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chatops_crds::bot_config::{ClientCertificate, TlsConfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// A certificate authority of its own, with a certificate for 127.0.0.1 that servers and clients show.
pub struct Certificates {
    pub folder: tempfile::TempDir,
}

impl Certificates {
    pub fn make() -> Certificates {
        let folder = tempfile::tempdir().unwrap();
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        // A certificate whose issuer has its own name counts as self-signed.
        authority.distinguished_name.push(DnType::CommonName, "authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = authority.self_signed(&authority_key).unwrap();
        fs::write(folder.path().join("ca.crt"), certificate.pem()).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        fs::write(folder.path().join("tls.crt"), leaf.signed_by(&key, &issuer).unwrap().pem()).unwrap();
        fs::write(folder.path().join("tls.key"), key.serialize_pem()).unwrap();
        Certificates { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Directives of a server that shows the certificate and wants one of clients, or not: one a line.
    pub fn directives(&self, of_clients: &str) -> String {
        format!(
            "tls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\ntls-auth-clients {of_clients}",
            self.path("tls.crt").display(),
            self.path("tls.key").display(),
            self.path("ca.crt").display()
        )
    }

    /// The same as arguments.
    pub fn arguments(&self, of_clients: &str) -> String {
        arguments(&self.directives(of_clients))
    }

    /// What a client trusts.
    pub fn trusted(&self) -> TlsConfig {
        TlsConfig { ca_file: Some(text(&self.path("ca.crt"))), client_certificate: None }
    }

    /// The same, with the certificate to show.
    pub fn shown(&self) -> TlsConfig {
        let [certificate_file, key_file] = ["tls.crt", "tls.key"].map(|name| text(&self.path(name)));
        TlsConfig {
            client_certificate: Some(ClientCertificate { certificate_file, key_file }),
            ..self.trusted()
        }
    }
}

/// Directives, one a line, as arguments.
fn arguments(directives: &str) -> String {
    directives.lines().map(|line| format!("--{line} ")).collect()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().into()
}
