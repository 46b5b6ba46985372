//! From jsonpickle's JSON to plain JSON. Walks the text once, in its order, because references (`py/id`) count the
//! objects before them. Builds data and nothing else: no class is looked up, nothing is called.

mod loss;
mod object;
mod reduce;
mod slots;

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

pub use loss::{Loss, Reason};

use super::{
    node::{Fields, Node, field},
    python::{self, Tag},
};
use slots::Slots;

/// Deepest nesting of a value. What reads JSON from storage stops at 128 (serde_json).
const MAX_DEPTH: usize = 100;

/// Most pieces a value may have once shared objects are written out: far more than 1 MiB of JSON, the largest value
/// of a plugin, and few enough to refuse a bomb of references early.
const MAX_PIECES: usize = 1_000_000;

/// Which objects references count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counting {
    /// As jsonpickle 2 and later write them.
    #[default]
    DictsToo,
    /// As jsonpickle before 2.0 wrote them.
    NotDicts,
}

/// A value as plain JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    pub value: Value,
    /// What it says less precisely than the Python value did.
    pub notes: Vec<Note>,
}

/// A piece that was approximated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it is, e.g. `tasks[2].owner`; empty for the whole value.
    pub at: String,
    /// What it was and what stands for it.
    pub what: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.at.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.at, self.what) }
    }
}

/// Decodes what jsonpickle wrote.
///
/// # Errors
/// [`Loss`] when the value, or some piece of it, is more than data: a value without the piece would be another value.
pub fn decode(text: &str, counting: Counting) -> Result<Decoded, Loss> {
    let node = Node::parse(text).map_err(|error| Loss { at: String::new(), reason: error.into() })?;
    let mut decoder = Decoder {
        counting,
        slots: Slots::for_references_in(&node),
        pieces: 0,
        path: Vec::new(),
        notes: Vec::new(),
    };
    let value = decoder.node(&node)?;
    Ok(Decoded { value, notes: decoder.notes })
}

struct Decoder {
    counting: Counting,
    slots: Slots,
    /// How many pieces of JSON were made.
    pieces: usize,
    path: Vec<Step>,
    notes: Vec<Note>,
}

/// A step from a value to a piece of it.
enum Step {
    Field(String),
    Item(usize),
    /// From what jsonpickle writes to what it stands for; not shown.
    Inside,
}

impl Decoder {
    fn node(&mut self, node: &Node) -> Result<Value, Loss> {
        self.charge(1)?;
        if self.path.len() > MAX_DEPTH {
            return Err(self.loss(Reason::TooDeep));
        }
        match node {
            Node::Null => Ok(Value::Null),
            Node::Bool(value) => Ok(Value::Bool(*value)),
            Node::Number(number) => Ok(Value::Number(number.clone())),
            Node::Text(text) => Ok(Value::String(text.clone())),
            Node::List(items) => self.numbered(|decoder| decoder.items(items)),
            Node::Map(fields) => match python::tag(fields) {
                Some((tag, content)) => self.tagged(tag, content, fields),
                None if self.counting == Counting::NotDicts => self.fields(fields),
                None => self.numbered(|decoder| decoder.fields(fields)),
            },
        }
    }

    fn tagged(&mut self, tag: Tag, content: &Node, fields: &Fields) -> Result<Value, Loss> {
        match tag {
            Tag::Tuple | Tag::Set => self.items(self.list(content)?),
            Tag::Base64 => {
                let text = content.text().filter(|text| BASE64_STANDARD.decode(text).is_ok());
                let text = text.ok_or_else(|| self.malformed(tag.name()))?.to_owned();
                Ok(self.noted("bytes, as base64 text", Value::String(text)))
            }
            Tag::Base85 => {
                let bytes = content.text().and_then(python::from_base85);
                let bytes = bytes.ok_or_else(|| self.malformed(tag.name()))?;
                Ok(self.noted("bytes, as base64 text", Value::String(BASE64_STANDARD.encode(bytes))))
            }
            Tag::Id => self.reference(content),
            Tag::Iterator => {
                let items = self.list(content)?;
                let value = self.numbered(|decoder| decoder.items(items))?;
                Ok(self.noted("iterator, as the list of what it would have given", value))
            }
            Tag::Object => self.object(content, fields),
            Tag::Reduce => self.reduce(content),
            Tag::Type => Err(self.loss(Reason::Class(python::shown(content)))),
            Tag::Function => Err(self.loss(Reason::Function(python::shown(content)))),
            Tag::Module => Err(self.loss(Reason::Module(python::shown(content)))),
            Tag::Repr => Err(self.loss(Reason::Source)),
            Tag::Stray(name) => Err(self.malformed(name)),
        }
    }

