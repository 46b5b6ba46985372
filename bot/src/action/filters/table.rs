//! Filter `table`: rows side by side, as a block of code. Pure.

use minijinja::{
    Error, ErrorKind, State, Value,
    value::{Kwargs, ValueKind},
};

use super::{block, pay, truncate};
use crate::markdown::{Column, aligned};

/// Longest text of a cell, in characters.
const CELL: usize = 60;

/// A table of `rows`: maps, of which each key is a column, or lists. `columns=[…]` says which columns there are, and in
/// which order.
pub(super) fn table(state: &State<'_, '_>, rows: &Value, options: Kwargs) -> Result<String, Error> {
    let columns: Option<Vec<String>> = options.get("columns")?;
    options.assert_all_used()?;
    let rows: Vec<Value> = rows.try_iter().map_err(|_| no_rows())?.collect();
    let columns = match columns {
        Some(columns) => columns,
        None => rows.first().map(keys).transpose()?.unwrap_or_default(),
    };
    let mut lines: Vec<Vec<String>> = Vec::new();
    if !columns.is_empty() {
        lines.push(columns.iter().map(|column| column.to_uppercase()).collect());
    }
    for row in &rows {
        lines.push(cells(row, &columns)?);
    }
    let count = lines.iter().map(Vec::len).max().unwrap_or_default();
    let text = aligned(&vec![Column::Left; count], &lines);
    pay(state, text.len())?;
    Ok(if text.is_empty() { text } else { block(&text) })
}

/// The columns of a map; a list has none with a name.
fn keys(row: &Value) -> Result<Vec<String>, Error> {
    match row.kind() {
        ValueKind::Map => Ok(row.try_iter()?.map(|key| key.to_string()).collect()),
        ValueKind::Seq | ValueKind::Iterable => Ok(Vec::new()),
        _ => Err(no_rows()),
    }
}

fn cells(row: &Value, columns: &[String]) -> Result<Vec<String>, Error> {
    match row.kind() {
        ValueKind::Map => columns.iter().map(|column| Ok(cell(&row.get_attr(column)?))).collect(),
        ValueKind::Seq | ValueKind::Iterable => Ok(row.try_iter()?.map(|value| cell(&value)).collect()),
        _ => Err(no_rows()),
    }
}

/// One line, for nothing an empty one.
fn cell(value: &Value) -> String {
    if value.is_undefined() || value.is_none() {
        return String::new();
    }
    let text = value.to_string();
    truncate(&Value::from(text.split_whitespace().collect::<Vec<_>>().join(" ")), Some(CELL))
}

fn no_rows() -> Error {
    Error::new(ErrorKind::InvalidOperation, "table takes a list of maps or of lists")
}

#[cfg(test)]
mod tests {
    use minijinja::{Environment, context};

    fn render(source: &str, rows: &str) -> Result<String, String> {
        let rows: serde_json::Value = serde_json::from_str(rows).unwrap();
        let mut environment = Environment::new();
        environment.set_fuel(Some(10_000));
        super::super::add(&mut environment);
        let context = context! { rows => crate::action::context::from_json(rows) };
        let text = environment.render_str(source, context);
        let text = text.map(|text| crate::chat::text::without_markdown(&text));
        text.map_err(|error| error.detail().unwrap_or_default().to_owned())
    }

    const PODS: &str = r#"[
        {"name": "web-1", "ready": true, "node": "a"},
        {"name": "long-名前", "ready": false, "message": "two\nlines"}
    ]"#;

    #[test]
    fn maps_have_the_columns_that_are_asked_for() {
        let expected = "```\nNAME       READY  MESSAGE\nweb-1      True\nlong-名前  False  two lines\n```";
        assert_eq!(
            render("{{ rows | table(columns=['name', 'ready', 'message']) }}", PODS).unwrap(),
            expected
        );
    }

    #[test]
    fn without_a_choice_the_first_row_says_which_columns_there_are() {
        let text = render("{{ rows | table }}", PODS).unwrap();
        assert!(text.starts_with("```\nNAME       NODE  READY\n"), "{text}");
    }

    #[test]
    fn lists_have_no_head_and_nothing_is_no_table() {
        assert_eq!(
            render("{{ rows | table }}", r#"[["a", 1], ["bb", 22]]"#).unwrap(),
            "```\na   1\nbb  22\n```"
        );
        assert_eq!(render("{{ rows | table }}", "[]").unwrap(), "");
        assert_eq!(
            render("{{ rows | table }}", "[1]").unwrap_err(),
            "table takes a list of maps or of lists"
        );
    }
}
