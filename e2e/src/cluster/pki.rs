//! The certificates of one cluster: an authority, the API server's and the node's certificate, and a client
//! certificate for each of the identities that Kubernetes' own authorisation knows by name.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::config::{self, NODE_NAME};
use super::network::Network;
use super::state::State;

/// The first address of the services' range, which the API server takes for itself.
const API_SERVICE_IP: &str = "10.96.0.1";

/// Who may do what, by `CommonName` and `Organization`:
/// <https://kubernetes.io/docs/setup/best-practices/certificates>
struct Identity {
    file: &'static str,
    name: String,
    group: Option<&'static str>,
    hosts: Vec<String>,
}

/// Writes all keys, certificates and kubeconfigs into the state folder.
pub(super) fn create(state: &State, network: &Network) -> Result<()> {
    let folder = state.pki();
    let authority = authority()?;
    write(&folder, "ca.crt", &authority.pem())?;
    let accounts = KeyPair::generate()?;
    write(&folder, "service-accounts.key", &accounts.serialize_pem())?;
    write(&folder, "service-accounts.pub", &accounts.public_key_pem())?;
    let node = network.node_ip().to_string();
    for identity in identities(&node) {
        issue(&folder, &authority, &identity)?;
    }
    for user in ["admin", "controller-manager", "scheduler", "proxy", "node"] {
        let content = config::kubeconfig(&folder, &network.server_url(), user);
        write(state.root(), &format!("{user}.kubeconfig"), &content)?;
    }
    Ok(())
}

fn identities(node: &str) -> [Identity; 6] {
    let client = |file, name: &str, group| Identity { file, name: name.to_owned(), group, hosts: Vec::new() };
    let hosts = |hosts: &[&str]| hosts.iter().map(|&host| host.to_owned()).collect();
    [
        Identity {
            hosts: hosts(&[node, "127.0.0.1", API_SERVICE_IP, "localhost", "kubernetes.default.svc"]),
            ..client("api-server", "kube-apiserver", None)
        },
        Identity {
            hosts: hosts(&[node, NODE_NAME]),
            ..client("node", &format!("system:node:{NODE_NAME}"), Some("system:nodes"))
        },
        client("admin", "admin", Some("system:masters")),
        client("controller-manager", "system:kube-controller-manager", None),
        client("scheduler", "system:kube-scheduler", None),
        client("proxy", "system:kube-proxy", None),
    ]
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "local cluster");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?).context("cannot make a certificate authority")
}

fn issue(folder: &Path, authority: &CertifiedIssuer<'_, KeyPair>, identity: &Identity) -> Result<()> {
    let mut params = CertificateParams::new(identity.hosts.clone())?;
    params.distinguished_name.push(DnType::CommonName, identity.name.as_str());
    if let Some(group) = identity.group {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params
        .signed_by(&key, authority)
        .with_context(|| format!("cannot make the certificate {}", identity.file))?;
    write(folder, &format!("{}.crt", identity.file), &certificate.pem())?;
    write(folder, &format!("{}.key", identity.file), &key.serialize_pem())
}

fn write(folder: &Path, file: &str, content: &str) -> Result<()> {
    let path = folder.join(file);
    fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))
}
