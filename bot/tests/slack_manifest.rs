//! `chatops-bot slack-manifest` as people type it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{
    fs,
    process::{Command, Output},
};

/// The repository, where people type the command.
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn slack_manifest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
        .arg("slack-manifest")
        .args(arguments)
        .current_dir(REPOSITORY)
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

/// What it prints.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = slack_manifest(arguments);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// What it says against `yaml`.
#[track_caller]
fn refused(yaml: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bots.yaml"), yaml).unwrap();
    let path = folder.path().to_str().unwrap();
    let output = slack_manifest(&[&["-f", path], arguments].concat());
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8(output.stderr).unwrap()
}

fn bot(name: &str) -> String {
    format!(
        "---\napiVersion: chatops.dev/v1alpha1\nkind: ChatBot\nmetadata: {{name: {name}}}\nspec: {{slack: \
         {{tokensSecretRef: {{name: none}}}}}}\n"
    )
}

#[test]
fn the_manifest_in_the_repository_is_that_of_the_sample() {
    let kept = fs::read_to_string(format!("{REPOSITORY}/manifests/slack-app.yaml")).unwrap();
    assert_eq!(printed(&["-f", "manifests/samples"]), kept, "run `make slack-app`");
}

#[test]
fn every_event_has_its_scope_and_the_bot_can_write() {
    let manifest: serde_json::Value = serde_yaml::from_str(&printed(&["-f", "manifests/samples"])).unwrap();
    let texts = |value: &serde_json::Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    let scopes = [
        "chat:write",
        "app_mentions:read",
        "channels:history",
        "groups:history",
        "im:history",
        "mpim:history",
        "reactions:write",
    ];
    let events = [
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
        "message.mpim",
        "app_home_opened",
    ];
    assert_eq!(texts(&manifest["oauth_config"]["scopes"]["bot"]), scopes);
    assert_eq!(texts(&manifest["settings"]["event_subscriptions"]["bot_events"]), events);
    assert_eq!(manifest["features"]["app_home"]["home_tab_enabled"], true);
    assert_eq!(manifest["settings"]["socket_mode_enabled"], true);
    assert_eq!(manifest["settings"]["interactivity"]["is_enabled"], true);
}

#[test]
fn one_of_several_bots_has_to_be_named() {
    let two = bot("ops") + &bot("dev");
    let said = refused(&two, &[]);
    assert!(
        said.ends_with(
            "error: there are several ChatBots in these files: choose one with --bot ops or --bot dev\n"
        ),
        "{said}"
    );
    let said = refused(&two, &["--bot", "web"]);
    assert!(
        said.ends_with("error: there is no ChatBot \"web\" in these files; there are ops, dev\n"),
        "{said}"
    );

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bots.yaml"), two).unwrap();
    let of_dev = printed(&["-f", folder.path().to_str().unwrap(), "--bot", "dev"]);
    let manifest: serde_json::Value = serde_yaml::from_str(&of_dev).unwrap();
    assert_eq!(manifest["display_information"]["name"], "dev");
    assert_eq!(manifest["features"]["bot_user"]["display_name"], "dev");
}

#[test]
fn a_file_without_a_bot_and_one_that_is_not_there_are_told() {
    let plugin = slack_manifest(&["-f", "manifests/samples/hello.yaml"]);
    assert!(!plugin.status.success());
    assert_eq!(String::from_utf8_lossy(&plugin.stderr), "error: there is no ChatBot in these files\n");
    let missing = slack_manifest(&["-f", "no-such.yaml"]);
    assert!(!missing.status.success());
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(said.starts_with("error: ") && said.contains("no-such.yaml"), "{said}");
}

#[test]
fn what_the_api_server_would_refuse_is_shown_with_its_place() {
    let said = refused(&bot("ops").replace("tokensSecretRef", "tokenSecretRef"), &[]);
    assert!(
        said.contains("spec.slack.tokenSecretRef: unknown field, did you mean tokensSecretRef?"),
        "{said}"
    );
    assert!(said.contains("bots.yaml:5:"), "{said}");
    assert!(said.ends_with("error: the API server would refuse this YAML\n"), "{said}");
}
