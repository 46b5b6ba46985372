//! A value on its way, with the one text it is written and hashed as. Pure.

use std::time::Duration;

use chatops_crds::shared::hash;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::storage::Entry;

/// A value with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub plugin: String,
    pub key: String,
    pub value: Value,
    /// Seconds for which it stays; absent: forever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

impl Record {
    pub fn new(plugin: &str, entry: Entry) -> Record {
        // Rather a second too long than gone too early.
        let seconds = |ttl: Duration| ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        Record { plugin: plugin.to_owned(), key: entry.key, value: entry.value, ttl: entry.ttl.map(seconds) }
    }

    /// How long it stays; none: forever.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl.map(Duration::from_secs)
    }

    /// The line of a file, without the end of the line: the same for the same record, whatever the order of fields in
    /// its value was.
    pub fn line(&self) -> String {
        let mut value = String::new();
        canonical(&self.value, &mut value);
        let (plugin, key) = (Value::from(self.plugin.as_str()), Value::from(self.key.as_str()));
        let ttl = self.ttl.map(|ttl| format!(",\"ttl\":{ttl}")).unwrap_or_default();
        format!("{{\"plugin\":{plugin},\"key\":{key},\"value\":{value}{ttl}}}")
    }
}

/// JSON without white space, with the fields of each object in the order of their names' bytes.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// Count and hash of lines, in their order.
#[derive(Clone, Debug, Default)]
pub struct Digest {
    pub values: u64,
    hash: Sha256,
}

impl Digest {
    pub fn add(&mut self, line: &str) {
        self.values += 1;
        self.hash.update(line);
        self.hash.update("\n");
    }

    /// Adds a value that stays. One that goes by itself is no part of what two readings have in common.
    pub fn add_lasting(&mut self, record: &Record) {
        if record.ttl.is_none() {
            self.add(&record.line());
        }
    }

    /// SHA-256 of the lines, each with its end, in hexadecimal.
    pub fn sha256(&self) -> String {
        hash::hex(&self.hash.clone().finalize())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Digest) -> bool {
        self.values == other.values && self.sha256() == other.sha256()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_the_same_whatever_the_order_of_fields() {
        let value: Value = serde_json::from_str(r#"{"b": [1.50, {"z": null, "é\n": 1}], "a": "x"}"#).unwrap();
        let mut record = Record { plugin: "demo".into(), key: "k".into(), value, ttl: None };
        let line = r#"{"plugin":"demo","key":"k","value":{"a":"x","b":[1.5,{"z":null,"é\n":1}]}}"#;
        assert_eq!(record.line(), line);
        record.ttl = Some(60);
        assert_eq!(record.line(), format!("{},\"ttl\":60}}", line.strip_suffix('}').unwrap()));
        assert_eq!(serde_json::from_str::<Record>(&record.line()).unwrap(), record);
    }

    #[test]
    fn a_time_that_is_left_is_rounded_up() {
        let entry = |ttl| Entry { key: "k".into(), value: json!(1), ttl: Some(Duration::from_millis(ttl)) };
        assert_eq!(Record::new("p", entry(1)).ttl, Some(1));
        assert_eq!(Record::new("p", entry(2_000)).ttl, Some(2));
    }

    #[test]
    fn a_digest_is_the_sha_256_that_sha256sum_prints() {
        let mut digest = Digest::default();
        assert_eq!(digest.sha256(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        digest.add("a");
        // printf 'a\n' | sha256sum
        assert_eq!(digest.sha256(), "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7");
    }
}
