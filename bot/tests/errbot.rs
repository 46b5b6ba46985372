//! What plugins of Errbot stored comes over as plain JSON, or is told with the reason why it does not. The values were
//! written by the real jsonpickle (`errbot/values.py`); `e2e/tests/errbot_values.rs` writes them again and compares.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{collections::BTreeMap, path::Path};

use chatops_bot::errbot::{Counting, Decoded, Loss, Reason, Unreadable, decode};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Fixture {
    jsonpickle: String,
    values: Vec<Stored>,
}

#[derive(Deserialize)]
struct Stored {
    plugin: String,
    key: String,
    text: String,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("errbot/values.json")).unwrap()
}

/// The values of a plugin, decoded.
fn decoded(plugin: &str) -> BTreeMap<String, Result<Decoded, Loss>> {
    let stored = fixture().values.into_iter().filter(|stored| stored.plugin == plugin);
    stored.map(|stored| (stored.key, decode(&stored.text, Counting::DictsToo))).collect()
}

/// Nothing that a hostile value names was run: each would have left this file.
fn nothing_ran() {
    assert!(!Path::new("errbot-value-ran").exists(), "a value was run");
}

/// `expected` is all that `plugin` stores.
fn each_is(plugin: &str, expected: &[(&str, Value)]) -> Vec<String> {
    let mut values = decoded(plugin);
    let mut notes = Vec::new();
    for (key, value) in expected {
        let decoded = values.remove(*key).unwrap_or_else(|| panic!("{key} is not stored"));
        let decoded = decoded.unwrap_or_else(|loss| panic!("{key}: {loss}"));
        assert_eq!(&decoded.value, value, "{key}");
        notes.extend(decoded.notes.iter().map(|note| format!("{key}: {note}")));
    }
    assert_eq!(values.keys().collect::<Vec<_>>(), [] as [&str; 0], "not expected");
    notes
}

#[test]
fn the_values_were_written_by_a_jsonpickle_of_today() {
    assert_eq!(fixture().jsonpickle, "4.1.4");
}

