//! Action `store`: one operation on the plugin's own storage.

use chatops_crds::bot_plugin::store;
use minijinja::Value;
use serde_json::Value as Json;

use super::{ActionError, Context, Template, Templates, context::from_json};
use crate::storage::{Entry, Storage, list_all};

/// Longest key, in characters; that of its template in the CRD.
const MAX_KEY: usize = 1_000;

/// A key that storage does not take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    #[error("The key is empty.")]
    Empty,
    #[error("The key has {length} characters; {MAX_KEY} is the most.")]
    TooLong { length: usize },
}

/// One operation with its compiled templates.
#[derive(Debug)]
pub(super) enum Store {
    Set { key: Template, value: Template },
    Get { key: Template },
    Delete { key: Template },
    List { prefix: Option<Template> },
}

impl Store {
    /// `compile` takes a field's name and its template. None if one does not parse or no operation is named, which
    /// the CRD refuses.
    pub(super) fn compile(
        store: &store::Store,
        mut compile: impl FnMut(&'static str, &str) -> Option<Template>,
    ) -> Option<Store> {
        match store {
            store::Store { set: Some(set), .. } => {
                let (key, value) =
                    (compile("store.set.key", &set.key), compile("store.set.value", &set.value));
                Some(Store::Set { key: key?, value: value? })
            }
            store::Store { get: Some(get), .. } => {
                Some(Store::Get { key: compile("store.get.key", &get.key)? })
            }
            store::Store { delete: Some(delete), .. } => {
                Some(Store::Delete { key: compile("store.delete.key", &delete.key)? })
            }
            store::Store { list: Some(list), .. } => {
                let prefix = match &list.prefix {
                    Some(prefix) => Some(compile("store.list.prefix", prefix)?),
                    None => None,
                };
                Some(Store::List { prefix })
            }
            _ => None,
        }
    }

    pub(super) fn writes(&self) -> bool {
        matches!(self, Store::Set { .. } | Store::Delete { .. })
    }

    /// The outcome, as `result` in the reply.
    pub(super) async fn run(
        &self,
        templates: &Templates,
        storage: &dyn Storage,
        plugin: &str,
        context: &Context<'_>,
    ) -> Result<Value, ActionError> {
        let render = |template: &Template| templates.render(template, context.value());
        match self {
            Store::Set { key, value } => {
                let (key, value) = (checked(render(key)?)?, render(value)?);
                Ok(value_or_undefined(storage.set(plugin, &key, Json::String(value), None).await?))
            }
            Store::Get { key } => {
                let key = checked(render(key)?)?;
                Ok(value_or_undefined(storage.get(plugin, &key).await?))
            }
            Store::Delete { key } => {
                let key = checked(render(key)?)?;
                Ok(Value::from(storage.delete(plugin, &key).await?))
            }
            Store::List { prefix } => {
                let prefix = prefix.as_ref().map(render).transpose()?.unwrap_or_default();
                Ok(list_all(storage, plugin, &prefix).await?.into_iter().map(entry).collect())
            }
        }
    }
}

fn checked(key: String) -> Result<String, InvalidKey> {
    match key.chars().count() {
        0 => Err(InvalidKey::Empty),
        length if length > MAX_KEY => Err(InvalidKey::TooLong { length }),
        _ => Ok(key),
    }
}

fn entry(Entry { key, value, .. }: Entry) -> Value {
    minijinja::context! { key => key, value => from_json(value) }
}

fn value_or_undefined(json: Option<Json>) -> Value {
    json.map_or(Value::UNDEFINED, from_json)
}
