//! Our entries in kube-dns's `stubDomains`, which is JSON in a string: `{"slack.com":["8.8.8.8"]}`. Pure; every byte that
//! is not ours stays, the order, the spacing and what others add meanwhile included.
//!
//! JSON has no comments, so that nothing in the value says whose an entry is. The operator keeps that beside the value,
//! in an annotation of the ConfigMap ([`super::record`]), and passes it in as `ours`: an entry is ours while it is what
//! was written. An entry that somebody changed since is theirs.

mod members;

use serde_json::{Value, json};

use super::stub_zones::{StubZones, Zone};
use members::{Member, members, without};

/// Why `stubDomains` is left alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(
        "stubDomains is no JSON object of lists of addresses: kube-dns ignores it until its pods restart, and then has none of it. Correct it first"
    )]
    Invalid,
    #[error("stubDomains already has \"{zone}\": {value}")]
    Taken { zone: String, value: String },
}

/// The value with entries for `stub`; `ours` are the entries that were written before, which go.
///
/// # Errors
/// When the value is not what kube-dns reads, or has another value for one of the zones.
pub fn apply(text: Option<&str>, stub: &StubZones, ours: Option<&StubZones>) -> Result<String, Error> {
    // Leaving what is right where it stands makes a second time the same as the first.
    let kept: Vec<&Zone> =
        stub.zones.iter().filter(|zone| ours.is_some_and(|o| same(o, stub, zone))).collect();
    let theirs = match (text, ours) {
        (Some(text), Some(ours)) => cut(text, ours, |zone| !kept.contains(&zone)),
        (text, _) => text.unwrap_or("{}").to_owned(),
    };
    let (inside, present) =
        members(&theirs).filter(|(_, all)| all.iter().all(is_stub)).ok_or(Error::Invalid)?;
    let wanted = value(stub);
    let mut missing = Vec::new();
    for zone in &stub.zones {
        match present.iter().find(|member| super::stub_zones::normal(&member.key) == zone.as_str()) {
            None => missing.push(format!("{}:{wanted}", json!(zone))),
            Some(member) if member.value == wanted => {}
            Some(Member { key, value, .. }) => {
                return Err(Error::Taken { zone: key.clone(), value: value.to_string() });
            }
        }
    }
    if missing.is_empty() {
        return Ok(theirs);
    }
    let separator = if present.is_empty() { "" } else { "," };
    Ok(format!("{}{}{separator}{}", &theirs[..inside], missing.join(","), &theirs[inside..]))
}

/// The value without the entries `ours`. A value that cannot be read is left as it is.
pub fn undo(text: &str, ours: &StubZones) -> String {
    cut(text, ours, |_| true)
}

/// Whether nothing is left in it.
pub fn is_empty(text: &str) -> bool {
    members(text).is_some_and(|(_, members)| members.is_empty())
}

fn value(stub: &StubZones) -> Value {
    json!(stub.upstreams)
}

fn same(ours: &StubZones, stub: &StubZones, zone: &Zone) -> bool {
    ours.zones.contains(zone) && ours.upstreams == stub.upstreams
}

/// Takes those entries out that are ours, still as they were written, and `which` picks.
fn cut(text: &str, ours: &StubZones, which: impl Fn(&Zone) -> bool) -> String {
    let (written, mut left) = (value(ours), text.to_owned());
    for zone in ours.zones.iter().filter(|zone| which(zone)) {
        let Some((_, present)) = members(&left) else { return left };
        // The first one, since that is where it was put.
        if let Some(member) = present.iter().find(|m| m.key == zone.as_str() && m.value == written) {
            left = without(&left, &member.bytes);
        }
    }
    left
}

fn is_stub(member: &Member) -> bool {
    let addresses = member.value.as_array();
    addresses.is_some_and(|addresses| addresses.iter().all(Value::is_string))
}

#[cfg(test)]
mod tests;
