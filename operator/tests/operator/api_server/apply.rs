//! What server-side apply does to an object, as far as the operator relies on it.

use serde_json::{Map, Value, json};

/// Fields that identify the elements of a list. A list whose elements have none of them is atomic.
const KEYS: &[&str] = &["uid", "type", "mountPath", "containerPort", "topologyKey", "name", "port"];

/// Of a patch, what the subresource takes.
pub fn part_of(patch: &Value, subresource: &str) -> Value {
    let mut part = patch.clone();
    let fields = part.as_object_mut().unwrap();
    if subresource == "status" {
        fields.retain(|key, _| key == "status");
    } else {
        fields.remove("status");
        fields["metadata"].as_object_mut().unwrap().remove("uid");
    }
    part
}

/// A new object, before anything is applied to it.
pub fn skeleton(patch: &Value) -> Value {
    json!({"apiVersion": patch["apiVersion"], "kind": patch["kind"], "metadata": {}})
}

/// Takes out what was applied last and is no longer wanted.
pub fn remove_unwanted(object: &mut Value, last: &Value, wanted: &Value) {
    let (Some(object), Some(last)) = (object.as_object_mut(), last.as_object()) else { return };
    for (key, last) in last {
        let wanted = &wanted[key.as_str()];
        match object.get_mut(key) {
            Some(_) if wanted.is_null() => {
                object.remove(key);
            }
            Some(Value::Array(list)) => {
                if let (Some(last), Some(wanted)) = (last.as_array(), wanted.as_array()) {
                    list.retain(|element| !has(last, element) || has(wanted, element));
                }
            }
            Some(inner) => remove_unwanted(inner, last, wanted),
            None => {}
        }
    }
}

fn has(list: &[Value], element: &Value) -> bool {
    key_of(element).is_some_and(|key| list.iter().any(|other| other[key] == element[key]))
}

fn key_of(element: &Value) -> Option<&'static str> {
    KEYS.iter().find(|key| element.get(**key).is_some()).copied()
}

/// Sets in `object` what `patch` sets.
pub fn merge(object: &mut Value, patch: &Value) {
    match (object, patch) {
        (Value::Object(object), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(object.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(list), Value::Array(patch)) if patch.iter().all(|e| key_of(e).is_some()) => {
            for element in patch {
                let key = key_of(element).unwrap();
                match list.iter_mut().find(|other| other[key] == element[key]) {
                    Some(other) => merge(other, element),
                    None => list.push(element.clone()),
                }
            }
        }
        (object, patch) => *object = patch.clone(),
    }
}

/// A few defaults and canonical forms, of those that the real server sets.
pub fn set_defaults(resource: &str, object: &mut Value) {
    let mut default = |pointer: &str, field: &str, value: Value| {
        if let Some(Value::Object(map)) = object.pointer_mut(pointer) {
            map.entry(field).or_insert(value);
        }
    };
    match resource {
        "deployments" => {
            default("/spec/template/spec", "restartPolicy", json!("Always"));
            default("/spec/template/spec", "schedulerName", json!("default-scheduler"));
            default("/spec/template/spec/containers/0", "imagePullPolicy", json!("IfNotPresent"));
            default("/spec/template/spec/containers/0/livenessProbe", "failureThreshold", json!(3));
            default("/spec/template/spec/volumes/0/configMap", "defaultMode", json!(420));
            default("/spec/template/spec/volumes/1/secret", "defaultMode", json!(420));
            canonical(object.pointer_mut("/spec/template/spec/containers/0/resources"));
        }
        "services" => {
            default("/spec", "clusterIPs", json!(["None"]));
            default("/spec", "sessionAffinity", json!("None"));
        }
        "statefulsets" => {
            default("/spec/template/spec", "restartPolicy", json!("Always"));
            default("/spec/template/spec/volumes/0/secret", "defaultMode", json!(420));
            default("/spec/updateStrategy", "type", json!("RollingUpdate"));
        }
        "persistentvolumeclaims" => {
            default("/spec", "storageClassName", json!("standard"));
            default("/spec", "volumeMode", json!("Filesystem"));
        }
        _ => {}
    }
}

fn canonical(resources: Option<&mut Value>) {
    let Some(Value::Object(resources)) = resources else { return };
    for amounts in resources.values_mut().filter_map(Value::as_object_mut) {
        half_to_milli(amounts);
    }
}

fn half_to_milli(amounts: &mut Map<String, Value>) {
    for amount in amounts.values_mut().filter(|amount| **amount == json!("0.5")) {
        *amount = json!("500m");
    }
}
