//! Whether an object already is as it should be: a comparison without memory.
//!
//! A server-side apply that changes nothing costs the server as much as a write, so desired and actual state are
//! compared first. Only what is applied is looked at: defaults and the fields of others are not ours. Lists are compared
//! the way the API server merges them (the markers `x-kubernetes-list-type` and `x-kubernetes-map-type` of its schema).

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::quantity;

/// Lists that others may add to, with the fields that identify an element. Every other list is atomic.
const KEYED_LISTS: &[(&str, &[&str])] = &[
    ("metadata.ownerReferences", &["uid"]),
    ("spec.ports", &["port", "protocol"]),
    ("spec.template.spec.containers", &["name"]),
    ("spec.template.spec.containers.env", &["name"]),
    ("spec.template.spec.containers.ports", &["containerPort", "protocol"]),
    ("spec.template.spec.containers.volumeMounts", &["mountPath"]),
    ("spec.template.spec.imagePullSecrets", &["name"]),
    ("spec.template.spec.topologySpreadConstraints", &["topologyKey", "whenUnsatisfiable"]),
    ("spec.template.spec.volumes", &["name"]),
];

/// Maps that have one owner as a whole: a foreign key in them is an edit.
const ATOMIC_MAPS: &[&str] = &["spec.selector", "spec.podSelector", "spec.template.spec.nodeSelector"];

/// Maps whose values are quantities.
const QUANTITIES: &[&str] = &[
    "spec.resources.requests",
    "spec.template.spec.containers.resources.limits",
    "spec.template.spec.containers.resources.requests",
];

/// Whether `actual` has everything that `desired` says.
pub fn covers(actual: &Value, desired: &Value) -> bool {
    covers_at("", actual, desired)
}

fn covers_at(path: &str, actual: &Value, desired: &Value) -> bool {
    match (actual, desired) {
        _ if ATOMIC_MAPS.contains(&path) => equal(actual, desired),
        (Value::Object(actual), Value::Object(desired)) if QUANTITIES.contains(&path) => {
            desired.iter().all(|(key, desired)| same_amount(actual.get(key), desired))
        }
        (Value::Object(actual), Value::Object(desired)) => desired.iter().all(|(key, desired)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match actual.get(key) {
                Some(actual) => covers_at(&path, actual, desired),
                None => is_empty(desired),
            }
        }),
        (Value::Array(actual), Value::Array(desired)) => match keys_of(path) {
            Some(keys) => desired.iter().all(|desired| {
                let same = actual.iter().find(|actual| keys.iter().all(|key| actual[*key] == desired[*key]));
                same.is_some_and(|actual| covers_at(path, actual, desired))
            }),
            None => actual.len() == desired.len() && actual.iter().zip(desired).all(|(a, d)| equal(a, d)),
        },
        (actual, desired) => actual == desired,
    }
}

fn keys_of(path: &str) -> Option<&'static [&'static str]> {
    KEYED_LISTS.iter().find(|(list, _)| *list == path).map(|(_, keys)| *keys)
}

fn same_amount(actual: Option<&Value>, desired: &Value) -> bool {
    let Some(actual) = actual else { return false };
    let nanos = |value: &Value| value.as_str().and_then(quantity::nanos);
    actual == desired || nanos(actual).is_some_and(|actual| Some(actual) == nanos(desired))
}

/// Equality in which an empty text, list or map is the same as none: the API server leaves them out.
fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let present = |map: &Map<String, Value>| map.values().filter(|value| !is_empty(value)).count();
            present(a).cmp(&present(b)) == Ordering::Equal
                && a.iter().all(|(key, a)| b.get(key).map_or_else(|| is_empty(a), |b| equal(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (a, b) => a == b,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn pod_spec(spec: Value) -> Value {
        json!({"spec": {"template": {"spec": spec}}})
    }

    fn container(fields: Value) -> Value {
        let mut container = json!({"name": "bot"});
        container.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        pod_spec(json!({"containers": [container]}))
    }

    #[test]
    fn defaults_and_fields_of_others_are_not_ours() {
        let desired = container(json!({"image": "bot:1"}));
        let actual = pod_spec(json!({
            "restartPolicy": "Always",
            "containers": [{"name": "sidecar"}, {"name": "bot", "image": "bot:1", "imagePullPolicy": "IfNotPresent"}],
        }));
        assert!(covers(&actual, &desired));
    }

    #[test]
    fn an_edit_of_what_is_ours_is_seen() {
        let desired = container(json!({"image": "bot:1"}));
        assert!(!covers(&container(json!({"image": "bot:2"})), &desired));
        assert!(!covers(&pod_spec(json!({"containers": [{"name": "sidecar", "image": "bot:1"}]})), &desired));
        assert!(!covers(&json!({}), &desired));
    }

    #[test]
    fn a_switch_that_is_off_is_not_the_same_as_none() {
        let desired = pod_spec(json!({"automountServiceAccountToken": false}));
        assert!(!covers(&pod_spec(json!({})), &desired), "its default is true");
    }

    #[test]
    fn quantities_are_compared_by_amount_and_only_where_they_are_quantities() {
        let cpu = |amount: &str| container(json!({"resources": {"limits": {"cpu": amount}}}));
        assert!(covers(&cpu("500m"), &cpu("0.5")));
        assert!(!covers(&cpu("501m"), &cpu("0.5")));
        let env = |value: &str| container(json!({"env": [{"name": "A", "value": value}]}));
        assert!(!covers(&env("500m"), &env("0.5")));
    }

    #[test]
    fn what_the_api_server_leaves_out_because_it_is_empty_is_there() {
        let desired = container(json!({"env": [{"name": "A", "value": ""}], "args": []}));
        assert!(covers(&container(json!({"env": [{"name": "A"}]})), &desired));
    }

    #[test]
    fn a_foreign_element_of_an_atomic_list_is_an_edit() {
        let types = |types: Value| json!({"spec": {"policyTypes": types}});
        assert!(!covers(&types(json!(["Ingress", "Egress"])), &types(json!(["Ingress"]))));
        assert!(!covers(&types(json!([])), &types(json!(["Ingress"]))));
    }

    #[test]
    fn a_foreign_key_of_an_atomic_map_is_an_edit() {
        let selector = |selector: Value| json!({"spec": {"selector": selector}});
        assert!(!covers(&selector(json!({"a": "1", "b": "2"})), &selector(json!({"a": "1"}))));
        assert!(covers(&selector(json!({"a": "1"})), &selector(json!({"a": "1"}))));
    }

    #[test]
    fn a_foreign_owner_and_a_foreign_label_are_kept() {
        let desired = json!({"metadata": {"labels": {"a": "1"}, "ownerReferences": [{"uid": "u"}]}});
        let actual = json!({"metadata": {
            "labels": {"a": "1", "team": "x"}, "ownerReferences": [{"uid": "other"}, {"uid": "u", "name": "ops"}],
        }});
        assert!(covers(&actual, &desired));
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_object_covers_itself(value in json_value()) {
            prop_assert!(covers(&value, &value));
        }

        #[test]
        fn a_field_of_others_changes_nothing(value in json_value(), foreign in json_value()) {
            let desired = json!({"metadata": {"annotations": value}});
            let mut actual = desired.clone();
            actual["metadata"]["foreign"] = foreign;
            prop_assert!(covers(&actual, &desired));
        }
    }
}
