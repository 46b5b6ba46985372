//! From the documents of a file to objects of our kinds, each checked by itself: the schema, then the CEL rules in
//! their own words.

use std::{error::Error, ops::Range};

use chatops_crds::{GROUP, manifest};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    Diagnostic, Manifests, Object, Verdict, api_version, document, document::Node, files::SourceFile, schema,
};

/// Reads `file` into `manifests`. Objects of other kinds are none of ours.
pub(super) fn read(file: &SourceFile, manifests: &mut Manifests) {
    match document::parse(&file.text) {
        Ok(documents) => {
            documents.into_iter().flat_map(list_items).for_each(|node| take(file, node, manifests))
        }
        Err(error) => refuse(file, error.span, error.message, manifests),
    }
}

/// The objects of a `List`, or the object itself.
fn list_items(node: Node) -> Vec<Node> {
    let is_list = node.text(&["kind"]) == Some("List") && node.text(&["apiVersion"]) == Some("v1");
    match node.field("items").map(|field| &field.value.content) {
        Some(document::Content::List(items)) if is_list => items.clone(),
        _ => vec![node],
    }
}

fn take(file: &SourceFile, node: Node, manifests: &mut Manifests) {
    let (group_version, kind) = (node.text(&["apiVersion"]), node.text(&["kind"]));
    let is_ours = group_version.is_some_and(|gv| gv == GROUP || gv.starts_with(&format!("{GROUP}/")));
    if !is_ours {
        return;
    }
    if group_version != Some(&api_version()) {
        let words =
            format!("apiVersion: there is no {}, only {}", group_version.unwrap_or_default(), api_version());
        return refuse(file, node.locate("apiVersion"), words, manifests);
    }
    let Some((kind, schema)) = kind.and_then(|kind| Some((kind.to_owned(), manifest::schema(kind)?))) else {
        let words = format!("kind: must be ChatBot or BotPlugin for {}", api_version());
        return refuse(file, node.locate("kind"), words, manifests);
    };
    for (span, message) in problems(&schema, &node) {
        refuse(file, span, message, manifests);
    }
    match kind.as_str() {
        "ChatBot" => manifests.bots.extend(object(file, node)),
        _ => manifests.plugins.extend(object(file, node)),
    }
}

/// What the API server would say, with its place.
fn problems(schema: &Value, node: &Node) -> Vec<(Range<usize>, String)> {
    let schema = manifest::complete(schema.clone());
    let mut problems: Vec<_> = schema::check(&schema, node)
        .into_iter()
        .map(|violation| (violation.span, violation.message))
        .collect();
    let broken_rules = manifest::rule_violations(&schema, &node.to_json());
    // A rule that cannot be evaluated stands where the schema is violated, which is told already.
    let is_told = !problems.is_empty();
    for rule in broken_rules.iter().filter(|rule| rule.source().is_none() || !is_told) {
        let message = match rule.field_path.as_str() {
            "" => rule.message.clone(),
            path => format!("{path}: {}", rule.message),
        };
        problems.push((node.locate(&rule.field_path), message));
    }
    problems.sort_by_key(|(span, _)| span.start);
    problems
}

/// The object, if its problems leave one.
fn object<K: DeserializeOwned>(file: &SourceFile, node: Node) -> Option<Object<K>> {
    let object = serde_json::from_value(node.to_json()).ok()?;
    Some(Object {
        object,
        name: node.text(&["metadata", "name"])?.to_owned(),
        namespace: node.text(&["metadata", "namespace"]).map(str::to_owned),
        file: file.clone(),
        node,
    })
}

fn refuse(file: &SourceFile, span: Range<usize>, message: String, manifests: &mut Manifests) {
    manifests.diagnostics.push(Diagnostic { verdict: Verdict::Refused, message, file: file.clone(), span });
}
