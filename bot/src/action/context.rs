//! What templates know: `args`, `user`, `channel`, `bot` and, in a reply, `result`.

use std::collections::BTreeMap;

use minijinja::{Value, context};
use serde_json::Value as Json;

use crate::chat::{Incoming, mention};

/// Who called a command, where, and with which arguments.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub incoming: &'a Incoming,
    /// Values of the arguments by name.
    pub arguments: &'a BTreeMap<String, Json>,
    /// Name of the ChatBot.
    pub bot: &'a str,
}

impl Context<'_> {
    /// The names that every template knows.
    pub fn value(&self) -> Value {
        self.with_result(Value::UNDEFINED)
    }

    /// The same with the outcome of the action; undefined stays undefined.
    pub fn with_result(&self, result: Value) -> Value {
        let arguments = self.arguments.iter().map(|(name, value)| (name.clone(), from_json(value.clone())));
        context! { args => Value::from_pairs(arguments), result => result, ..place(self.incoming, self.bot) }
    }
}

/// Who typed something, where, and to whom.
pub(super) fn place(incoming: &Incoming, bot: &str) -> Value {
    let (user, channel) = (&incoming.user, &incoming.channel);
    let name = user.name.as_deref().map_or(Value::UNDEFINED, Value::from);
    context! {
        user => context! { id => user.id.as_str(), name => name, mention => mention(&user.id) },
        channel => context! { id => channel.id.as_str() },
        bot => context! { name => bot },
    }
}

/// What templates see of a stored or typed value.
pub(in crate::action) fn from_json(json: Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(value),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), ..) => Value::from(integer),
            (None, Some(integer), _) => Value::from(integer),
            (None, None, float) => Value::from(float.unwrap_or_default()),
        },
        Json::String(text) => Value::from(text),
        Json::Array(items) => items.into_iter().map(from_json).collect(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (name, from_json(value)))
            .collect::<BTreeMap<_, _>>()
            .into(),
    }
}
