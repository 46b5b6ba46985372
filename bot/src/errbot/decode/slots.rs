//! The numbered objects of a value, as references see them. Keeps only what is referred to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Reason;
use crate::errbot::{
    node::{Node, field},
    python::Tag,
};

#[derive(Debug)]
pub(super) struct Slots {
    /// The numbers that references name.
    wanted: BTreeSet<usize>,
    slots: Vec<Slot>,
}

#[derive(Debug)]
enum Slot {
    /// It is being made: a reference to it is a cycle.
    Open,
    Made(Value),
    /// Nobody refers to it.
    Unwanted,
    /// It is not decoded.
    Left,
}

impl Slots {
    pub(super) fn for_references_in(node: &Node) -> Slots {
        let mut wanted = BTreeSet::new();
        collect(node, &mut wanted);
        Slots { wanted, slots: Vec::new() }
    }

    /// Gives the next number to an object that is about to be made.
    pub(super) fn open(&mut self) -> usize {
        self.slots.push(Slot::Open);
        self.slots.len() - 1
    }

    /// The object with number `slot` is `value`. Returns how many pieces were copied for references to it.
    pub(super) fn close(&mut self, slot: usize, value: &Value) -> usize {
        let is_wanted = self.wanted.contains(&slot);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = if is_wanted { Slot::Made(value.clone()) } else { Slot::Unwanted };
        }
        if is_wanted { pieces(value) } else { 0 }
    }

    /// Gives the next number to an object that is not decoded.
    pub(super) fn leave(&mut self) {
        self.slots.push(Slot::Left);
    }

    pub(super) fn get(&self, number: usize) -> Result<Value, Reason> {
        match self.slots.get(number) {
            Some(Slot::Made(value)) => Ok(value.clone()),
            Some(Slot::Open) => Err(Reason::Cycle),
            Some(Slot::Left) => Err(Reason::Left),
            Some(Slot::Unwanted) | None => Err(Reason::Dangling(number)),
        }
    }
}

fn collect(node: &Node, wanted: &mut BTreeSet<usize>) {
    match node {
        Node::List(items) => items.iter().for_each(|item| collect(item, wanted)),
        Node::Map(fields) => {
            if let Some(Node::Number(number)) = field(fields, Tag::Id.name()) {
                wanted.extend(number.as_u64().and_then(|number| usize::try_from(number).ok()));
            }
            fields.iter().for_each(|(_, node)| collect(node, wanted));
        }
        _ => {}
    }
}

/// How many pieces `value` has, itself included.
pub(super) fn pieces(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(pieces).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(pieces).sum::<usize>(),
        _ => 1,
    }
}

/// How deep `value` is nested.
pub(super) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
