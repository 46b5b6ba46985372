//! The schemas that editors read: as strict as `validate`, but for the rules.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what helps tests fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use chatops_crds::manifest::json_schema;
use jsonschema::Validator;
use serde::Deserialize;
use serde_json::{Value, json};

/// What stands before the path of its schema in a file.
const LINE: &str = "# yaml-language-server: $schema=";

fn manifests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../manifests")
}

/// The samples of our kinds: path, text and object.
fn samples() -> Vec<(PathBuf, String, Value)> {
    let mut samples = Vec::new();
    let files = fs::read_dir(manifests().join("samples")).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let text = fs::read_to_string(&path).unwrap();
        for document in serde_yaml::Deserializer::from_str(&text) {
            let object = Value::deserialize(document).unwrap();
            if object["apiVersion"].as_str().is_some_and(|version| version.starts_with("chatops.dev/")) {
                samples.push((path.clone(), text.clone(), object));
            }
        }
    }
    assert_eq!(samples.len(), 3);
    samples
}

fn sample(kind: &str) -> Value {
    samples().into_iter().map(|(_, _, object)| object).find(|object| object["kind"] == kind).unwrap()
}

fn errors(object: &Value) -> Vec<String> {
    let schema = json_schema(object["kind"].as_str().unwrap()).unwrap();
    let validator: Validator = jsonschema::draft7::new(&schema).unwrap();
    validator.iter_errors(object).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[track_caller]
fn refused(kind: &str, change: impl FnOnce(&mut Value), expected: &str) {
    let mut object = sample(kind);
    change(&mut object);
    assert_eq!(errors(&object), [expected]);
}

#[test]
fn the_schemas_in_the_repository_are_those_of_the_kinds() {
    for kind in ["ChatBot", "BotPlugin"] {
        let path = manifests().join(format!("schemas/{}.json", kind.to_lowercase()));
        let kept: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert!(kept == json_schema(kind).unwrap(), "run `make crds`");
    }
    assert_eq!(json_schema("Pod"), None);
}

#[test]
fn every_sample_names_the_schema_of_its_kind_and_follows_it() {
    for (path, text, object) in samples() {
        let named = text.lines().next().unwrap().strip_prefix(LINE).unwrap_or_else(|| panic!("{path:?}"));
        let schema = fs::read_to_string(path.with_file_name(named)).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(schema["title"], object["kind"], "{path:?}");
        assert_eq!(errors(&object), [] as [&str; 0], "{path:?}");
    }
}

#[test]
fn a_typo_in_a_field_is_an_error_at_every_depth() {
    refused(
        "ChatBot",
        |bot| bot["spec"]["replica"] = json!(1),
        "/spec: Additional properties are not allowed ('replica' was unexpected)",
    );
    refused(
        "ChatBot",
        |bot| bot["metadata"]["label"] = json!({}),
        "/metadata: Additional properties are not allowed ('label' was unexpected)",
    );
    refused(
        "BotPlugin",
        |plugin| plugin["spec"]["commands"][0]["replay"] = json!("x"),
        "/spec/commands/0: Additional properties are not allowed ('replay' was unexpected)",
    );
    refused(
        "ChatBot",
        |bot| bot["spec"]["storage"] = json!({"memory": {"size": 1}}),
        "/spec/storage/memory: False schema does not allow 1",
    );
}

#[test]
fn another_kind_version_or_type_of_a_value_is_an_error() {
    refused(
        "ChatBot",
        |bot| bot["apiVersion"] = json!("chatops.dev/v1"),
        "/apiVersion: \"chatops.dev/v1alpha1\" was expected",
    );
    refused(
        "ChatBot",
        |bot| bot["spec"]["suspend"] = json!("yes"),
        "/spec/suspend: \"yes\" is not of type \"boolean\"",
    );
    refused(
        "ChatBot",
        |bot| bot["spec"]["slack"] = json!({}),
        "/spec/slack: \"tokensSecretRef\" is a required property",
    );
    let nameservers = ["9.9.9.9", "9.9.9.9"];
    refused(
        "ChatBot",
        |bot| bot["spec"]["dns"] = json!({"nameservers": nameservers}),
        "/spec/dns/nameservers: [\"9.9.9.9\",\"9.9.9.9\"] has non-unique elements",
    );
}

#[test]
fn what_the_api_server_takes_is_no_error() {
    let mut bot = sample("ChatBot");
    bot["metadata"]["labels"] = json!({"team": "ops"});
    bot["spec"]["image"] = Value::Null;
    bot["spec"]["pod"] = json!({"resources": {"limits": {"cpu": 1, "memory": "64Mi"}}});
    bot["status"] = json!({"replicas": 1});
    assert_eq!(errors(&bot), [] as [&str; 0]);
}

#[test]
fn every_field_of_a_spec_is_described() {
    fn check(schema: &Value, path: &str) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            assert!(field["description"].is_string(), "{path} has no description");
            check(field, &path);
            check(&field["items"], &path);
        }
    }
    for kind in ["ChatBot", "BotPlugin"] {
        check(&json_schema(kind).unwrap()["properties"]["spec"], "spec");
    }
}
