//! An object against the structural schema of its kind: what the API server checks besides the CEL rules, strictly.

use std::ops::Range;

use serde_json::Value;

use super::document::{Content, Field, Node};
use crate::command::best_matches;

/// What a string is called.
const STRING: &str = "a string";

/// A violation at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub span: Range<usize>,
    /// Path of the field and what is wrong with it.
    pub message: String,
}

/// All violations of `schema` in `node`.
pub(super) fn check(schema: &Value, node: &Node) -> Vec<Violation> {
    let mut checker = Checker { violations: Vec::new() };
    checker.node(schema, &Place { path: String::new(), key_span: None }, node);
    checker.violations
}

struct Checker {
    violations: Vec<Violation>,
}

/// Where a node stands.
struct Place<'a> {
    path: String,
    key_span: Option<&'a Range<usize>>,
}

impl Place<'_> {
    fn below<'a>(&self, field: &'a Field) -> Place<'a> {
        Place { path: self.path_of(&field.key), key_span: Some(&field.key_span) }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn item(&self, index: usize) -> Place<'static> {
        Place { path: format!("{}[{index}]", self.path), key_span: None }
    }
}

impl Checker {
    fn violation(&mut self, span: Range<usize>, path: &str, words: &str) {
        let message = if path.is_empty() { words.to_owned() } else { format!("{path}: {words}") };
        self.violations.push(Violation { span, message });
    }

    fn node(&mut self, schema: &Value, place: &Place<'_>, node: &Node) {
        if let Err(wanted) = fits_type(schema, node) {
            let is_scalar = matches!(node.content, Content::Scalar(_));
            let hint = if wanted == STRING && is_scalar { ": put it in quotes" } else { "" };
            let words = format!("must be {wanted}, is {}{hint}", describe(node));
            return self.violation(node.mark(place.key_span), &place.path, &words);
        }
        match &node.content {
            Content::Scalar(value) => self.scalar(schema, place, node, value),
            Content::List(items) => self.list(schema, place, node, items),
            Content::Map(fields) => self.map(schema, place, node, fields),
        }
    }

