//! The recommended labels, by which children are found again, and the annotations of the operator.

use std::collections::BTreeMap;

/// What runs: [`BOT`] or [`REDIS`].
pub const NAME: &str = "app.kubernetes.io/name";
/// Name of the ChatBot.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Who looks after the object: [`super::FIELD_MANAGER`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Part of the product: `bot` or `redis`.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// The product: `chatops`.
pub const PART_OF: &str = "app.kubernetes.io/part-of";
/// Version of the operator that wrote the object; not on pods, which would be replaced at each upgrade.
pub const VERSION: &str = "app.kubernetes.io/version";

/// Value of [`NAME`] on a bot's own objects.
pub const BOT: &str = "chatops-bot";
/// Value of [`NAME`] on the objects of a Redis that the operator runs.
pub const REDIS: &str = "chatops-redis";

/// Labels that say for which part of which ChatBot an object was made, and by whom.
pub const IDENTIFYING: &[&str] = &[NAME, INSTANCE, MANAGED_BY];

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
    select(BOT, name)
}

/// Labels that select the pod of the managed Redis of ChatBot `name`. They can never change, either.
pub fn redis_selector(name: &str) -> BTreeMap<String, String> {
    select(REDIS, name)
}

/// Labels of every object of ChatBot `name` itself.
pub fn common(name: &str) -> BTreeMap<String, String> {
    with_component(selector(name), "bot")
}

/// Labels of every object of the managed Redis of ChatBot `name`.
pub fn redis(name: &str) -> BTreeMap<String, String> {
    with_component(redis_selector(name), "redis")
}

/// Whether `labels` are those of part `what` ([`BOT`] or [`REDIS`]) of ChatBot `name`.
pub fn are_of(labels: &BTreeMap<String, String>, what: &str, name: &str) -> bool {
    let is = |key: &str, value: &str| labels.get(key).is_some_and(|label| label == value);
    is(NAME, what) && is(INSTANCE, name)
}

fn select(what: &str, name: &str) -> BTreeMap<String, String> {
    [(NAME, what), (INSTANCE, name)].map(|(key, value)| (key.into(), value.into())).into()
}

fn with_component(mut labels: BTreeMap<String, String>, component: &str) -> BTreeMap<String, String> {
    labels.extend(
        [(MANAGED_BY, super::FIELD_MANAGER), (COMPONENT, component), (PART_OF, "chatops")]
            .map(|(key, value)| (key.into(), value.into())),
    );
    labels
}
