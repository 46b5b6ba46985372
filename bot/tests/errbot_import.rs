//! `chatops-bot storage import --from errbot`, from a real Redis that holds what Errbot's plugins stored.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "support/redis_server.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod redis_server;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use redis::Commands;
use redis_server::RedisServer;
use serde_json::Value;

/// Errbot's Redis and the bot's, and a folder with the YAML of the bot.
struct Move {
    errbot: RedisServer,
    ours: RedisServer,
    folder: tempfile::TempDir,
}

impl Move {
    fn new(arguments: &str) -> Move {
        let (errbot, ours) = (RedisServer::start(arguments), RedisServer::start(""));
        let folder = tempfile::tempdir().unwrap();
        let yaml = format!(
            "apiVersion: chatops.dev/v1alpha1\nkind: ChatBot\nmetadata: {{name: ops}}\nspec:\n  slack: \
             {{tokensSecretRef: {{name: none}}}}\n  storage: {{redis: {{addresses: [\"{}\"]}}}}\n",
            ours.address()
        );
        fs::write(folder.path().join("ops.yaml"), yaml).unwrap();
        Move { errbot, ours, folder }
    }

    fn store(&self, values: &[(&str, &str)]) {
        let mut connection = connect(&self.errbot);
        for (key, text) in values {
            let () = connection.set(*key, *text).unwrap();
        }
    }

    fn import(&self, arguments: &str) -> (String, String, bool) {
        self.import_with(arguments, &[])
    }

    fn import_with(&self, arguments: &str, environment: &[(&str, &str)]) -> (String, String, bool) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
            .args(["storage", "import", "-f", "ops.yaml", "-n", "prod", "--from", "errbot", "--redis"])
            .arg(self.errbot.address())
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap(), status.success())
    }

    /// The JSON text under a key of a plugin.
    fn value(&self, plugin: &str, key: &str) -> Option<String> {
        connect(&self.ours).get(format!("chatops:{{prod/ops}}:{plugin}:{key}")).unwrap()
    }
}

fn connect(server: &RedisServer) -> redis::Connection {
    redis::Client::open(format!("redis://{}", server.address())).unwrap().get_connection().unwrap()
}

