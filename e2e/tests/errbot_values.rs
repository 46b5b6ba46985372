//! The values that the importer for Errbot is tested with are those of the real jsonpickle, and the shipped program
//! carries them over from a Redis that a Python program filled. `scripts/sdks.sh` installs jsonpickle.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

#[path = "../../bot/tests/support/redis_server.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod redis_server;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, ensure};
use chatops_e2e::installed;
use redis_server::RedisServer;
use serde_json::{Value, json};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../bot/tests/errbot/values.py")
}

/// Runs `values.py` with the pinned jsonpickle, and returns what it prints.
fn python(arguments: &[&str]) -> anyhow::Result<String> {
    let program = installed::sdks()?.join("python/bin/python");
    let output =
        Command::new(program).arg(script()).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn the_committed_values_are_those_of_the_real_jsonpickle() -> anyhow::Result<()> {
    let committed = fs::read_to_string(script().with_extension("json"))?;
    let (mut now, mut then): (Value, Value) =
        (serde_json::from_str(&python(&["fixture"])?)?, serde_json::from_str(&committed)?);
    // Another Python may write some of its own types in another way; what jsonpickle makes of them it decides itself.
    let python = (now["python"].take(), then["python"].take());
    ensure!(
        now == then,
        "values.json differs (Python {} and {}): python values.py fixture > values.json",
        python.0,
        python.1
    );
    Ok(())
}

#[test]
fn the_shipped_program_carries_over_what_python_stored_and_runs_nothing() -> anyhow::Result<()> {
    let (errbot, ours) = (RedisServer::start(""), RedisServer::start(""));
    python(&["fill", "127.0.0.1", &errbot.port.to_string()])?;
    let folder = tempfile::tempdir()?;
    let bot = json!({
        "apiVersion": "chatops.dev/v1alpha1",
        "kind": "ChatBot",
        "metadata": {"name": "ops"},
        "spec": {
            "slack": {"tokensSecretRef": {"name": "none"}},
            "storage": {"redis": {"addresses": [ours.address()]}},
        },
    });
    fs::write(folder.path().join("ops.yaml"), serde_yaml::to_string(&bot)?)?;
    let storage = |arguments: &str| -> anyhow::Result<(String, Output)> {
        let output = Command::new(installed::program("chatops-bot")?)
            .arg("storage")
            .args(arguments.split_whitespace())
            .current_dir(folder.path())
            .output()?;
        Ok((String::from_utf8_lossy(&output.stdout).into_owned(), output))
    };
    let import = format!("import -f ops.yaml -n prod --from errbot --redis {}", errbot.address());
    let (said, refused) = storage(&import)?;
    ensure!(!refused.status.success(), "lost values stop an import: {said}");
    for (key, reason) in [
        ("runs a command", "only calling posix.system would restore it"),
        ("starts a process", "tasks[0]: only calling subprocess.Popen would restore it"),
        ("evaluates source", "only calling builtins.eval would restore it"),
        ("deep", "it is nested too deeply"),
        ("no string", "it is a Redis list"),
        ("bytes", "it is not text in UTF-8"),
    ] {
        ensure!(said.contains(&format!("{key:?}: {reason}")), "{key}: {said}");
    }
    let (said, partial) = storage(&format!("{import} --partial"))?;
    ensure!(!partial.status.success() && said.contains("Read back: "), "{said}");

    let (exported, output) = storage("export -f ops.yaml -n prod")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let values: Vec<Value> = exported.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let find =
        |plugin: &str, key: &str| values.iter().find(|line| line["plugin"] == plugin && line["key"] == key);
    let value =
        |plugin, key| find(plugin, key).map(|line| line["value"].clone()).context(format!("{plugin} {key}"));
    ensure!(value("plain", "dict")? == json!({"a": {"b": null}, "py/x": 1, "json://x": 2}));
    ensure!(value("harmless-types", "datetime with an offset")? == "2020-01-02T03:04:00-05:30");
    ensure!(
        value("by-hand", "object of a process")? == "touch errbot-value-ran",
        "data, however hostile, is data"
    );
    let ttl = find("plain", "passing").and_then(|line| line["ttl"].as_u64());
    ensure!(ttl.is_some_and(|ttl| (3_000..=3_600).contains(&ttl)), "{ttl:?}");
    ensure!(!folder.path().join("errbot-value-ran").exists(), "a value was run");
    Ok(())
}
