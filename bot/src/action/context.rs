//! What templates know: `args`, `user`, `channel`, `bot` and, in a reply, `result`.

use std::collections::BTreeMap;

use minijinja::{Value, context};

use crate::chat::{Incoming, mention};

/// Who called a command, where, and with which arguments.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub incoming: &'a Incoming,
    /// Values of the arguments by name.
    pub arguments: &'a BTreeMap<String, String>,
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
        let (user, channel) = (&self.incoming.user, &self.incoming.channel);
        let name = user.name.as_deref().map_or(Value::UNDEFINED, Value::from);
        context! {
            args => Value::from(self.arguments.clone()),
            user => context! { id => user.id.as_str(), name => name, mention => mention(&user.id) },
            channel => context! { id => channel.id.as_str() },
            bot => context! { name => self.bot },
            result => result,
        }
    }
}