#[test]
fn what_plugins_stored_comes_over_under_the_names_of_botplugins() {
    let a = Move::new("");
    a.store(&[
        ("errbot:Demo Plugin:a:b", r#"{"py/tuple": [1, "x"]}"#),
        ("errbot:ChatRoom:k", "null"),
        ("errbot:Old:k", "1"),
        ("errbot:core:configs", r#"{"Demo": {"TOKEN": "secret"}}"#),
        ("foreign:key", "1"),
    ]);
    let (out, error, success) = a.import("--map Old=new");
    assert!(success, "{out}{error}");
    assert_eq!(a.value("demo-plugin", "a:b").as_deref(), Some(r#"[1,"x"]"#));
    assert_eq!(a.value("chat-room", "k").as_deref(), Some("null"));
    assert_eq!(a.value("new", "k").as_deref(), Some("1"));
    assert_eq!(a.value("core", "configs"), None);
    assert!(out.contains("  core \"configs\": not a value of a plugin\n"), "{out}");
    assert!(out.contains("3 values were written, 0 there already.\nRead back: 3 values, sha256 "), "{out}");
    assert!(!format!("{out}{error}").contains("secret"), "{out}{error}");

    let (out, _, success) = a.import("--map Old=new");
    assert!(success && out.contains("0 values were written, 3 there already."), "{out}");
    let keys: u64 = redis::cmd("DBSIZE").query(&mut connect(&a.errbot)).unwrap();
    assert_eq!(keys, 5, "Errbot's Redis is only read");
}

#[test]
fn what_cannot_be_carried_over_stops_the_import_unless_the_others_are_wanted() {
    let a = Move::new("");
    a.store(&[
        (
            "errbot:demo:bad",
            r#"{"t": [{"py/reduce": [{"py/function": "posix.system"}, {"py/tuple": ["touch ran"]}]}]}"#,
        ),
        ("errbot:demo:good", r#"{"py/object": "demo.Task", "title": "t"}"#),
        ("errbot:日本:k", "1"),
    ]);
    let _: () = connect(&a.errbot).rpush("errbot:demo:list", "x").unwrap();
    let (out, error, success) = a.import("");
    assert!(!success);
    assert_eq!(
        error,
        "error: 3 values cannot be carried over, so nothing was written: add --partial to carry over the others\n"
    );
    for line in [
        "Approximated (1):\n  demo \"good\": demo.Task, as an object of its fields\n",
        "Cannot be carried over (3):\n",
        "  demo \"bad\": t[0]: only calling posix.system would restore it, and nothing is ever called\n",
        "  demo \"list\": it is a Redis list, and Errbot stores strings only\n",
        "  日本 \"k\": no name of a BotPlugin can be made of that of the plugin: give one with --map\n",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert_eq!(a.value("demo", "good"), None);

    let (out, error, success) = a.import("--partial");
    assert!(!success, "what was not carried over is also the exit code");
    assert_eq!(error, "error: 3 values were not carried over\n", "{out}");
    assert_eq!(a.value("demo", "good").as_deref(), Some(r#"{"title":"t"}"#));
    assert!(!Path::new("ran").exists() && !a.folder.path().join("ran").exists(), "a value was run");
}

#[test]
fn two_plugins_that_would_share_data_must_be_told_apart() {
    let a = Move::new("");
    a.store(&[("errbot:Demo:k", "1"), ("errbot:demo:k", "2")]);
    let (_, error, success) = a.import("");
    let expected = "error: the data of Demo, demo would all go to BotPlugin \"demo\": give all but one another name with --map\n";
    assert!(!success);
    assert_eq!(error, expected);
    assert!(a.import("--map Demo=demo2").2);
    assert_eq!((a.value("demo", "k").as_deref(), a.value("demo2", "k").as_deref()), (Some("2"), Some("1")));
}

#[test]
fn values_that_are_there_stay_and_a_dry_run_writes_nothing() {
    let a = Move::new("");
    a.store(&[("errbot:demo:a", "1"), ("errbot:demo:b", "2")]);
    let (out, _, success) = a.import("--dry-run");
    assert!(success && out.contains("Dry run: 2 values would be written"), "{out}");
    assert_eq!(a.value("demo", "a"), None);
    a.store(&[("errbot:demo:a", "3")]);
    assert!(a.import("").2);
    a.store(&[("errbot:demo:a", "4")]);
    let (out, error, success) = a.import("");
    assert!(!success && out.contains("  demo \"a\": another value is there\n"), "{out}");
    assert_eq!(error, "error: 1 value was not carried over\n");
    assert_eq!(a.value("demo", "a").as_deref(), Some("3"));
    assert!(a.import("--overwrite").2);
    assert_eq!(a.value("demo", "a").as_deref(), Some("4"));
}

#[test]
fn credentials_and_database_of_errbot_are_its_own() {
    let a = Move::new("--requirepass pass");
    let client = redis::Client::open(format!("redis://:pass@{}/3", a.errbot.address())).unwrap();
    let () = client.get_connection().unwrap().set("errbot:demo:a", "1").unwrap();
    let (_, error, success) = a.import("--database 3");
    assert!(!success && error.contains("cannot connect to Errbot's Redis"), "{error}");
    let (out, error, success) = a.import_with("--database 3", &[("ERRBOT_REDIS_PASSWORD", "pass")]);
    assert!(success && out.contains("1 value was written"), "{out}{error}");
    let (_, error, success) = a.import_with("--database 3", &[("ERRBOT_REDIS_PASSWORD", "wrong")]);
    assert!(!success && !error.contains("wrong "), "{error}");
}

#[test]
fn thousands_of_values_come_over_beside_thousands_of_others() {
    let a = Move::new("");
    let mut pipeline = redis::pipe();
    for index in 0..3_000 {
        pipeline.set(format!("errbot:demo:{index}"), index).ignore();
        pipeline.set(format!("others:{index}"), index).ignore();
    }
    let () = pipeline.query(&mut connect(&a.errbot)).unwrap();
    let (out, error, success) = a.import("");
    assert!(success && out.contains("3000 values were written, 0 there already."), "{out}{error}");
    assert!(out.contains("Read back: 3000 values"), "{out}");
    assert_eq!(error, "", "no bar without a terminal");
    let value: Value = serde_json::from_str(&a.value("demo", "2999").unwrap()).unwrap();
    assert_eq!(value, 2999);
}