    fn scalar(&mut self, schema: &Value, place: &Place<'_>, node: &Node, value: &Value) {
        let mut refuse = |words: String| self.violation(node.mark(place.key_span), &place.path, &words);
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            let allowed: Vec<_> = allowed.iter().map(ToString::to_string).collect();
            refuse(format!("unsupported value {value}, must be {}", allowed.join(" or ")));
        }
        if let Some(text) = value.as_str() {
            let length = text.chars().count() as u64;
            if let Some(max) = schema["maxLength"].as_u64().filter(|&max| length > max) {
                refuse(format!("too long: may have at most {max} characters, has {length}"));
            }
            if let Some(min) = schema["minLength"].as_u64().filter(|&min| length < min) {
                refuse(if length == 0 {
                    "must not be empty".into()
                } else {
                    format!("too short: must have at least {min} characters")
                });
            }
        }
        if let Some(number) = value.as_f64() {
            if let Some(max) = schema["maximum"].as_f64().filter(|&max| number > max) {
                refuse(format!("must be at most {max}, is {value}"));
            }
            if let Some(min) = schema["minimum"].as_f64().filter(|&min| number < min) {
                refuse(format!("must be at least {min}, is {value}"));
            }
        }
    }

    fn list(&mut self, schema: &Value, place: &Place<'_>, node: &Node, items: &[Node]) {
        let count = items.len() as u64;
        if let Some(max) = schema["maxItems"].as_u64().filter(|&max| count > max) {
            let words = format!("too many: must have at most {max} items, has {count}");
            self.violation(node.mark(place.key_span), &place.path, &words);
        }
        if let Some(min) = schema["minItems"].as_u64().filter(|&min| count < min) {
            let words = format!("must have at least {min} {}", if min == 1 { "item" } else { "items" });
            self.violation(node.mark(place.key_span), &place.path, &words);
        }
        for (index, item) in items.iter().enumerate() {
            self.node(&schema["items"], &place.item(index), item);
        }
        match schema["x-kubernetes-list-type"].as_str() {
            Some("map") => self.unique(place, items, &list_keys(schema)),
            Some("set") => self.unique(place, items, &[]),
            _ => (),
        }
    }

    /// Reports items that agree in `keys`, or as a whole without keys, with one before them.
    fn unique(&mut self, place: &Place<'_>, items: &[Node], keys: &[&str]) {
        let identity = |item: &Node| match keys {
            [] => Some(item.to_json()),
            keys => {
                let values: Vec<_> = keys.iter().map(|k| item.field(k).map(|f| f.value.to_json())).collect();
                values.iter().any(Option::is_some).then(|| values.into_iter().flatten().collect())
            }
        };
        let identities: Vec<_> = items.iter().map(identity).collect();
        for (index, (item, of_item)) in items.iter().zip(&identities).enumerate() {
            let Some(of_item) = of_item else { continue };
            if identities[..index].iter().flatten().any(|earlier| earlier == of_item) {
                let field = keys.first().and_then(|key| item.field(key));
                let (span, shown) = match field {
                    Some(field) => (field.value.mark(Some(&field.key_span)), field.value.to_json()),
                    None => (item.mark(None), item.to_json()),
                };
                let what = keys.first().copied().unwrap_or("value");
                self.violation(span, &place.item(index).path, &format!("duplicate {what} {shown}"));
            }
        }
    }

    fn map(&mut self, schema: &Value, place: &Place<'_>, node: &Node, fields: &[Field]) {
        for (index, field) in fields.iter().enumerate() {
            if fields[..index].iter().any(|earlier| earlier.key == field.key) {
                self.violation(field.key_span.clone(), &place.path_of(&field.key), "duplicate field");
            }
        }
        let properties = schema["properties"].as_object();
        for field in fields {
            let known = properties.and_then(|properties| properties.get(&field.key));
            match known.or_else(|| schema.get("additionalProperties").filter(|schema| schema.is_object())) {
                // To the API server null is as good as absent.
                Some(_) if field.value.is_null() => (),
                Some(schema) => self.node(schema, &place.below(field), &field.value),
                None if is_open(schema) => (),
                None => {
                    let names = properties.into_iter().flat_map(|properties| properties.keys());
                    let hint = best_matches(&field.key, names.map(String::as_str));
                    let hint = hint.first().map(|name| format!(", did you mean {name}?")).unwrap_or_default();
                    self.violation(
                        field.key_span.clone(),
                        &place.path_of(&field.key),
                        &format!("unknown field{hint}"),
                    );
                }
            }
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.iter().any(|field| field.key == required && !field.value.is_null()) {
                self.violation(node.mark(place.key_span), &place.path_of(required), "required, but missing");
            }
        }
    }
}

/// It takes whatever is written in it.
fn is_open(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
        || (schema.get("properties").is_none() && schema.get("additionalProperties").is_none())
}

fn list_keys(schema: &Value) -> Vec<&str> {
    schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether the node has the type of the schema; if not, the type's name.
fn fits_type(schema: &Value, node: &Node) -> Result<(), &'static str> {
    let value = match &node.content {
        Content::Scalar(value) => value,
        Content::List(_) => {
            return if matches!(schema["type"].as_str(), Some("array") | None) {
                Ok(())
            } else {
                Err(name(schema))
            };
        }
        Content::Map(_) => {
            return if matches!(schema["type"].as_str(), Some("object") | None) {
                Ok(())
            } else {
                Err(name(schema))
            };
        }
    };
    let fits = match schema["type"].as_str() {
        _ if schema["x-kubernetes-int-or-string"] == true => {
            value.is_string() || value.is_i64() || value.is_u64()
        }
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        Some("number") => value.is_number(),
        Some(_) => false,
        None => true,
    };
    if fits { Ok(()) } else { Err(name(schema)) }
}

fn name(schema: &Value) -> &'static str {
    match schema["type"].as_str() {
        _ if schema["x-kubernetes-int-or-string"] == true => "a whole number or a string",
        Some("string") => STRING,
        Some("boolean") => "true or false (a boolean)",
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("array") => "a list",
        _ => "a map of fields (an object)",
    }
}

fn describe(node: &Node) -> String {
    match &node.content {
        Content::Scalar(Value::String(text)) if text.chars().count() > 40 => "a string".into(),
        Content::Scalar(value @ Value::String(_)) => format!("the string {value}"),
        Content::Scalar(value) => value.to_string(),
        Content::List(_) => "a list".into(),
        Content::Map(_) => "a map of fields".into(),
    }
}
