//! Objects, their versions, and what happened to them.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{Call, Failure, apply};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub resource: String,
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub fn new(resource: &str, namespace: &str, name: &str) -> Self {
        Self { resource: resource.into(), namespace: namespace.into(), name: name.into() }
    }

    pub fn of(resource: &str, object: &Value) -> Self {
        let meta = &object["metadata"];
        Self::new(resource, meta["namespace"].as_str().unwrap(), meta["name"].as_str().unwrap())
    }
}

/// Something that happened to an object; a watch sees it as its selector has it.
#[derive(Clone, Debug)]
pub struct Change {
    pub version: u64,
    pub resource: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

#[derive(Default)]
pub struct Store {
    version: u64,
    objects: BTreeMap<Key, Value>,
    /// What was applied last, per object and subresource.
    applied: HashMap<(Key, String), Value>,
    history: Vec<Change>,
    /// Watches from before this version are refused: they have to list anew.
    oldest: u64,
}

impl Store {
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.objects.get(key)
    }

    pub fn list(&self, resource: &str) -> impl Iterator<Item = &Value> {
        self.objects.iter().filter(move |(key, _)| key.resource == resource).map(|(_, object)| object)
    }

    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    pub fn since(&self, version: u64) -> impl Iterator<Item = &Change> {
        self.history.iter().filter(move |change| change.version > version)
    }

    /// As after a compaction: a watch that was interrupted cannot go on where it was.
    pub fn forget_history(&mut self) {
        self.version += 1;
        self.oldest = self.version;
    }

    /// The answer to a list.
    pub fn page(&self, call: &Call, query: &HashMap<String, String>) -> Value {
        let name = query.get("fieldSelector").and_then(|fields| fields.strip_prefix("metadata.name="));
        let items: Vec<&Value> = self
            .list(&call.resource)
            .filter(|object| call.namespace.is_empty() || object["metadata"]["namespace"] == *call.namespace)
            .filter(|object| name.is_none_or(|name| object["metadata"]["name"] == *name))
            .filter(|object| selected(object, query.get("labelSelector")))
            .collect();
        json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": self.version.to_string()}, "items": items})
    }

    /// Stores the object as the next version. A change of the spec makes a new generation.
    pub fn put(&mut self, key: &Key, mut object: Value) -> Value {
        let before = self.objects.get(key).cloned();
        let meta = &mut object["metadata"];
        if meta["uid"].is_null() {
            meta["uid"] = json!(format!("uid-{}", self.version + 1));
            meta["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        let generation = before.as_ref().and_then(|b| b["metadata"]["generation"].as_i64()).unwrap_or(0);
        let same_spec = before.as_ref().is_some_and(|before| before["spec"] == object["spec"]);
        object["metadata"]["generation"] = json!(if same_spec { generation } else { generation + 1 });
        apply::set_defaults(&key.resource, &mut object);
        object["metadata"]["resourceVersion"] =
            before.as_ref().map_or(Value::Null, |b| b["metadata"]["resourceVersion"].clone());
        if before.as_ref() == Some(&object) {
            return object;
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.objects.insert(key.clone(), object.clone());
        self.happened(key, before, Some(object.clone()));
        object
    }

    pub fn delete(&mut self, key: &Key) {
        if let Some(mut before) = self.objects.remove(key) {
            self.version += 1;
            before["metadata"]["resourceVersion"] = json!(self.version.to_string());
            self.applied.retain(|(applied, _), _| applied != key);
            self.happened(key, Some(before), None);
        }
    }

    fn happened(&mut self, key: &Key, before: Option<Value>, after: Option<Value>) {
        self.history.push(Change { version: self.version, resource: key.resource.clone(), before, after });
    }

    pub fn create(&mut self, resource: &str, object: Value) -> Result<Value, Failure> {
        let key = Key::of(resource, &object);
        match self.objects.contains_key(&key) {
            true => Err(Failure::new(409, "AlreadyExists", "it exists")),
            false => Ok(self.put(&key, object)),
        }
    }

    /// Server-side apply, always with force.
    pub fn apply(&mut self, key: &Key, subresource: &str, patch: &Value) -> Result<Value, Failure> {
        let existing = self.objects.get(key);
        let uid = &patch["metadata"]["uid"];
        if !uid.is_null() && existing.is_none_or(|existing| existing["metadata"]["uid"] != *uid) {
            return Err(Failure::new(409, "Conflict", "the UID in the precondition is another"));
        }
        if existing.is_none() && !subresource.is_empty() {
            return Err(Failure::new(404, "NotFound", "no object to set the status of"));
        }
        let wanted = apply::part_of(patch, subresource);
        let slot = (key.clone(), subresource.to_owned());
        let last = self.applied.get(&slot).cloned().unwrap_or(Value::Null);
        let mut object = existing.cloned().unwrap_or_else(|| apply::skeleton(patch));
        apply::remove_unwanted(&mut object, &last, &wanted);
        apply::merge(&mut object, &wanted);
        self.applied.insert(slot, wanted);
        Ok(self.put(key, object))
    }

    /// Replaces an object whose resource version is the one that it was read with.
    pub fn replace(&mut self, key: &Key, object: Value) -> Result<Value, Failure> {
        let Some(existing) = self.objects.get(key) else {
            return Err(Failure::new(404, "NotFound", "no object to replace"));
        };
        let version = &object["metadata"]["resourceVersion"];
        if !version.is_null() && *version != existing["metadata"]["resourceVersion"] {
            return Err(Failure::new(409, "Conflict", "the object has been modified"));
        }
        Ok(self.put(key, object))
    }

    /// A JSON merge patch.
    pub fn merge(&mut self, key: &Key, patch: &Value) -> Result<Value, Failure> {
        let Some(mut object) = self.objects.get(key).cloned() else {
            return Err(Failure::new(404, "NotFound", "no object to patch"));
        };
        apply::merge(&mut object, patch);
        Ok(self.put(key, object))
    }
}

/// Whether the object has the labels of a selector of the form `a=b,c=d`.
pub fn selected(object: &Value, selector: Option<&String>) -> bool {
    let labels = &object["metadata"]["labels"];
    selector.is_none_or(|selector| {
        selector.split(',').filter_map(|pair| pair.split_once('=')).all(|(key, value)| labels[key] == *value)
    })
}
