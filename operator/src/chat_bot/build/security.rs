//! What every pod of a bot has for the *restricted* Pod Security Standard (Kubernetes docs, "Pod Security Standards").

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Capabilities, PodSecurityContext, SeccompProfile, SecurityContext},
    apimachinery::pkg::api::resource::Quantity,
};

/// For a pod. A volume that it writes to belongs to `group`.
pub(super) fn pod(group: Option<i64>) -> PodSecurityContext {
    let profile = SeccompProfile { type_: "RuntimeDefault".into(), ..SeccompProfile::default() };
    PodSecurityContext {
        fs_group: group,
        // Otherwise every file is looked at on each start.
        fs_group_change_policy: group.map(|_| "OnRootMismatch".into()),
        run_as_non_root: Some(true),
        seccomp_profile: Some(profile),
        ..PodSecurityContext::default()
    }
}

/// For a container.
pub(super) fn container() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".into()]), add: None }),
        read_only_root_filesystem: Some(true),
        ..SecurityContext::default()
    }
}

/// Amounts of resources by name.
pub(super) fn amounts(amounts: &[(&str, &str)]) -> BTreeMap<String, Quantity> {
    amounts.iter().map(|(name, amount)| ((*name).into(), Quantity((*amount).into()))).collect()
}
