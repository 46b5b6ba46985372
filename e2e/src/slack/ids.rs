//! Identifiers, tokens and time stamps in the shapes that Slack gives them, random per instance so that no test can
//! depend on a particular value. It knows nothing of what the identifiers name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"123456789";

fn random(alphabet: &[u8], length: usize) -> String {
    (0..length).map(|_| char::from(alphabet[rand::random_range(0..alphabet.len())])).collect()
}

/// An object's identifier: a prefix that tells the kind (`U`, `C`, `D`, `T`, `B`, `A`, `F`, `Ev`) and ten characters.
pub(crate) fn object(prefix: &str) -> String {
    format!("{prefix}0{}", random(UPPER, 9))
}

/// A bot token, `xoxb-<12 digits>-<13 digits>-<24 characters>`.
pub(crate) fn bot_token() -> String {
    format!("xoxb-{}-{}-{}", random(DIGITS, 12), random(DIGITS, 13), random(MIXED, 24))
}

/// An app-level token, `xapp-1-<app>-<13 digits>-<64 hex digits>`.
pub(crate) fn app_token(app_id: &str) -> String {
    format!("xapp-1-{app_id}-{}-{}", random(DIGITS, 13), random(HEX, 64))
}

/// A version 4 UUID, as envelopes, tickets and `client_msg_id` are.
pub(crate) fn uuid() -> String {
    let hex = random(HEX, 31);
    let variant = char::from(b"89ab"[rand::random_range(0..4)]);
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[16..19], &hex[19..31])
}

/// An unguessable part of a URL (response URLs, upload URLs, verification token).
pub(crate) fn secret(length: usize) -> String {
    random(MIXED, length)
}

/// A number, as response URLs carry it.
pub(crate) fn number() -> String {
    random(DIGITS, 13)
}

/// A trigger id, as slash commands and clicks carry it.
pub(crate) fn trigger() -> String {
    format!("{}.{}.{}", random(DIGITS, 13), random(DIGITS, 12), random(HEX, 32))
}

/// A short block id, as Slack gives to blocks that come without one.
pub(crate) fn block() -> String {
    random(MIXED, 5)
}

/// Slack's `ts`: microseconds since the epoch, written `seconds.micros`. It names a message within its channel and orders it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(u64);

impl Ts {
    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The present, or one microsecond after `last` where the clock has not moved on: no two messages share a `ts`.
    pub(crate) fn after(last: Self) -> Self {
        let now = u64::try_from(jiff::Timestamp::now().as_microsecond()).unwrap_or_default();
        Self(now.max(last.0 + 1))
    }

    pub(crate) const ZERO: Self = Self(0);
    pub(crate) const MAX: Self = Self(u64::MAX);
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.seconds(), self.0 % 1_000_000)
    }
}

/// A text that is no `seconds.micros`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no message time stamp such as 1700000000.123456")]
pub struct InvalidTs(String);

impl FromStr for Ts {
    type Err = InvalidTs;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seconds, micros) = text.split_once('.').unwrap_or((text, "0"));
        let parsed = seconds
            .parse::<u64>()
            .ok()
            .zip(format!("{micros:0<6}").get(..6).and_then(|m| m.parse::<u64>().ok()));
        parsed
            .and_then(|(seconds, micros)| seconds.checked_mul(1_000_000)?.checked_add(micros))
            .map(Self)
            .ok_or_else(|| InvalidTs(text.to_owned()))
    }
}

impl Serialize for Ts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
