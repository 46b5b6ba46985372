//! Objects as the tests write them.

use std::fmt::Debug;

use k8s_openapi::NamespaceResourceScope;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// A kind that lives in a namespace.
pub trait Namespaced:
    kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
    + Clone
    + Debug
    + DeserializeOwned
    + Serialize
{
}

impl<K> Namespaced for K where
    K: kube::Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
{
}

/// A ChatBot `ops` connected to the Slack at `api_url`, with `spec` merged into it.
pub fn chat_bot(api_url: &str, spec: Value) -> Value {
    let mut bot = json!({
        "apiVersion": "chatops.dev/v1alpha1",
        "kind": "ChatBot",
        "metadata": {"name": "ops"},
        "spec": {
            "slack": {
                "apiURL": api_url,
                "allowInsecureHTTP": true,
                "tokensSecretRef": {"name": "ops-slack"},
            },
        },
    });
    merge(&mut bot["spec"], spec);
    bot
}

/// A BotPlugin with one command that answers a text.
pub fn plugin(name: &str, command: &str, reply: &str) -> Value {
    plugin_of(name, json!([{"name": command, "summary": format!("The command of {name}"), "reply": reply}]))
}

/// A BotPlugin with `commands`.
pub fn plugin_of(name: &str, commands: Value) -> Value {
    json!({
        "apiVersion": "chatops.dev/v1alpha1",
        "kind": "BotPlugin",
        "metadata": {"name": name},
        "spec": {"commands": commands},
    })
}

/// A Secret.
pub fn secret(name: &str, values: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<_, _> =
        values.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data})
}

/// Sets in `into` what `from` sets; `null` removes.
pub fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                if value.is_null() {
                    into.remove(&key);
                } else {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (into, from) => *into = from,
    }
}
