//! Several things in one sentence.

/// `a`, `a or b`, `a, b or c`, with `word` before the last one.
pub fn enumerate(things: impl IntoIterator<Item = String>, word: &str) -> String {
    let things: Vec<_> = things.into_iter().collect();
    match things.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {word} {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_is_set_apart_by_a_word() {
        let enumerated = |things: &str| enumerate(things.chars().map(String::from), "or");
        assert_eq!(["", "a", "ab", "abc"].map(enumerated), ["", "a", "a or b", "a, b or c"]);
    }
}
