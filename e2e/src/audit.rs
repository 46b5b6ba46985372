//! The API server's audit log: who did what.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use serde::Deserialize;

/// One finished request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    stage: String,
    /// `create`, `patch`, `list` and so on.
    pub verb: String,
    user: User,
    object_ref: Option<ObjectRef>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    #[serde(default)]
    response_status: ResponseStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    code: u16,
}

#[derive(Debug, Clone, Deserialize)]
struct User {
    username: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    resource: String,
    subresource: String,
    api_group: String,
}

/// A verb on a resource, as a rule of a Role grants it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// API group, empty for the core.
    pub group: String,
    /// Resource, with its subresource as `pods/status`.
    pub resource: String,
    pub verb: String,
}

/// The requests of `user` that are finished, oldest first.
///
/// # Errors
/// The log can't be read. Lines that are not whole yet are passed over.
pub fn requests_of(log: &Path, user: &str) -> Result<Vec<Request>> {
    let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    let requests =
        text.lines().filter(|line| line.contains(user)).filter_map(|line| serde_json::from_str(line).ok());
    Ok(requests
        .filter(|request: &Request| request.stage == "ResponseComplete" && request.user.username == user)
        .collect())
}

/// The user name of a ServiceAccount.
pub fn service_account(namespace: &str, name: &str) -> String {
    format!("system:serviceaccount:{namespace}:{name}")
}

impl Request {
    /// It changed something, or tried to, other than the lease that a leader renews all the time.
    pub fn is_write(&self) -> bool {
        let reads = ["get", "list", "watch"];
        let lease = self.object_ref.as_ref().is_some_and(|object| object.resource == "leases");
        !reads.contains(&self.verb.as_str()) && !lease
    }

    /// The API server refused it for want of a permission. Admission refuses with the same HTTP status, for instance
    /// whatever is created in a namespace that is being deleted; that is not meant.
    pub fn is_forbidden(&self) -> bool {
        self.annotations.get("authorization.k8s.io/decision").is_some_and(|decision| decision == "forbid")
    }

    /// What it needed; nothing for what is no resource. An apply that creates needs `create` besides.
    fn permissions(&self) -> Vec<Permission> {
        let created = self.verb == "patch" && self.response_status.code == 201;
        let verbs = [Some(self.verb.as_str()), created.then_some("create")];
        verbs.into_iter().flatten().filter_map(|verb| self.permission(verb)).collect()
    }

    fn permission(&self, verb: &str) -> Option<Permission> {
        let object = self.object_ref.as_ref()?;
        let resource = match object.subresource.as_str() {
            "" => object.resource.clone(),
            subresource => format!("{}/{subresource}", object.resource),
        };
        Some(Permission { group: object.api_group.clone(), resource, verb: verb.to_owned() })
    }
}

/// What `requests` needed and were granted.
pub fn permissions(requests: &[Request]) -> BTreeSet<Permission> {
    requests.iter().filter(|request| !request.is_forbidden()).flat_map(Request::permissions).collect()
}