#[test]
fn plain_values_come_over_as_they_are() {
    let notes = each_is(
        "Plain",
        &[
            ("none", json!(null)),
            ("true", json!(true)),
            ("integer", json!(-12)),
            ("largest integer", json!(u64::MAX)),
            ("float", json!(0.1 + 0.2)),
            ("text", json!("žluťoučký kůň 🐎\n\0")),
            ("list", json!([1, [2, []]])),
            ("dict", json!({"a": {"b": null}, "py/x": 1, "json://x": 2})),
            ("keys that are no text", json!({"1": "a", "null": "b", "(1, 2)": "c", "2.5": "d"})),
            ("tuple", json!([1, [2]])),
            ("set", json!([1])),
            ("frozenset", json!([1])),
            ("ordered dict", json!({"a": [2], "b": 1})),
            ("ordered dict with keys that are no text", json!({"1": "a", "null": "b"})),
            ("counter", json!({"a": 2, "b": 1})),
            ("deque", json!([1, [2]])),
            ("deque with a limit", json!([1])),
            ("defaultdict", json!({"a": [1]})),
            ("defaultdict of a function", json!({"a": [5, 1]})),
            ("user dict", json!({"a": 1})),
            ("array", json!({"typecode": "i", "values": [1, 2]})),
            ("generator", json!([1, 2])),
        ],
    );
    let expected = [
        "ordered dict with keys that are no text: the key 1, as text",
        "ordered dict with keys that are no text: the key null, as text",
        "deque with a limit: deque of at most 3 items, as a list",
        "array: array.array, as an object of its fields",
        "generator: iterator, as the list of what it would have given",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn harmless_types_become_data_and_what_is_less_precise_is_told() {
    let notes = each_is(
        "Harmless Types",
        &[
            ("datetime", json!("2020-01-02T03:04:05.000006")),
            ("datetime in utc", json!("2020-01-02T00:00:00+00:00")),
            ("datetime with an offset", json!("2020-01-02T03:04:00-05:30")),
            ("datetime in berlin", json!("2020-01-02T00:00:00[Europe/Berlin]")),
            ("date", json!("2020-01-02")),
            ("time", json!("01:02:03.000004")),
            ("timedelta", json!(86_402)),
            ("timedelta with microseconds", json!(-0.000_001)),
            ("timezone", json!("-05:30")),
            ("decimal", json!("1.50")),
            ("fraction", json!("1/3")),
            ("uuid", json!("12345678-9abc-def0-1234-56789abcdef0")),
            ("bytes", json!("AP8=")),
            ("path", json!("/srv/bot")),
            ("relative path", json!("a/b")),
            ("ipv4 address", json!("10.0.0.1")),
            ("ipv6 network", json!("fd00::/8")),
            ("pattern", json!("a+")),
            ("complex", json!([1.0, 2.0])),
            ("enum", json!("red")),
            ("enum of numbers", json!(3)),
            ("namedtuple", json!([[1], 2])),
            ("dataclass", json!({"title": "water the plants", "due": "2020-01-02", "done": false})),
            ("slots", json!({"a": 1, "b": [2]})),
            ("state", json!({"kept": [1]})),
            ("dict subclass", json!({"a": 1})),
            ("list subclass", json!([1, [2]])),
            ("str subclass", json!("x")),
            ("namespace", json!({"a": 1})),
        ],
    );
    let approximated = [
        "datetime in berlin: time in a zone whose offset at that time is not in the value",
        "bytes: bytes, as base64 text",
        "pattern: compiled regular expression, as its text",
        "complex: builtins.complex, as a list of what it was made of",
        "enum: member of the Enum __main__.Colour, as its value",
        "enum of numbers: member of the Enum __main__.Level, as its value",
        "namedtuple: __main__.Point, as a list",
        "dataclass: __main__.Task, as an object of its fields",
        "slots: __main__.Slotted, as an object of its fields",
        "state: __main__.WithState, as an object of its fields",
        "dict subclass: __main__.Table, as an object of its fields",
        "list subclass: __main__.Names, as a list",
        "str subclass: __main__.Tag, as the value it was made of",
        "namespace: types.SimpleNamespace, as an object of its fields",
    ];
    assert_eq!(notes, approximated);
}

#[test]
fn what_stands_at_several_places_comes_over_at_each() {
    let counted = json!([
        ["first"],
        [
            {"a": {}}, [1, [2]], [3], "NA==", "00000000-0000-0000-0000-000000000005", "6", {"x": [1]}, {"y": [[0], 2]},
            {"title": "t", "due": "2020-01-02", "done": false}, [[7], {"eight": 8}], {"a": [9]}, {"a": 2, "b": 1}, [[10]],
            12 * 86_400, "2013-01-01T00:00:00+02:00", "2014-01-01T00:00:00+02:00", "red", {"a": [15]}, [[16]], "17",
            {"a": 1, "b": [2]}, {"kept": [1]}, [18], "19", {"a": [20]}, [[21]], ["last"],
        ],
        ["first"], "+02:00", ["last"],
    ]);
    let owner = json!({"name": "ann"});
    let notes = each_is(
        "References",
        &[
            (
                "shared",
                json!([owner, {"tasks": [owner, [["a", "b"], [1]]]}, "2020-01-02T00:00:00", ["a", "b"],
                    "2020-01-02T00:00:00", owner]),
            ),
            ("counted", counted),
        ],
    );
    assert_eq!(notes[0], "counted: [1][3]: bytes, as base64 text");
}

#[test]
fn what_is_more_than_data_is_told_with_the_reason_and_nothing_runs() {
    let mut values = decoded("Lost");
    values.extend(decoded("ByHand"));
    values.insert("deep".into(), decode(&("[".repeat(100_000) + &"]".repeat(100_000)), Counting::DictsToo));
    let reasons = [
        ("cyclic list", "[1]: it refers to an object that it is itself a part of"),
        ("cyclic object", "itself: it refers to an object that it is itself a part of"),
        ("bomb of references", "it has too many pieces once shared objects are written out"),
        ("class", "kind: it is the class builtins.int"),
        ("function", "[0]: it is the function builtins.len"),
        ("module", "it is the module sys/sys"),
        ("exception", "only calling builtins.ValueError would restore it, and nothing is ever called"),
        (
            "bytearray",
            "it was written without its content, as builtins.bytearray is by some versions of jsonpickle",
        ),
        ("range", "only calling builtins.range would restore it, and nothing is ever called"),
        ("iterator", "only calling builtins.iter would restore it, and nothing is ever called"),
        ("ordered dict with a tuple as key", "a key is no text: [1,2]"),
        ("nan", "it holds NaN or an infinite number, which JSON does not have"),
        ("infinity", "it holds NaN or an infinite number, which JSON does not have"),
        ("large integer", "it holds the number 100000000000000000000000…, which does not fit in 64 bits"),
        ("runs a command", "only calling posix.system would restore it, and nothing is ever called"),
        (
            "starts a process",
            "tasks[0]: only calling subprocess.Popen would restore it, and nothing is ever called",
        ),
        ("evaluates source", "only calling builtins.eval would restore it, and nothing is ever called"),
        ("repr", "it is Python source (py/repr), which is never evaluated"),
        (
            "object with a call in a field",
            "f: only calling os.system would restore it, and nothing is ever called",
        ),
        ("call without a tag", "only calling os.system would restore it, and nothing is ever called"),
        ("enum that is none", "only calling subprocess.Popen would restore it, and nothing is ever called"),
        (
            "lost content",
            "it was written without its content, as collections.defaultdict is by some versions of jsonpickle",
        ),
        ("dangling reference", "[0]: it refers to object 7, which is not in the value"),
        ("reference that is no number", "its py/id has a form that jsonpickle does not write"),
        ("tuple of nothing", "its list has a form that jsonpickle does not write"),
        ("year 0", "its datetime.date has a form that jsonpickle does not write"),
        ("deep", "it is nested too deeply"),
    ];
    for (key, reason) in reasons {
        let loss = values.remove(key).unwrap_or_else(|| panic!("{key} is not stored")).expect_err(key);
        assert!(loss.to_string().ends_with(reason), "{key}: {loss}");
    }
    let deep = values.remove("deep references").unwrap().unwrap_err();
    assert_eq!(deep.reason, Reason::TooDeep);
    let keys = values.remove("no json").unwrap().unwrap_err();
    assert!(matches!(keys.reason, Reason::Unreadable(Unreadable::Malformed(_))), "{keys}");
    nothing_ran();

    // Of an object, the fields are data, whatever its class would do.
    let fields: Vec<_> = values.into_iter().map(|(key, decoded)| (key, decoded.unwrap())).collect();
    let shown: Vec<_> =
        fields.iter().map(|(key, decoded)| (key.as_str(), decoded.notes[0].what.as_str())).collect();
    let as_fields = "subprocess.Popen, as an object of its fields";
    let as_made = "subprocess.Popen, as the value it was made of";
    assert_eq!(shown, [("object of a process", as_made), ("state of a process", as_fields)]);
}

#[test]
fn references_of_jsonpickle_before_2_count_no_dicts() {
    // jsonpickle 1.4.2: encode([{"a": 1}, shared, shared]) where shared = [2].
    let text = r#"[{"a": 1}, [2], {"py/id": 1}]"#;
    let value = |counting| decode(text, counting).map(|decoded| decoded.value);
    assert_eq!(value(Counting::NotDicts), Ok(json!([{"a": 1}, [2], [2]])));
    assert_eq!(value(Counting::DictsToo), Ok(json!([{"a": 1}, [2], {"a": 1}])));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z/]{0,6}", inner, 0..6)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn plain_json_comes_over_as_it_is(value in any_json()) {
        let decoded = decode(&value.to_string(), Counting::DictsToo).unwrap();
        prop_assert_eq!(decoded.value, value);
        prop_assert!(decoded.notes.is_empty());
    }

    #[test]
    fn any_text_is_a_value_or_a_loss(text in "([\\[\\]{}:,\"a0-]|\"py/(id|tuple|object|reduce|state|seq|b64|b85)\":|\"datetime.date\"){0,40}") {
        let _ = decode(&text, Counting::NotDicts);
    }
}
