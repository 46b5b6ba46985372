//! Asks for what a command lacks, one value after the other.

use std::io::{self, Write};

use super::{
    lines::{Asked, Lines},
    references,
};
use crate::chat::form::{Field, Form, Forms, Takes, Wrong};

/// The line that says what `lacking` says and what the person answers; none where the person leaves a question open.
pub(super) async fn complete(lines: &mut Lines, forms: &dyn Forms, lacking: &str) -> Option<String> {
    let mut form = forms.form(lacking, &references(lacking))?;
    for field in &mut form.fields {
        field.values.iter_mut().for_each(|value| *value = named(&field.takes, value));
    }
    let is_open = |field: &&Field| field.is_required && field.values.is_empty();
    let mut open: Vec<_> = form.fields.iter().filter(is_open).map(|field| field.name.clone()).collect();
    while form.fields.iter().any(|field| open.contains(&field.name)) {
        for field in form.fields.iter_mut().filter(|field| open.contains(&field.name)) {
            let Some(values) = values(lines, field).await else {
                say("It does not run.");
                return None;
            };
            field.values = values;
        }
        match said(forms, &form) {
            Ok(line) => return Some(line),
            Err(wrong) => {
                wrong.iter().for_each(|(_, text)| say(text));
                open = wrong.into_iter().map(|(name, _)| name).collect();
            }
        }
    }
    None
}

fn said(forms: &dyn Forms, form: &Form) -> Result<String, Wrong> {
    let filled: Vec<_> = form.fields.iter().map(|field| (field.name.clone(), field.values.clone())).collect();
    let texts: Vec<_> = form.fields.iter().flat_map(|field| &field.values).map(String::as_str).collect();
    forms.line(&form.command, &filled, &references(&texts.join(" ")))
}

/// What is answered for `field`; none where that is nothing.
async fn values(lines: &mut Lines, field: &Field) -> Option<Vec<String>> {
    let choices = match &field.takes {
        Takes::OneOf(values) => values.clone(),
        _ => Vec::new(),
    };
    let mut values = Vec::new();
    loop {
        let asked = Asked::Value { question: question(field), choices: choices.clone() };
        let value = lines.next(asked).await.filter(|value| !value.trim().is_empty());
        let is_last = value.is_none() || !field.takes_many;
        values.extend(value);
        if is_last {
            return Some(values).filter(|values| !values.is_empty());
        }
    }
}

fn question(field: &Field) -> String {
    let choices = match &field.takes {
        Takes::OneOf(values) => values.join(", "),
        _ => String::new(),
    };
    let end = if field.takes_many { "an empty line ends" } else { "" };
    let hint = field.hint.trim_end_matches('.');
    let known: Vec<_> = [hint, &choices, end].into_iter().filter(|part| !part.is_empty()).collect();
    match known.as_slice() {
        [] => format!("{}: ", field.name),
        known => format!("{} ({}): ", field.name, known.join("; ")),
    }
}

/// An id as it is typed here.
fn named(takes: &Takes, id: &str) -> String {
    match takes {
        Takes::User => format!("@{id}"),
        Takes::Channel => format!("#{id}"),
        _ => id.to_owned(),
    }
}

fn say(text: &str) {
    // Nobody to tell is no reason to stop.
    let _ = writeln!(io::stdout(), "{text}");
}
