//! What jsonpickle's tags and Python's names mean. Names are compared, never looked up.

use super::node::{Fields, Node};

/// What kind of value an object of JSON stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Tuple,
    Set,
    Base64,
    Base85,
    Id,
    Iterator,
    Object,
    Type,
    Reduce,
    Function,
    Module,
    Repr,
    /// A tag that only stands beside another one, or that jsonpickle wrote in its first years.
    Stray(&'static str),
}

/// In jsonpickle's order: where several are present, the first counts.
const TAGS: [Tag; 12] = [
    Tag::Tuple,
    Tag::Set,
    Tag::Base64,
    Tag::Base85,
    Tag::Id,
    Tag::Iterator,
    Tag::Object,
    Tag::Type,
    Tag::Reduce,
    Tag::Function,
    Tag::Module,
    Tag::Repr,
];

const STRAY: [&str; 9] = [
    "py/bytes",
    "py/ref",
    "py/initargs",
    "py/newargs",
    "py/newargsex",
    "py/newobj",
    "py/property",
    "py/seq",
    "py/state",
];

impl Tag {
    pub(super) fn name(self) -> &'static str {
        match self {
            Tag::Tuple => "py/tuple",
            Tag::Set => "py/set",
            Tag::Base64 => "py/b64",
            Tag::Base85 => "py/b85",
            Tag::Id => "py/id",
            Tag::Iterator => "py/iterator",
            Tag::Object => "py/object",
            Tag::Type => "py/type",
            Tag::Reduce => "py/reduce",
            Tag::Function => "py/function",
            Tag::Module => "py/mod",
            Tag::Repr => "py/repr",
            Tag::Stray(name) => name,
        }
    }
}

/// The tag of an object of JSON, with what it holds. None: it is a dict.
pub(super) fn tag(fields: &Fields) -> Option<(Tag, &Node)> {
    // Most dicts have none.
    if !fields.iter().any(|(name, _)| name.starts_with("py/")) {
        return None;
    }
    let stray = STRAY.into_iter().map(Tag::Stray);
    TAGS.into_iter()
        .chain(stray)
        .find_map(|tag| fields.iter().find_map(|(name, node)| (name == tag.name()).then_some((tag, node))))
}

/// The name of what `py/reduce` calls, or of a class, in Python 3's words.
pub(super) fn callable(node: &Node) -> Option<String> {
    let name = match node {
        Node::Text(name) => name,
        Node::Map(fields) => match tag(fields)? {
            (Tag::Type | Tag::Function, Node::Text(name)) => name,
            _ => return None,
        },
        _ => return None,
    };
    Some(match name.split_once('.') {
        Some(("__builtin__", rest)) => format!("builtins.{rest}"),
        Some(("copy_reg", rest)) => format!("copyreg.{rest}"),
        _ => name.clone(),
    })
}

/// Modules of Python whose classes are no Enums of a plugin, though called with one argument like those. Nothing is
/// called either way; the list is there to tell the truth about a value.
const NOT_OF_PLUGINS: [&str; 22] = [
    "asyncio",
    "builtins",
    "code",
    "codecs",
    "commands",
    "copyreg",
    "ctypes",
    "functools",
    "importlib",
    "io",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "pickle",
    "posix",
    "pty",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
];

/// A class of this name may be an Enum of a plugin.
pub(super) fn may_be_enum(name: &str) -> bool {
    let module = name.split('.').next().unwrap_or_default();
    !NOT_OF_PLUGINS.contains(&module)
}

/// A name from a value, for a message.
pub(super) fn shown(node: &Node) -> String {
    const SHOWN: usize = 120;
    match node {
        Node::Text(name) => name.chars().take(SHOWN).collect(),
        _ => "(no name)".to_owned(),
    }
}

/// Python's base85, the alphabet of RFC 1924. None if `text` is not of it.
pub(super) fn from_base85(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 85] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    let mut bytes = Vec::with_capacity(text.len() / 5 * 4);
    for group in text.as_bytes().chunks(5) {
        let mut number = 0_u32;
        for position in 0..5 {
            // A short group is filled up with the highest digit, and its bytes cut off again.
            let digit = match group.get(position) {
                Some(byte) => ALPHABET.iter().position(|letter| letter == byte)?,
                None => ALPHABET.len() - 1,
            };
            number = number.checked_mul(85)?.checked_add(u32::try_from(digit).ok()?)?;
        }
        bytes.extend_from_slice(number.to_be_bytes().get(..group.len().checked_sub(1)?)?);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base85_is_pythons() {
        // From Python: base64.b85encode.
        assert_eq!(from_base85("Xk~0{Zv"), Some(b"hello".to_vec()));
        assert_eq!(from_base85("009C61O)~M"), Some(vec![0, 1, 2, 3, 4, 5, 6, 7]));
        assert_eq!(from_base85(""), Some(vec![]));
        assert_eq!(from_base85("\"\""), None);
        assert_eq!(from_base85("~~~~~"), None);
    }
}
