//! JSON as it stands in the text: jsonpickle counts objects in the order in which they were written, so the fields keep
//! theirs. Knows nothing of Python.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;

/// A piece of JSON.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Fields),
}

/// The fields of an object, in the order of the text.
pub(super) type Fields = Vec<(String, Node)>;

/// The first field called `name`.
pub(super) fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a Node> {
    fields.iter().find_map(|(key, node)| (key == name).then_some(node))
}

/// A text that is no JSON, or that no JSON value here can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is no JSON: {0}")]
    Malformed(String),
    #[error("it holds NaN or an infinite number, which JSON does not have")]
    NotFinite,
    #[error("it holds the number {0}, which does not fit in 64 bits")]
    TooLarge(String),
    #[error("it is nested too deeply")]
    TooDeep,
}

impl Node {
    /// Reads `text`.
    pub(super) fn parse(text: &str) -> Result<Node, Unreadable> {
        if let Some(number) = numbers(text).find(|number| !fits(number)) {
            return Err(Unreadable::TooLarge(shortened(number)));
        }
        serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            match message.as_str() {
                _ if message.starts_with("recursion limit") => Unreadable::TooDeep,
                _ if words(text).any(|word| matches!(word, "NaN" | "Infinity" | "-Infinity")) => {
                    Unreadable::NotFinite
                }
                _ => Unreadable::Malformed(message),
            }
        })
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What stands in `text` outside of strings, cut at everything that is no part of a number or a word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut in_string = false;
    let mut escaped = false;
    text.split(move |c: char| {
        let was_in_string = in_string;
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        was_in_string || in_string || !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
    .filter(|word| !word.is_empty())
}

fn numbers(text: &str) -> impl Iterator<Item = &str> {
    words(text).filter(|word| word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()))
}

/// An integer beyond 64 bits would silently lose its last digits.
fn fits(number: &str) -> bool {
    number.contains(['.', 'e', 'E']) || number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok()
}

fn shortened(number: &str) -> String {
    const SHOWN: usize = 24;
    match number.get(..SHOWN) {
        Some(start) if number.len() > SHOWN => format!("{start}…"),
        _ => number.to_owned(),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("the number is not finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(field) = fields.next_entry()? {
            map.push(field);
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_the_order_of_the_text() {
        let Ok(Node::Map(fields)) = Node::parse(r#"{"b": 1, "a": [null, true, -2, 0.5, "x"]}"#) else {
            panic!()
        };
        assert_eq!(fields.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(field(&fields, "b"), Some(&Node::Number(1.into())));
    }

    #[test]
    fn a_number_that_would_lose_digits_is_refused_and_one_in_a_text_is_not() {
        let big = "123456789012345678901";
        assert_eq!(Node::parse(&format!("[{big}]")), Err(Unreadable::TooLarge(big.into())));
        assert_eq!(Node::parse(&format!("[-{big}]")), Err(Unreadable::TooLarge(format!("-{big}"))));
        assert!(Node::parse(&format!(r#"["{big}", "\"{big}", 1e300, 18446744073709551615]"#)).is_ok());
        let endless = "9".repeat(1_000);
        assert_eq!(Node::parse(&endless), Err(Unreadable::TooLarge(format!("{}…", "9".repeat(24)))));
    }

    #[test]
    fn a_negative_number_that_would_lose_digits_is_refused() {
        assert_eq!(Node::parse("-9223372036854775808"), Ok(Node::Number(i64::MIN.into())));
        assert!(matches!(Node::parse("-9223372036854775809"), Err(Unreadable::TooLarge(_))));
    }

    #[test]
    fn what_pythons_json_writes_beyond_json_is_told() {
        for text in ["NaN", "[1, -Infinity]", r#"{"a": NaN}"#] {
            assert_eq!(Node::parse(text), Err(Unreadable::NotFinite), "{text}");
        }
        assert!(matches!(Node::parse(r#"["NaN""#), Err(Unreadable::Malformed(_))));
        assert!(Node::parse(r#"["NaN"]"#).is_ok());
    }

    #[test]
    fn any_depth_is_refused_in_words() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(Node::parse(&deep), Err(Unreadable::TooDeep));
    }
}
