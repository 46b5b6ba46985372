//! The beginning of a long text.

/// At most the first `most` characters of `text`, and `…` behind them if there are more.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_longer_is_cut_and_between_characters() {
        assert_eq!(["", "äöü", "äöü€"].map(|text| shortened(text, 3)), ["", "äöü", "äöü…"]);
    }
}
