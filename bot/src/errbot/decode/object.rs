//! `py/object`: an instance of a class, written as its fields.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{Decoder, Loss, Reason, Step, tuple};
use crate::errbot::{
    clock,
    node::{Fields, Node, field},
    python,
};

/// What an instance was written as, piece by piece.
#[derive(Default)]
pub(super) struct Parts {
    /// Arguments of the class.
    pub arguments: Vec<Value>,
    /// Items of a list or set.
    pub items: Option<Vec<Value>>,
    /// What the class itself wants to keep.
    pub state: Option<Value>,
    pub fields: Map<String, Value>,
}

impl Decoder {
    pub(super) fn object(&mut self, class: &Node, fields: &Fields) -> Result<Value, Loss> {
        let class = python::callable(class).ok_or_else(|| self.malformed("py/object"))?;
        self.numbered(|decoder| match class.as_str() {
            "datetime.datetime" | "datetime.date" | "datetime.time" => decoder.moment(&class, fields),
            "uuid.UUID" => {
                let id = field(fields, "hex").and_then(Node::text).and_then(hyphenated);
                id.map(Value::String).ok_or_else(|| decoder.malformed("uuid.UUID"))
            }
            "re.Pattern" | "_sre.SRE_Pattern" => {
                let pattern = field(fields, "pattern").and_then(Node::text);
                let pattern = pattern.ok_or_else(|| decoder.malformed("pattern"))?.to_owned();
                Ok(decoder.noted("compiled regular expression, as its text", Value::String(pattern)))
            }
            "builtins.bytearray" | "queue.Queue" => Err(decoder.loss(Reason::Empty(class.clone()))),
            "dateutil.tz.tz.tzutc" => Ok(Value::String(clock::offset(0))),
            "collections.UserDict" | "collections.UserList" | "collections.UserString" => {
                let parts = decoder.parts(&class, fields)?;
                let data = |fields: &Map<String, Value>| fields.get("data").cloned();
                let found = data(&parts.fields).or_else(|| parts.state.as_ref()?.as_object().and_then(data));
                found.ok_or_else(|| decoder.malformed(&class))
            }
            "collections.defaultdict" => {
                let Parts { fields, state, .. } = decoder.parts(&class, fields)?;
                // Some versions write a null in place of the content.
                match state {
                    Some(Value::Null) => Err(decoder.loss(Reason::Empty(class.clone()))),
                    _ => Ok(Value::Object(fields)),
                }
            }
            _ => {
                let parts = decoder.parts(&class, fields)?;
                decoder.instance(&class, parts)
            }
        })
    }

    /// `{"__reduce__": [class, [bytes, zone]]}`.
    fn moment(&mut self, class: &str, fields: &Fields) -> Result<Value, Loss> {
        let Some(Node::List(recipe)) = field(fields, "__reduce__") else { return Err(self.malformed(class)) };
        let [_, Node::List(arguments)] = recipe.as_slice() else { return Err(self.malformed(class)) };
        let [bytes, zone @ ..] = arguments.as_slice() else { return Err(self.malformed(class)) };
        let zone = match zone.first() {
            Some(zone) => self.zone(zone)?,
            None => String::new(),
        };
        let bytes = bytes.text().and_then(|text| BASE64_STANDARD.decode(text).ok()).unwrap_or_default();
        let text = match class {
            "datetime.date" => clock::date(&bytes),
            "datetime.time" => clock::time(&bytes, &zone),
            _ => clock::date_time(&bytes, &zone),
        };
        text.map(Value::String).ok_or_else(|| self.malformed(class))
    }

    /// What stands behind a time: `+01:00` or, as RFC 9557 has it, `[Europe/Berlin]`.
    fn zone(&mut self, node: &Node) -> Result<String, Loss> {
        let value = self.at(Step::Inside, |decoder| decoder.node(node))?;
        match value {
            Value::String(offset) if offset.starts_with(['+', '-']) => Ok(offset),
            Value::String(name) => {
                self.note("time in a zone whose offset at that time is not in the value");
                Ok(format!("[{name}]"))
            }
            _ => Err(self.malformed("time zone")),
        }
    }

