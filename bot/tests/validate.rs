//! `chatops-bot validate`: what is wrong, where, in which words.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{fs, process::Command};

/// What it prints about `yaml`, and whether it accepts it.
fn validate(yaml: &str) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.yaml"), yaml).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
        .args(["validate", "-f", "a.yaml"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

const BOT: &str = "\
apiVersion: chatops.dev/v1alpha1
kind: ChatBot
metadata: {name: ops}
spec:
  slack: {tokensSecretRef: {name: ops-slack}}
";

const PLUGIN: &str = "\
apiVersion: chatops.dev/v1alpha1
kind: BotPlugin
metadata: {name: demo}
spec:
  commands:
";

/// The one problem of `yaml`: its words, and the text that the caret points at, with line and column.
#[track_caller]
fn has_one_problem(yaml: &str, words: &str, place: &str) {
    let (said, accepted) = validate(yaml);
    assert!(!accepted, "{yaml} is accepted");
    assert!(said.ends_with("There is 1 problem.\n"), "{said}");
    assert_eq!(said.lines().next(), Some(format!("error: {words}").as_str()), "{said}");
    assert_eq!(said.lines().nth(1).map(str::trim), Some(format!("--> a.yaml:{place}").as_str()), "{said}");
}

#[test]
fn a_problem_is_shown_with_file_line_and_caret() {
    let (said, _) = validate(&format!("{BOT}  commands:\n    prefix: /ops\n"));
    insta::assert_snapshot!(said, @r"
    error: spec.commands.prefix: prefix must not contain spaces or Slack's mark-up (< > & ` * _ ~), nor start with /, @ or #, which Slack takes for itself
     --> a.yaml:7:13
      |
    7 |     prefix: /ops
      |             ^^^^

    There is 1 problem.
    ");
}

#[test]
fn an_emoji_that_runs_nothing_is_told_where_its_bot_is_known() {
    let plugin = "apiVersion: chatops.dev/v1alpha1\nkind: BotPlugin\nmetadata: {name: own}\n\
                  spec: {reactions: [{emoji: eyes, command: ping}, {emoji: tada, command: pingg}]}\n";
    let words = "BotPlugin \"own\": reaction \"tada\": there is no command \"pingg\"";
    has_one_problem(&format!("{plugin}---\n{BOT}"), words, "4:73");
    assert!(validate(plugin).1, "the command may be another plugin's");
}

#[test]
fn what_a_schema_refuses_is_told_with_its_place() {
    for (more, words, place) in [
        (
            "suspend: \"yes\"",
            "spec.suspend: must be true or false (a boolean), is the string \"yes\"",
            "6:12",
        ),
        ("replica: 1", "spec.replica: unknown field, did you mean replicas?", "6:3"),
        ("replicas: one", "spec.replicas: must be a whole number, is the string \"one\"", "6:13"),
        ("commands: [a]", "spec.commands: must be a map of fields (an object), is a list", "6:3"),
        (
            "commands: {prefix: \"!!!!!!!!!!!\"}",
            "spec.commands.prefix: too long: may have at most 10 characters, has 11",
            "6:22",
        ),
        ("image: \"\"", "spec.image: must not be empty", "6:10"),
        (
            "storage: {redis: {topology: Cluster, addresses: []}}",
            "spec.storage.redis.addresses: must have at least 1 item",
            "6:40",
        ),
        ("storage: {redis: {}}", "spec.storage.redis.addresses: required, but missing", "6:13"),
        (
            "storage: {redis: {addresses: [r], database: -1}}",
            "spec.storage.redis.database: must be at least 0, is -1",
            "6:47",
        ),
        (
            "storage: {redis: {addresses: [r], topology: Ring}}",
            "spec.storage.redis.topology: unsupported value \"Ring\", must be \"Standalone\" or \"Sentinel\" or \"Cluster\"",
            "6:47",
        ),
        (
            "dns: {nameservers: [9.9.9.9, 9.9.9.9]}",
            "spec.dns.nameservers[1]: duplicate value \"9.9.9.9\"",
            "6:32",
        ),
        ("dns: {options: [{name: a}, {name: a}]}", "spec.dns.options[1]: duplicate name \"a\"", "6:37"),
        ("suspend: true\n  suspend: false", "spec.suspend: duplicate field", "7:3"),
    ] {
        has_one_problem(&format!("{BOT}  {more}\n"), words, place);
    }
}

#[test]
fn what_a_rule_refuses_is_told_in_the_words_of_the_rule() {
    for (command, words, place) in [
        (
            "{name: Add It, reply: ok}",
            "spec.commands[0].name: must be one to four words of lower case letters, digits and '-', with single spaces between, e.g. \"democmd add\"",
            "6:12",
        ),
        ("{name: a}", "spec.commands[0]: a command needs a reply, an action (store), or both", "6:5"),
        (
            "{name: a, store: {list: {}, get: {key: k}}}",
            "spec.commands[0].store: set exactly one of set, get, delete, list",
            "6:15",
        ),
        (
            "{name: a, reply: ok, args: [{name: first}, {name: second, required: true}]}",
            "spec.commands[0].args: a required argument must not follow an optional one",
            "6:26",
        ),
        (
            "{name: a, reply: ok, args: [{name: dry-run}]}",
            "spec.commands[0].args[0].name: must start with a lower case letter and contain only lower case letters, digits and '_': templates use it as args.name",
            "6:40",
        ),
    ] {
        has_one_problem(&format!("{PLUGIN}  - {command}\n"), words, place);
    }
    has_one_problem(
        &BOT.replace("name: ops}", "name: Ops}"),
        "metadata.name: must be a name of lower case letters, digits, '-' and '.' that starts and ends with a letter or a digit, e.g. \"ops\"",
        "3:18",
    );
    has_one_problem(
        &BOT.replace("name: ops}", "name: ops.v2}"),
        "metadata.name must be at most 52 characters and must not contain '.': the names of the bot's objects are made from it",
        "1:1",
    );
}

#[test]
fn metadata_is_checked_as_for_every_object() {
    has_one_problem(
        &BOT.replace("name: ops}", "name: ops, labels: {a: true}}"),
        "metadata.labels.a: must be a string, is true: put it in quotes",
        "3:35",
    );
    has_one_problem(
        &BOT.replace("{name: ops}", "{nmae: ops, name: ops}"),
        "metadata.nmae: unknown field, did you mean name?",
        "3:12",
    );
    has_one_problem(
        &BOT.replace("name: ops}", "labels: {a: b}}"),
        "metadata.name: required, but missing",
        "3:1",
    );
}

/// kubectl reads YAML 1.1, in which `n` means false.
#[test]
fn a_letter_that_yaml_takes_for_a_boolean_is_told() {
    has_one_problem(
        &format!("{PLUGIN}  - {{name: a, reply: ok, args: [{{name: namespace, short: n}}]}}\n"),
        "spec.commands[0].args[0].short: must be a string, is false: put it in quotes",
        "6:58",
    );
}

#[test]
fn a_template_that_does_not_parse_is_told_with_its_line() {
    let error = "syntax error: unexpected end of input, expected identifier or integer";
    has_one_problem(
        &format!("{PLUGIN}  - name: a\n    reply: \"Hello {{{{ user.\"\n"),
        &format!("BotPlugin \"demo\": command \"a\": reply is no valid template, line 1: {error}"),
        "7:12",
    );
    has_one_problem(
        &format!("{PLUGIN}  - name: a\n    reply: |\n      Hello\n      {{{{ user.\n"),
        &format!("BotPlugin \"demo\": command \"a\": reply is no valid template, line 2: {error}"),
        "9:7",
    );
    has_one_problem(
        &format!("{PLUGIN}  - {{name: a, reply: ok, store: {{get: {{key: \"{{{{ x\"}}}}}}\n"),
        "BotPlugin \"demo\": command \"a\": store.get.key is no valid template, line 1: syntax error: unexpected end of input, expected end of variable block",
        "6:45",
    );
}

#[test]
fn what_is_wrong_between_objects_is_told_in_the_words_of_the_operator() {
    let two = format!("{PLUGIN}  - {{name: a, reply: x}}\n---\n{PLUGIN}  - {{name: a, reply: z}}\n");
    has_one_problem(
        &two.replacen("name: demo", "name: early", 1),
        "BotPlugin \"early\": command \"a\" belongs to BotPlugin \"demo\", which is older: rename one of the two, or select only one of the plugins",
        "6:12",
    );
    has_one_problem(
        &format!("{PLUGIN}  - {{name: help, reply: x}}\n"),
        "BotPlugin \"demo\": command \"help\" is built into the bot: choose another name",
        "6:12",
    );
    has_one_problem(
        &format!("{BOT}  plugins: {{required: [absent]}}\n"),
        "ChatBot \"ops\": spec.plugins.required names BotPlugin \"absent\", which does not exist in this namespace: create it, or take its name from the list",
        "6:24",
    );
    has_one_problem(&format!("{BOT}---\n{BOT}"), "ChatBot \"ops\" stands in a.yaml already", "9:18");
}

#[test]
fn text_that_is_no_yaml_is_told_with_its_place() {
    let (said, accepted) = validate("a: b\n c: [\n");
    assert!(!accepted && said.contains("--> a.yaml:2:3"), "{said}");
}

#[test]
fn an_unknown_kind_or_version_of_our_group_is_told_and_other_kinds_are_left_alone() {
    has_one_problem(
        "apiVersion: chatops.dev/v1\nkind: ChatBot\n",
        "apiVersion: there is no chatops.dev/v1, only chatops.dev/v1alpha1",
        "1:13",
    );
    has_one_problem(
        "apiVersion: chatops.dev/v1alpha1\nkind: Chatbot\n",
        "kind: must be ChatBot or BotPlugin for chatops.dev/v1alpha1",
        "2:7",
    );
    let (said, accepted) = validate(&format!("apiVersion: v1\nkind: Secret\nwhatever: [1]\n---\n{BOT}"));
    assert_eq!((said.as_str(), accepted), ("The object is valid.\n", true));
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_lines() {
    let (said, _) = validate(&format!("{BOT}  suspend: 1\n  image: 2\n---\n{PLUGIN}  - {{name: a}}\n"));
    let places: Vec<_> = said.lines().filter_map(|line| line.trim().strip_prefix("--> a.yaml:")).collect();
    assert_eq!(places, ["6:12", "7:10", "14:5"], "{said}");
    assert!(said.ends_with("There are 3 problems.\n"), "{said}");
}

#[test]
fn the_samples_are_valid() {
    let samples = format!("{}/../manifests/samples", env!("CARGO_MANIFEST_DIR"));
    let output =
        Command::new(env!("CARGO_BIN_EXE_chatops-bot")).args(["validate", "-f", &samples]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "All 3 objects are valid.\n");
    assert!(output.status.success());
}
