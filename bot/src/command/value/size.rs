//! Amounts of data as people write them: `512Mi`, `2G`, `1.5 GB`, `100`. Pure.

/// Suffixes and how many bytes they stand for, those of powers of two first (Kubernetes docs, "Quantity").
const UNITS: [(&str, u64); 11] = [
    ("ki", 1 << 10),
    ("mi", 1 << 20),
    ("gi", 1 << 30),
    ("ti", 1 << 40),
    ("pi", 1 << 50),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
    ("t", 1_000_000_000_000),
    ("p", 1_000_000_000_000_000),
    ("", 1),
];

/// The bytes that `text` says, in upper or lower case, with or without a `B` at the end. A part of a byte is left out.
pub fn parse(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (amount, unit) = text.split_at(end);
    let unit = unit.trim_start().to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let factor = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let (whole, part) = amount.split_once('.').unwrap_or((amount, "0"));
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    // The digits behind the point, as millionths.
    let digits = part.chars().all(|c| c.is_ascii_digit()) && !part.is_empty();
    let millionths = format!("{part:0<6}").get(..6)?.parse::<u128>().ok().filter(|_| digits)?;
    let rest = millionths * u128::from(factor) / 1_000_000;
    i64::try_from(u128::from(whole) + rest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("100", 100),
            ("512Mi", 512 << 20),
            ("512mib", 512 << 20),
            ("2G", 2_000_000_000),
            ("2 GB", 2_000_000_000),
            ("1.5Gi", 3 << 29),
            ("0.1k", 100),
            ("7b", 7),
        ] {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", "Mi", "-1", "1.2.3G", "1.G", ".5G", "5 apples", "1e3", "99999999999P"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
