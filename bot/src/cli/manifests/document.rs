//! YAML with the place of every node.

use std::{fmt, ops::Range};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

/// A part of a document.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands, in bytes of the file.
    pub span: Range<usize>,
    pub content: Content,
}

#[derive(Clone, Debug)]
pub enum Content {
    Scalar(Value),
    List(Vec<Node>),
    /// In the order of the file. A key that stands twice is here twice.
    Map(Vec<Field>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Field {
    pub key: String,
    pub key_span: Range<usize>,
    pub value: Node,
}

/// Text that is no YAML.
#[derive(Clone, Debug)]
pub struct SyntaxError {
    pub span: Range<usize>,
    pub message: String,
}

/// The documents of `text`, without empty ones.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, SyntaxError> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        with_snippet: false,
    };
    match serde_saphyr::from_multiple_with_options::<Node>(text, options) {
        Ok(documents) => Ok(documents),
        Err(error) => {
            let span = error.location().map_or(0..0, |location| position(text, location));
            // The message repeats the place, which the diagnostic shows.
            let message = error.without_snippet().to_string();
            let message = message.split(" at line ").next().unwrap_or_default().to_owned();
            Err(SyntaxError { span, message })
        }
    }
}

impl Node {
    /// As JSON. Null values of fields are left out, as the API server does.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Node::to_json).collect(),
            Content::Map(fields) => {
                let fields = fields.iter().filter(|field| !field.value.is_null());
                Value::Object(fields.map(|f| (f.key.clone(), f.value.to_json())).collect::<Map<_, _>>())
            }
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub fn field(&self, key: &str) -> Option<&Field> {
        match &self.content {
            Content::Map(fields) => fields.iter().rfind(|field| field.key == key),
            _ => None,
        }
    }

    /// The text at `path`, as in `metadata.name`.
    pub fn text(&self, path: &[&str]) -> Option<&str> {
        path.iter().try_fold(self, |node, key| Some(&node.field(key)?.value))?.as_str()
    }

    /// Where to point for this node: at a scalar itself, at the key of a list or a map, or else at its start.
    pub fn mark(&self, key_span: Option<&Range<usize>>) -> Range<usize> {
        match (&self.content, key_span) {
            (Content::Scalar(value), Some(key)) if value.is_null() => key.clone(),
            (Content::Scalar(_), _) => self.span.clone(),
            (_, Some(key)) => key.clone(),
            (_, None) => self.span.start..self.span.start + 1,
        }
    }

    /// Where to point for `path`, as in `spec.commands[0].args`; the nearest parent if it does not exist.
    pub fn locate(&self, path: &str) -> Range<usize> {
        self.locate_below(path, None)
    }

    fn locate_below(&self, path: &str, key_span: Option<&Range<usize>>) -> Range<usize> {
        let child = match &self.content {
            Content::Map(fields) => {
                let path = path.strip_prefix('.').unwrap_or(path);
                // Keys may hold dots, as labels do: the longest one that fits is meant.
                let fits = |field: &&Field| {
                    path.strip_prefix(field.key.as_str())
                        .is_some_and(|r| r.is_empty() || r.starts_with(['.', '[']))
                };
                let field = fields.iter().filter(fits).max_by_key(|field| field.key.len());
                field.map(|field| (&field.value, &path[field.key.len()..], Some(&field.key_span)))
            }
            Content::List(items) => path.strip_prefix('[').and_then(|path| {
                let (index, rest) = path.split_once(']')?;
                Some((items.get(index.parse::<usize>().ok()?)?, rest, None))
            }),
            Content::Scalar(_) => None,
        };
        match child {
            Some((node, rest, key_span)) => node.locate_below(rest, key_span),
            None => self.mark(key_span),
        }
    }
}

/// The place of an error, which is known by line and column only.
fn position(text: &str, location: Location) -> Range<usize> {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
    let line_start = text.split_inclusive('\n').take(number(location.line())).map(str::len).sum::<usize>();
    let line = text[line_start..].lines().next().unwrap_or_default();
    let column = line.char_indices().nth(number(location.column())).map_or(line.len(), |(at, _)| at);
    line_start + column..line_start + column + 1
}

fn span(location: Location) -> Range<usize> {
    let span = location.span();
    let start = span.byte_offset().and_then(|start| usize::try_from(start).ok()).unwrap_or_default();
    let length = span.byte_len().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    start..start + length.max(1)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Node { span: span(spanned.referenced), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Content, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Content::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Content, A::Error> {
        let mut fields = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, Node>()? {
            fields.push(Field { key_span: span(key.referenced), key: key.value, value });
        }
        Ok(Content::Map(fields))
    }
}
