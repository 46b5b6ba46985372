//! A table: rows between `|`, below the first one a row of dashes. Pure.

use unicode_width::UnicodeWidthStr;

/// How the cells of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Left,
    Centre,
    Right,
}

/// The columns of the table that `head` and the line `below` it begin; none if they begin none.
pub(super) fn columns(head: &str, below: &str) -> Option<Vec<Column>> {
    if !head.contains('|') {
        return None;
    }
    let columns: Vec<_> = cells(below).iter().map(|cell| column(cell)).collect::<Option<_>>()?;
    (columns.len() == cells(head).len()).then_some(columns)
}

fn column(cell: &str) -> Option<Column> {
    let dashes = cell.trim_start_matches(':').trim_end_matches(':');
    let is_column = !dashes.is_empty() && dashes.chars().all(|c| c == '-');
    is_column.then(|| match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) => Column::Centre,
        (false, true) => Column::Right,
        (_, false) => Column::Left,
    })
}

/// The cells of a row. A `|` behind a backslash is one in a cell.
pub(super) fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('|')) => cells.last_mut().into_iter().for_each(|cell| cell.extend(chars.next())),
            // The last one ends the row.
            ('|', None) => (),
            ('|', Some(_)) => cells.push(String::new()),
            (c, _) => cells.last_mut().into_iter().for_each(|cell| cell.push(c)),
        }
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// The rows below each other, two spaces between the columns. A row may have fewer cells than there are columns.
pub fn aligned(columns: &[Column], rows: &[Vec<String>]) -> String {
    let cell = |row: &'_ Vec<String>, n: usize| row.get(n).map_or(0, |cell| cell.width());
    let widths = (0..columns.len()).map(|n| rows.iter().map(|row| cell(row, n)).max().unwrap_or_default());
    let widths: Vec<_> = widths.collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(columns).zip(&widths).map(|((cell, column), width)| {
            let room = width.saturating_sub(cell.width());
            let before = match column {
                Column::Left => 0,
                Column::Centre => room / 2,
                Column::Right => room,
            };
            format!("{}{cell}{}", " ".repeat(before), " ".repeat(room - before))
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_between_bars_and_may_hold_one() {
        assert_eq!(cells("| a | b \\| c |"), ["a", "b | c"]);
        assert_eq!(cells("a|b"), ["a", "b"]);
        assert_eq!(cells("| a ||"), ["a", ""]);
    }

    #[test]
    fn a_table_begins_with_a_head_and_dashes() {
        assert_eq!(columns("a | b", ":--|--:"), Some(vec![Column::Left, Column::Right]));
        assert_eq!(columns("a | b", ":-:|---"), Some(vec![Column::Centre, Column::Left]));
        for (head, below) in [("a", "---"), ("a | b", "---"), ("a | b", "a | b"), ("a | b", "")] {
            assert_eq!(columns(head, below), None, "{head:?} {below:?}");
        }
    }

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let rows =
            [["name", "cpu"], ["web-名", "1"], ["db", "250"]].map(|row| row.map(str::to_owned).to_vec());
        let text = aligned(&[Column::Left, Column::Right], &rows);
        assert_eq!(text, "name    cpu\nweb-名    1\ndb      250");
    }
}
