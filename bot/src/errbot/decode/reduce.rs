//! `py/reduce`: something to call, with arguments. Nothing is called: for a few harmless names it is known what data
//! they make of their arguments, and every other name is a loss.

use std::net::Ipv4Addr;

use serde_json::{Map, Number, Value};

use super::{Decoder, Loss, Reason, Step, object::Parts, tuple};
use crate::errbot::{clock, node::Node, python};

/// Arguments, and what is put into the result: a state, items, pairs of key and value.
#[derive(Default)]
struct Recipe {
    arguments: Vec<Value>,
    state: Option<Value>,
    items: Option<Vec<Value>>,
    pairs: Option<Map<String, Value>>,
}

impl Decoder {
    pub(super) fn reduce(&mut self, content: &Node) -> Result<Value, Loss> {
        let [callable, parts @ ..] = self.list(content)? else { return Err(self.malformed("py/reduce")) };
        let name = python::callable(callable).ok_or_else(|| self.malformed("py/reduce"))?;
        self.numbered(|decoder| decoder.made_by(&name, callable, parts))
    }

    fn made_by(&mut self, name: &str, callable: &Node, parts: &[Node]) -> Result<Value, Loss> {
        let made = match name {
            "py/newobj" | "copyreg.__newobj__" | "copyreg._reconstructor" => {
                return self.new_object(name, parts);
            }
            "datetime.timedelta" => seconds(&self.recipe(parts)?),
            "datetime.timezone"
            | "pytz._UTC"
            | "pytz._p"
            | "zoneinfo.ZoneInfo._unpickle"
            | "None.ZoneInfo._unpickle" => zone(&self.recipe(parts)?),
            "decimal.Decimal" => text(&self.recipe(parts)?),
            "fractions.Fraction" => fraction(&self.recipe(parts)?),
            "ipaddress.IPv4Address" => address(&self.recipe(parts)?),
            "ipaddress.IPv4Network" | "ipaddress.IPv6Network" => text(&self.recipe(parts)?),
            "pathlib.PosixPath" | "pathlib.PurePosixPath" => path(&self.recipe(parts)?),
            "collections.OrderedDict" | "collections.Counter" => dict(self.recipe(parts)?),
            // The first argument makes values that are missing.
            "collections.defaultdict" => dict(self.recipe_after(parts, 1)?),
            "builtins.frozenset" | "builtins.set" | "builtins.list" | "builtins.tuple" => {
                list(self.recipe(parts)?)
            }
            "collections.deque" => {
                let recipe = self.recipe(parts)?;
                if let Some(most) = recipe.arguments.get(1).and_then(Value::as_u64) {
                    self.note(format!("deque of at most {most} items, as a list"));
                }
                list(recipe)
            }
            "types.SimpleNamespace" => {
                let Recipe { state, .. } = self.recipe(parts)?;
                return self.instance(name, Parts { state, ..Parts::default() });
            }
            _ => return self.of_a_class(name, callable, parts),
        };
        made.ok_or_else(|| self.malformed(name))
    }

    /// A class of a plugin that is called with one simple argument looks like a member of an Enum, which is told apart
    /// by its value.
    fn of_a_class(&mut self, name: &str, callable: &Node, parts: &[Node]) -> Result<Value, Loss> {
        let is_class =
            matches!(callable, Node::Map(fields) if fields.iter().any(|(tag, _)| tag == "py/type"));
        let argument = match parts {
            [arguments] => match tuple(arguments) {
                Some([Node::Text(_) | Node::Number(_)]) if is_class && python::may_be_enum(name) => {
                    self.arguments_of(arguments, 0)?.pop()
                }
                _ => None,
            },
            _ => None,
        };
        match argument {
            Some(value) => Ok(self.noted(format!("member of the Enum {name}, as its value"), value)),
            None => Err(self.loss(Reason::Call(name.to_owned()))),
        }
    }

    /// A plain instance: the class is the first argument, and the base the second where `copyreg._reconstructor` makes
    /// it.
    fn new_object(&mut self, name: &str, parts: &[Node]) -> Result<Value, Loss> {
        let arguments = parts.first().and_then(tuple).ok_or_else(|| self.malformed(name))?;
        let class = arguments.first().and_then(python::callable).ok_or_else(|| self.malformed(name))?;
        let classes = if name == "copyreg._reconstructor" { 2 } else { 1 };
        let Recipe { mut arguments, state, items, pairs } = self.recipe_after(parts, classes)?;
        if name == "copyreg._reconstructor" {
            // The value of the base, none for plain objects.
            arguments.retain(|argument| !argument.is_null());
        }
        self.instance(&class, Parts { arguments, items, state, fields: pairs.unwrap_or_default() })
    }

    fn recipe(&mut self, parts: &[Node]) -> Result<Recipe, Loss> {
        self.recipe_after(parts, 0)
    }