    pub(super) fn parts(&mut self, class: &str, fields: &Fields) -> Result<Parts, Loss> {
        let mut parts = Parts::default();
        for (name, node) in fields {
            match name.as_str() {
                "py/object" => {}
                "py/newargs" | "py/initargs" => parts.arguments = self.arguments(node)?,
                "py/newargsex" => {
                    let [arguments, named] = self.list(node)? else { return Err(self.malformed(name)) };
                    parts.arguments = self.arguments(arguments)?;
                    match self.at(Step::Inside, |decoder| decoder.node(named))? {
                        Value::Object(named) => parts.fields.extend(named),
                        _ => return Err(self.malformed(name)),
                    }
                }
                "py/seq" => parts.items = Some(self.inner_items(self.list(node)?)?),
                "py/state" => parts.state = Some(self.at(Step::Inside, |decoder| decoder.node(node))?),
                "default_factory" if class == "collections.defaultdict" => self.skip(node),
                _ => {
                    let value = self.at(Step::Field(name.clone()), |decoder| decoder.node(node))?;
                    // Every subclass of dict has one, mostly empty.
                    if name != "__dict__" || value.as_object().is_none_or(|fields| !fields.is_empty()) {
                        parts.fields.insert(name.clone(), value);
                    }
                }
            }
        }
        Ok(parts)
    }

    fn arguments(&mut self, node: &Node) -> Result<Vec<Value>, Loss> {
        let items = tuple(node).ok_or_else(|| self.malformed("py/newargs"))?;
        self.inner_items(items)
    }

    pub(super) fn inner_items(&mut self, items: &[Node]) -> Result<Vec<Value>, Loss> {
        items.iter().map(|item| self.at(Step::Inside, |decoder| decoder.node(item))).collect()
    }

    /// The data of an instance of a class that nobody knows here. What of it only its class could put together is a
    /// loss.
    pub(super) fn instance(&mut self, class: &str, parts: Parts) -> Result<Value, Loss> {
        let Parts { arguments, items, state, mut fields } = parts;
        let (is_list, is_called) = (items.is_some(), !arguments.is_empty());
        match state {
            None => {}
            Some(Value::Null) if !is_list && !is_called && fields.is_empty() => {
                return Err(self.loss(Reason::Empty(class.to_owned())));
            }
            Some(Value::Null) => {}
            Some(state) => match attributes(state) {
                Ok(attributes) => fields.extend(attributes),
                Err(state) if !is_list && !is_called && fields.is_empty() => {
                    return Ok(self.noted(format!("{class}, as its state"), state));
                }
                Err(_) => return Err(self.loss(Reason::Call(class.to_owned()))),
            },
        }
        match (items, <[Value; 1]>::try_from(arguments)) {
            (None, Err(arguments)) if arguments.is_empty() => {
                Ok(self.noted(format!("{class}, as an object of its fields"), Value::Object(fields)))
            }
            _ if !fields.is_empty() => Err(self.loss(Reason::Call(class.to_owned()))),
            (Some(items), _) => Ok(self.noted(format!("{class}, as a list"), Value::Array(items))),
            (None, Ok([argument])) => {
                Ok(self.noted(format!("{class}, as the value it was made of"), argument))
            }
            (None, Err(arguments)) => {
                Ok(self.noted(format!("{class}, as a list of what it was made of"), Value::Array(arguments)))
            }
        }
    }
}

/// The attributes in a state that Python itself made: a dict, or for a class with slots a dict or none and the slots.
fn attributes(state: Value) -> Result<Map<String, Value>, Value> {
    match state {
        Value::Object(attributes) => Ok(attributes),
        Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([Value::Null, Value::Object(slots)]) => Ok(slots),
            Ok([Value::Object(mut attributes), Value::Object(slots)]) => {
                attributes.extend(slots);
                Ok(attributes)
            }
            Ok(pair) => Err(Value::Array(pair.into())),
            Err(list) => Err(Value::Array(list)),
        },
        other => Err(other),
    }
}

fn hyphenated(hex: &str) -> Option<String> {
    let is_hex = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = [hex.get(..8)?, hex.get(8..12)?, hex.get(12..16)?, hex.get(16..20)?, hex.get(20..)?];
    is_hex.then(|| parts.join("-").to_ascii_lowercase())
}
