//! Quantities in canonical form: `0.5` and `500m` are the same amount, and the API server writes the latter.

/// Smallest amount that is told apart: a nano unit, the finest suffix there is.
const NANOS_PER_UNIT: i128 = 1_000_000_000;

/// The amount in nano units; `None` if `text` is not a quantity or is finer than that.
pub fn nanos(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.len() > 18 || fraction.contains(['+', '-']) || (whole.len() + fraction.len()) == 0 {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(multiplier(suffix)?)?;
    let divisor = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    (scaled % divisor == 0).then_some(scaled / divisor)
}

fn multiplier(suffix: &str) -> Option<i128> {
    let binary = |power: u32| Some(NANOS_PER_UNIT << (10 * power));
    let decimal = |power: u32| NANOS_PER_UNIT.checked_mul(10_i128.checked_pow(power)?);
    match suffix {
        "n" => Some(1),
        "u" => Some(1_000),
        "m" => Some(1_000_000),
        "" => Some(NANOS_PER_UNIT),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            match u32::try_from(exponent) {
                Ok(power) => decimal(power),
                Err(_) => NANOS_PER_UNIT
                    .checked_div(10_i128.checked_pow(exponent.unsigned_abs())?)
                    .filter(|nanos| *nanos > 0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::nanos;

    #[test]
    fn different_spellings_of_one_amount_are_equal() {
        for (a, b) in [
            ("0.5", "500m"),
            ("1", "1000m"),
            ("1Gi", "1024Mi"),
            ("1e3", "1k"),
            ("128974848", "123Mi"),
            ("+2", "2"),
            ("1.5Gi", "1536Mi"),
            ("5e-1", "500m"),
        ] {
            assert_eq!(nanos(a), nanos(b), "{a} and {b}");
            assert!(nanos(a).is_some(), "{a}");
        }
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in ["", "m", "1.2.3", "1 Gi", "1Zi", "1e", "one", "1e99"] {
            assert_eq!(nanos(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn milli_units_are_thousandths(amount in 0_i64..1_000_000_000) {
            let (whole, milli) = (amount / 1000, amount % 1000);
            let (fraction, thousandths) = (format!("{whole}.{milli:03}"), format!("{amount}m"));
            prop_assert_eq!(nanos(&fraction), nanos(&thousandths));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,24}") {
            let _ = nanos(&text);
        }
    }
}
