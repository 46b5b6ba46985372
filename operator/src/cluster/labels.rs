//! The recommended labels, by which children are found again, and the annotations of the operator.

use std::collections::BTreeMap;

/// What runs: [`BOT`].
pub const NAME: &str = "app.kubernetes.io/name";
/// Name of the ChatBot.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Who looks after the object: [`super::FIELD_MANAGER`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Part of the product: `bot`.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The product: `chatops`.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Version of the operator that wrote the object; not on pods, which would be replaced at each upgrade.
pub const VERSION: &str = "app.kubernetes.io/version";

/// Value of [`NAME`].
pub const BOT: &str = "chatops-bot";

/// Selects everything the operator looks after.
pub const MANAGED: &str = "app.kubernetes.io/managed-by=chatops-operator";

/// Hash of what was applied last: tells that a field is no longer wanted, which the object alone cannot tell.
pub const APPLIED: &str = "chatops.dev/applied";
/// UID of the ChatBot an object belongs to, also when its owner reference was taken away.
pub const OWNER_UID: &str = "chatops.dev/owner-uid";
/// On pods: hash of the part of the configuration that a running bot cannot take up.
pub const RESTART: &str = "chatops.dev/restart-hash";
/// On pods: hash of the template they were made from.
pub const TEMPLATE: &str = "chatops.dev/template-hash";
/// On pods: when the kubelet was last asked to refresh the mounted files.
pub const REFRESHED: &str = "chatops.dev/refreshed";

/// Labels that select the pods of ChatBot `name`. They can never change: a Deployment's selector is immutable.
pub fn selector(name: &str) -> BTreeMap<String, String> {
    [(NAME, BOT), (INSTANCE, name)].map(|(key, value)| (key.into(), value.into())).into()
}

/// Labels of every object of ChatBot `name`.
pub fn common(name: &str) -> BTreeMap<String, String> {
    let mut labels = selector(name);
    labels.extend(
        [(MANAGED_BY, super::FIELD_MANAGER), (COMPONENT, "bot"), (PART_OF, "chatops")]
            .map(|(key, value)| (key.into(), value.into())),
    );
    labels
}