    fn items(&mut self, items: &[Node]) -> Result<Value, Loss> {
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            list.push(self.at(Step::Item(index), |decoder| decoder.node(item))?);
        }
        Ok(Value::Array(list))
    }

    fn fields(&mut self, fields: &Fields) -> Result<Value, Loss> {
        let mut map = Map::new();
        for (name, node) in fields {
            let value = self.at(Step::Field(name.clone()), |decoder| decoder.node(node))?;
            map.insert(name.clone(), value);
        }
        Ok(Value::Object(map))
    }

    /// What a reference refers to, once more. The other places it stands at keep their own copies.
    fn reference(&mut self, content: &Node) -> Result<Value, Loss> {
        let number = match content {
            Node::Number(number) => number.as_u64().and_then(|number| usize::try_from(number).ok()),
            _ => None,
        };
        let number = number.ok_or_else(|| self.malformed(Tag::Id.name()))?;
        let value = self.slots.get(number).map_err(|reason| self.loss(reason))?;
        self.charge(slots::pieces(&value))?;
        if self.path.len() + slots::depth(&value) > MAX_DEPTH {
            return Err(self.loss(Reason::TooDeep));
        }
        Ok(value)
    }

    /// Makes a value that references can refer to: it has the next number, whatever is inside of it the numbers after.
    fn numbered(&mut self, make: impl FnOnce(&mut Self) -> Result<Value, Loss>) -> Result<Value, Loss> {
        let slot = self.slots.open();
        let value = make(self)?;
        let copied = self.slots.close(slot, &value);
        self.charge(copied)?;
        Ok(value)
    }

    /// Counts what is in `node` without decoding it.
    fn skip(&mut self, node: &Node) {
        match node {
            Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
            Node::List(items) => {
                self.slots.leave();
                items.iter().for_each(|item| self.skip(item));
            }
            Node::Map(fields) => {
                let is_numbered = match python::tag(fields) {
                    Some((Tag::Tuple | Tag::Set, Node::List(items))) => {
                        return items.iter().for_each(|item| self.skip(item));
                    }
                    Some((Tag::Reduce | Tag::Iterator, Node::List(parts))) => {
                        self.slots.leave();
                        return parts.iter().for_each(|part| self.skip(part));
                    }
                    Some((Tag::Object | Tag::Module | Tag::Repr, _)) => true,
                    Some(_) => return,
                    None => self.counting == Counting::DictsToo,
                };
                if is_numbered {
                    self.slots.leave();
                }
                fields.iter().for_each(|(_, node)| self.skip(node));
            }
        }
    }

    fn at<T>(&mut self, step: Step, make: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let made = make(self);
        self.path.pop();
        made
    }

    fn charge(&mut self, pieces: usize) -> Result<(), Loss> {
        self.pieces = self.pieces.saturating_add(pieces);
        if self.pieces > MAX_PIECES { Err(self.loss(Reason::TooLarge)) } else { Ok(()) }
    }

    fn list<'a>(&self, node: &'a Node) -> Result<&'a [Node], Loss> {
        match node {
            Node::List(items) => Ok(items),
            _ => Err(self.malformed("list")),
        }
    }

    fn note(&mut self, what: impl Into<String>) {
        self.notes.push(Note { at: self.place(), what: what.into() });
    }

    fn noted(&mut self, what: impl Into<String>, value: Value) -> Value {
        self.note(what);
        value
    }

    fn loss(&self, reason: Reason) -> Loss {
        Loss { at: self.place(), reason }
    }

    fn malformed(&self, what: &str) -> Loss {
        self.loss(Reason::Malformed(what.to_owned()))
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Field(name) if place.is_empty() => place.push_str(name),
                Step::Field(name) => place.extend([".", name]),
                Step::Item(index) => place.push_str(&format!("[{index}]")),
                Step::Inside => {}
            }
        }
        place
    }
}

/// The items of `{"py/tuple": […]}`.
fn tuple(node: &Node) -> Option<&[Node]> {
    match node {
        Node::Map(fields) => match field(fields, Tag::Tuple.name()) {
            Some(Node::List(items)) => Some(items),
            _ => None,
        },
        _ => None,
    }
}
