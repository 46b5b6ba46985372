//! Where stub zones are configured: one key of one ConfigMap in `kube-system`. Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::{corefile, kube_dns, record::Record, stub_zones::StubZones};

/// Namespace of the cluster's DNS.
pub const NAMESPACE: &str = "kube-system";

/// Key of a Corefile in its ConfigMap.
pub const COREFILE: &str = "Corefile";

/// Key of kube-dns's stub zones.
const STUB_DOMAINS: &str = "stubDomains";

/// Our own key beside a Corefile that imports `custom/*.server`.
pub const OWN_KEY: &str = "chatops-operator.server";

/// A key of a ConfigMap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A block in CoreDNS's own Corefile.
    Corefile,
    /// A file of our own, which the Corefile imports.
    Custom,
    /// Entries in kube-dns's `stubDomains`.
    KubeDns,
}

/// The values of a ConfigMap.
pub type Data = BTreeMap<String, String>;

/// Why a value is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("ConfigMap {NAMESPACE}/coredns, key Corefile: {0}")]
    Corefile(#[from] corefile::Error),
    #[error("ConfigMap {NAMESPACE}/coredns-custom, key {key}: {source}")]
    Custom { key: String, source: corefile::Error },
    #[error(
        "ConfigMap {NAMESPACE}/coredns-custom has a key {OWN_KEY} that the operator did not write: rename it"
    )]
    OwnKeyTaken,
    #[error("ConfigMap {NAMESPACE}/kube-dns: {0}")]
    KubeDns(#[from] kube_dns::Error),
    #[error("ConfigMap {NAMESPACE}/coredns has no key Corefile")]
    NoCorefile,
}

impl Place {
    pub const ALL: [Self; 3] = [Self::Corefile, Self::Custom, Self::KubeDns];

    /// Name of its ConfigMap.
    pub fn config_map(self) -> &'static str {
        match self {
            Self::Corefile => "coredns",
            Self::Custom => "coredns-custom",
            Self::KubeDns => "kube-dns",
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Self::Corefile => COREFILE,
            Self::Custom => OWN_KEY,
            Self::KubeDns => STUB_DOMAINS,
        }
    }

    /// `data` with `stub` in force. `record` is of what was written before, `port` the one on which CoreDNS is asked.
    ///
    /// # Errors
    /// When somebody else serves one of the zones, or the value cannot be edited.
    pub fn set(
        self,
        data: &Data,
        stub: &StubZones,
        record: Option<&Record>,
        port: u16,
    ) -> Result<Data, Refusal> {
        let text = data.get(self.key());
        let value = match self {
            Self::Corefile => corefile::apply(text.ok_or(Refusal::NoCorefile)?, stub)?,
            Self::Custom => {
                for (key, text) in data.iter().filter(|(key, _)| key.ends_with(".server") && *key != OWN_KEY)
                {
                    let free = corefile::leaves_free(text, stub, port);
                    free.map_err(|source| Refusal::Custom { key: key.clone(), source })?;
                }
                if text.is_some_and(|text| !corefile::is_own_file(text)) {
                    return Err(Refusal::OwnKeyTaken);
                }
                corefile::own_file(stub, port)
            }
            Self::KubeDns => {
                kube_dns::apply(text.map(String::as_str), stub, record.map(|record| &record.stub))?
            }
        };
        let mut data = data.clone();
        data.insert(self.key().into(), value);
        Ok(data)
    }

    /// `data` without anything of ours.
    ///
    /// # Errors
    /// When it cannot be told what is ours.
    pub fn clear(self, data: &Data, record: Option<&Record>) -> Result<Data, Refusal> {
        let mut cleared = data.clone();
        let Some(text) = cleared.get_mut(self.key()) else { return Ok(cleared) };
        match self {
            Self::Corefile => *text = corefile::undo(text)?,
            Self::Custom if corefile::is_own_file(text) => drop(cleared.remove(OWN_KEY)),
            Self::Custom => {}
            Self::KubeDns => {
                let Some(record) = record else { return Ok(cleared) };
                *text = kube_dns::undo(text, &record.stub);
                if record.created_key && kube_dns::is_empty(text) {
                    cleared.remove(STUB_DOMAINS);
                }
            }
        }
        Ok(cleared)
    }
}

/// The values of `config_map`.
pub fn data(config_map: &ConfigMap) -> Data {
    config_map.data.clone().unwrap_or_default()
}
