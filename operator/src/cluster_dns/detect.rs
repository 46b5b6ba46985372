//! What serves the cluster's DNS. Every read is a `get` of a name that is known beforehand, so that a Role limited by
//! `resourceNames` is enough; what is read is judged by a pure function.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::ConfigMap};
use kube::{
    Api, Client, ResourceExt,
    api::DynamicObject,
    core::{ApiResource, GroupVersionKind},
};
use serde_json::Value;

use super::{
    corefile,
    place::{COREFILE, NAMESPACE, Place, data},
};
use crate::cluster::{client::brief, foreign};

/// Label of everything that Amazon installs for CoreDNS.
const EKS_LABEL: &str = "eks.amazonaws.com/component";

/// Address of Google's metadata server, which answers pods directly in a cluster with Cloud DNS.
const GOOGLE_METADATA: &str = "169.254.169.254";

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    pub coredns: Option<ConfigMap>,
    pub custom: Option<ConfigMap>,
    pub kube_dns: Option<ConfigMap>,
    pub coredns_deployment: Option<Deployment>,
    pub kube_dns_deployment: Option<Deployment>,
    /// `spec.servers` of OpenShift's DNS operator, if there is one.
    pub openshift: Option<Vec<Value>>,
    /// What may not be read, and the API server's words.
    pub forbidden: Option<String>,
}

/// What serves the cluster's DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// CoreDNS with a Corefile that nobody manages; whether it takes up changes by itself.
    Corefile {
        reloads: bool,
    },
    /// CoreDNS whose Corefile imports files of others.
    Custom {
        port: u16,
    },
    KubeDns,
    Eks,
    CloudDns,
    OpenShift {
        servers: Vec<Value>,
    },
    /// Why it cannot be told.
    Unknown(String),
}

impl Server {
    /// Where stub zones go; none for a server that is managed elsewhere.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Corefile { .. } => Some(Place::Corefile),
            Self::Custom { .. } => Some(Place::Custom),
            Self::KubeDns => Some(Place::KubeDns),
            Self::Eks | Self::CloudDns | Self::OpenShift { .. } | Self::Unknown(_) => None,
        }
    }
}

impl Objects {
    pub fn config_map(&self, place: Place) -> Option<&ConfigMap> {
        match place {
            Place::Corefile => self.coredns.as_ref(),
            Place::Custom => self.custom.as_ref(),
            Place::KubeDns => self.kube_dns.as_ref(),
        }
    }

    /// Reads everything.
    ///
    /// # Errors
    /// What the API server answered, but for "forbidden", which is part of what is known.
    pub async fn read(client: &Client) -> Result<Self, kube::Error> {
        let mut objects = Self::default();
        for place in Place::ALL {
            let read = foreign::get::<ConfigMap>(client, NAMESPACE, place.config_map()).await;
            let read = objects.allowed(read)?;
            match place {
                Place::Corefile => objects.coredns = read,
                Place::Custom => objects.custom = read,
                Place::KubeDns => objects.kube_dns = read,
            }
        }
        let coredns = foreign::get(client, NAMESPACE, "coredns").await;
        objects.coredns_deployment = objects.allowed(coredns)?;
        let kube_dns = foreign::get(client, NAMESPACE, "kube-dns").await;
        objects.kube_dns_deployment = objects.allowed(kube_dns)?;
        objects.openshift = openshift(client).await?;
        Ok(objects)
    }

    fn allowed<K>(&mut self, read: Result<Option<K>, kube::Error>) -> Result<Option<K>, kube::Error> {
        match read {
            Err(error) if is_forbidden(&error) => {
                self.forbidden.get_or_insert(brief(&error));
                Ok(None)
            }
            other => other,
        }
    }

    /// What serves, given the name server that the operator's own pod asks.
    pub fn server(&self, name_server: Option<&str>) -> Server {
        if let Some(servers) = &self.openshift {
            return Server::OpenShift { servers: servers.clone() };
        }
        if name_server == Some(GOOGLE_METADATA) {
            return Server::CloudDns;
        }
        let kube_dns_runs = runs(self.kube_dns_deployment.as_ref());
        if kube_dns_runs && !runs(self.coredns_deployment.as_ref()) {
            return Server::KubeDns;
        }
        if self.is_eks() {
            return Server::Eks;
        }
        match self.coredns.as_ref().and_then(|coredns| data(coredns).remove(COREFILE)) {
            Some(text) => by_corefile(&text),
            _ if kube_dns_runs => Server::KubeDns,
            _ => Server::Unknown(self.forbidden.clone().unwrap_or_else(|| {
                format!("there is neither a ConfigMap coredns with a Corefile nor a Deployment kube-dns in namespace {NAMESPACE}")
            })),
        }
    }

    fn is_eks(&self) -> bool {
        let labelled = |labels: &std::collections::BTreeMap<String, String>| labels.contains_key(EKS_LABEL);
        self.coredns.as_ref().is_some_and(|object| labelled(object.labels()))
            || self.coredns_deployment.as_ref().is_some_and(|object| labelled(object.labels()))
    }
}

fn by_corefile(text: &str) -> Server {
    match corefile::read(text) {
        Ok(read) if read.imports.iter().any(|file| file.ends_with("custom/*.server")) => {
            Server::Custom { port: read.port }
        }
        Ok(read) => Server::Corefile { reloads: read.reloads },
        // Editing it says what is wrong with it.
        Err(_) => Server::Corefile { reloads: true },
    }
}

fn runs(deployment: Option<&Deployment>) -> bool {
    let replicas = |deployment: &Deployment| deployment.spec.as_ref().and_then(|spec| spec.replicas);
    deployment.is_some_and(|deployment| replicas(deployment).unwrap_or(1) > 0)
}

/// OpenShift's own resource. A cluster without it, or without the right to look, is not told from one that has no
/// OpenShift; there, ConfigMap `kube-system/coredns` does not exist.
async fn openshift(client: &Client) -> Result<Option<Vec<Value>>, kube::Error> {
    let kind = GroupVersionKind::gvk("operator.openshift.io", "v1", "DNS");
    let resource = ApiResource::from_gvk_with_plural(&kind, "dnses");
    match Api::<DynamicObject>::all_with(client.clone(), &resource).get_opt("default").await {
        Ok(found) => Ok(found.map(|dns| {
            dns.data.pointer("/spec/servers").and_then(Value::as_array).cloned().unwrap_or_default()
        })),
        // Where the whole API group is unknown the answer has no reason by which the client would tell that.
        Err(error) if is_forbidden(&error) || has_code(&error, 404) => Ok(None),
        Err(error) => Err(error),
    }
}

pub fn is_forbidden(error: &kube::Error) -> bool {
    has_code(error, 403)
}

fn has_code(error: &kube::Error, code: u16) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == code)
}

#[cfg(test)]
mod tests;
