//! Python's dates and times, of which jsonpickle writes the bytes that Python pickles, as ISO 8601 text. Pure
//! arithmetic on those bytes; which class a value is of is the decoder's business.

/// `datetime.datetime`: ten bytes, year, month, day, hour, minute, second, microsecond; `zone` is put behind them.
/// None if they are no moment.
pub(super) fn date_time(bytes: &[u8], zone: &str) -> Option<String> {
    let (days, rest) = bytes.split_at_checked(4)?;
    Some(format!("{}T{}", date(days)?, time(rest, zone)?))
}

/// `datetime.date`: four bytes. The highest bit of the month marks the second of two equal hours, when clocks are put
/// back.
pub(super) fn date(bytes: &[u8]) -> Option<String> {
    let &[high, low, month, day] = bytes else { return None };
    let (year, month) = (u16::from_be_bytes([high, low]), month & 0x7F);
    let valid = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    valid.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// `datetime.time`: six bytes. The highest bit of the hour marks as that of a month does.
pub(super) fn time(bytes: &[u8], zone: &str) -> Option<String> {
    let &[hour, minute, second, a, b, c] = bytes else { return None };
    let (hour, micros) = (hour & 0x7F, u32::from_be_bytes([0, a, b, c]));
    if hour > 23 || minute > 59 || second > 59 || micros > 999_999 {
        return None;
    }
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    Some(format!("{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

/// `+01:00`, for seconds east of UTC.
pub(super) fn offset(seconds: i64) -> String {
    let (sign, all) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    let rest = if rest == 0 { String::new() } else { format!(":{rest:02}") };
    format!("{sign}{hours:02}:{minutes:02}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_iso_8601() {
        let bytes = [0x07, 0xE4, 1, 2, 3, 4, 5, 0, 0, 6];
        assert_eq!(date_time(&bytes, "").as_deref(), Some("2020-01-02T03:04:05.000006"));
        assert_eq!(date_time(&bytes, &offset(-19_800)).as_deref(), Some("2020-01-02T03:04:05.000006-05:30"));
        assert_eq!(offset(61), "+00:01:01");
        assert_eq!(date(&[0x07, 0xE4, 0x80 | 10, 25]).as_deref(), Some("2020-10-25"));
        assert_eq!(time(&[0x80 | 2, 30, 0, 0, 0, 0], "").as_deref(), Some("02:30:00"));
    }

    #[test]
    fn bytes_that_are_no_moment_are_none() {
        assert_eq!(date(&[0, 0, 1, 1]), None);
        assert_eq!(date(&[7, 228, 13, 1]), None);
        assert_eq!(date(&[7, 228]), None);
        assert_eq!(time(&[24, 0, 0, 0, 0, 0], ""), None);
        assert_eq!(time(&[1, 0, 0, 255, 255, 255], ""), None);
        assert_eq!(date_time(&[], ""), None);
    }
}