    /// Decodes the parts, but not the first `classes` arguments, which are no data.
    fn recipe_after(&mut self, parts: &[Node], classes: usize) -> Result<Recipe, Loss> {
        let mut recipe = Recipe::default();
        for (position, part) in parts.iter().enumerate() {
            match position {
                _ if *part == Node::Null => {}
                0 => recipe.arguments = self.arguments_of(part, classes)?,
                1 => recipe.state = Some(self.at(Step::Inside, |decoder| decoder.node(part))?),
                2 => {
                    let items = tuple(part).ok_or_else(|| self.malformed("py/reduce"))?;
                    recipe.items = Some(self.inner_items(items)?);
                }
                3 => recipe.pairs = Some(self.pairs(part)?),
                _ => return Err(self.malformed("py/reduce")),
            }
        }
        Ok(recipe)
    }

    fn arguments_of(&mut self, node: &Node, classes: usize) -> Result<Vec<Value>, Loss> {
        let items = tuple(node).ok_or_else(|| self.malformed("py/reduce"))?;
        let (classes, data) = items.split_at(classes.min(items.len()));
        classes.iter().for_each(|class| self.skip(class));
        self.inner_items(data)
    }

    fn pairs(&mut self, node: &Node) -> Result<Map<String, Value>, Loss> {
        let mut map = Map::new();
        for pair in tuple(node).ok_or_else(|| self.malformed("py/reduce"))? {
            let Some([key, value]) = tuple(pair) else { return Err(self.malformed("py/reduce")) };
            let key = match self.at(Step::Inside, |decoder| decoder.node(key))? {
                Value::String(key) => key,
                key @ (Value::Number(_) | Value::Bool(_) | Value::Null) => {
                    self.note(format!("the key {key}, as text"));
                    key.to_string()
                }
                other => return Err(self.loss(Reason::Key(other.to_string()))),
            };
            let value = self.at(Step::Field(key.clone()), |decoder| decoder.node(value))?;
            if map.insert(key.clone(), value).is_some() {
                return Err(self.loss(Reason::Key(format!("{key} is there twice once keys are text"))));
            }
        }
        Ok(map)
    }
}

/// `timedelta(days, seconds, microseconds)` in seconds.
fn seconds(recipe: &Recipe) -> Option<Value> {
    let part = |index: usize| recipe.arguments.get(index).map_or(Some(0), Value::as_i64);
    let whole = part(0)?.checked_mul(86_400)?.checked_add(part(1)?)?;
    match part(2)? {
        0 => Some(Value::from(whole)),
        micros => {
            let all = i128::from(whole) * 1_000_000 + i128::from(micros);
            // The nearest number that JSON's readers have; exact to the microsecond for 285 years.
            #[allow(clippy::cast_precision_loss, reason = "see above")]
            Number::from_f64(all as f64 / 1e6).map(Value::Number)
        }
    }
}

/// `timezone(offset)`, or a zone of pytz or zoneinfo: an offset where there is one, otherwise its name.
fn zone(recipe: &Recipe) -> Option<Value> {
    match recipe.arguments.as_slice() {
        [] => Some(Value::String(clock::offset(0))),
        [Value::Number(offset), ..] | [Value::String(_), Value::Number(offset), _, ..] => {
            Some(Value::String(clock::offset(offset.as_i64()?)))
        }
        [name @ Value::String(_), ..] => Some(name.clone()),
        _ => None,
    }
}

fn text(recipe: &Recipe) -> Option<Value> {
    recipe.arguments.first().filter(|argument| argument.is_string()).cloned()
}

fn fraction(recipe: &Recipe) -> Option<Value> {
    match recipe.arguments.as_slice() {
        [Value::Number(over), Value::Number(under)] => Some(Value::String(format!("{over}/{under}"))),
        _ => text(recipe),
    }
}

fn address(recipe: &Recipe) -> Option<Value> {
    let number = recipe.arguments.first()?.as_u64()?;
    Some(Value::String(Ipv4Addr::from(u32::try_from(number).ok()?).to_string()))
}

fn path(recipe: &Recipe) -> Option<Value> {
    let parts: Option<Vec<_>> = recipe.arguments.iter().map(Value::as_str).collect();
    Some(Value::String(match parts?.as_slice() {
        [] => ".".to_owned(),
        ["/", rest @ ..] => format!("/{}", rest.join("/")),
        parts => parts.join("/"),
    }))
}

fn dict(recipe: Recipe) -> Option<Value> {
    match (recipe.pairs, recipe.arguments.into_iter().next()) {
        (Some(pairs), _) => Some(Value::Object(pairs)),
        (None, Some(map @ Value::Object(_))) => Some(map),
        (None, Some(Value::Array(pairs))) => {
            let pair = |pair: Value| match <[Value; 2]>::try_from(pair.as_array()?.clone()).ok()? {
                [Value::String(key), value] => Some((key, value)),
                _ => None,
            };
            pairs.into_iter().map(pair).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        (None, None) => Some(Value::Object(Map::new())),
        (None, Some(_)) => None,
    }
}

fn list(recipe: Recipe) -> Option<Value> {
    match (recipe.items, recipe.arguments.into_iter().next()) {
        (Some(items), _) => Some(Value::Array(items)),
        (None, Some(list @ Value::Array(_))) => Some(list),
        (None, None) => Some(Value::Array(Vec::new())),
        (None, Some(_)) => None,
    }
}
