//! `chatops-bot storage` as people type it, with real Redis servers.

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
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use chatops_bot::storage::{self, open::Kept};
use chatops_crds::bot_config::{EmbeddedConfig, RedisConfig, STORE_FILE, StorageConfig};
use futures::{StreamExt as _, stream};
use redis_server::RedisServer;
use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

/// A folder with the YAML of a bot per Redis.
fn folder(servers: &[(&str, &RedisServer)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (bot, server) in servers {
        let yaml = format!(
            "apiVersion: chatops.dev/v1alpha1\nkind: ChatBot\nmetadata: {{name: {bot}}}\nspec:\n  slack: \
             {{tokensSecretRef: {{name: none}}}}\n  storage: {{redis: {{addresses: [\"{}\"]}}}}\n",
            server.address()
        );
        fs::write(folder.path().join(format!("{bot}.yaml")), yaml).unwrap();
    }
    folder
}

/// Starts a command, and kills it once `is_under_way`.
fn interrupted(folder: &Path, arguments: &str, mut is_under_way: impl FnMut() -> bool) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
        .arg("storage")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !is_under_way() {
        assert!(start.elapsed() < PATIENCE, "it works");
        std::thread::yield_now();
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

/// What a command prints, and whether it succeeds.
struct Said {
    out: String,
    error: String,
    success: bool,
}

fn storage(folder: &Path, arguments: &str) -> Said {
    let mut words: Vec<String> = arguments.split_whitespace().map(str::to_owned).collect();
    words.insert(0, "storage".into());
    let output: Output = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
        .args(words)
        .current_dir(folder)
        .env_remove("REDIS_USERNAME")
        .env_remove("REDIS_PASSWORD")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { success: output.status.success(), out: text(output.stdout), error: text(output.stderr) }
}

#[track_caller]
fn succeeds(folder: &Path, arguments: &str) -> Said {
    let said = storage(folder, arguments);
    assert!(said.success, "{arguments}: {}{}", said.out, said.error);
    said
}

#[track_caller]
fn fails(folder: &Path, arguments: &str) -> Said {
    let said = storage(folder, arguments);
    assert!(!said.success, "{arguments}: {}{}", said.out, said.error);
    said
}

async fn open(server: &RedisServer, prefix: &str) -> Kept {
    chatops_bot::adapter::slack::install_tls_provider();
    let config = StorageConfig::Redis(Box::new(RedisConfig::standalone(server.address(), prefix)));
    storage::open(&config).ready(PATIENCE).await.unwrap()
}

async fn fill(kept: &Kept) {
    for (plugin, key, value) in
        [("demo", "a", json!({"b": [1.5]})), ("demo", "é", json!(null)), ("other", "a", json!("x"))]
    {
        kept.storage.set(plugin, key, value, None).await.unwrap();
    }
}

async fn value(kept: &Kept, plugin: &str, key: &str) -> Option<Value> {
    kept.storage.get(plugin, key).await.unwrap()
}

#[tokio::test]
async fn values_go_into_a_file_and_from_there_into_another_redis() {
    let (one, two) = (RedisServer::start(""), RedisServer::start(""));
    let folder = folder(&[("ops", &one), ("new", &two)]);
    fill(&open(&one, "prod/ops").await).await;
    let said = succeeds(folder.path(), "export -f ops.yaml -n prod -o file");
    assert!(said.error.starts_with("Exported 3 values, sha256 "), "{}", said.error);
    let hash = said.error.trim().rsplit_once(' ').unwrap().1.to_owned();
    let file = fs::read_to_string(folder.path().join("file")).unwrap();
    let printed = succeeds(folder.path(), "export -f ops.yaml -n prod").out;
    assert_eq!(printed, file, "standard output is the same file");
    let header = r#"{"format":"chatops-storage","version":1,"bot":"ops","prefix":"prod/ops"}"#;
    assert_eq!(file.lines().next(), Some(header));

    assert!(fails(folder.path(), "export -f ops.yaml -n prod -o file").error.contains("--resume"));
    let resumed = succeeds(folder.path(), "export -f ops.yaml -n prod -o file --resume");
    assert!(resumed.error.contains("file holds 3 values already and is complete"), "{}", resumed.error);

    let dry = succeeds(folder.path(), "import -f new.yaml -n prod file --dry-run");
    assert!(dry.out.ends_with("Dry run: 3 values would be written, 0 there already.\n"), "{}", dry.out);
    let new = open(&two, "prod/new").await;
    assert_eq!(value(&new, "demo", "a").await, None);

    let said = succeeds(folder.path(), "import -f new.yaml -n prod file");
    let end = format!("3 values were written, 0 there already.\nRead back: 3 values, sha256 {hash}\n");
    assert!(said.out.ends_with(&end), "{}", said.out);
    assert_eq!(value(&new, "demo", "a").await, Some(json!({"b": [1.5]})));
    assert_eq!(value(&new, "demo", "é").await, Some(json!(null)));

    new.storage.set("other", "a", json!("mine"), None).await.unwrap();
    let said = fails(folder.path(), "import -f new.yaml -n prod file");
    assert!(said.out.contains("  other \"a\": another value is there\n"), "{}", said.out);
    assert_eq!(said.error, "error: 1 value was not carried over\n");
    assert_eq!(value(&new, "other", "a").await, Some(json!("mine")));
    let said = succeeds(folder.path(), "import -f new.yaml -n prod file --overwrite");
    assert!(
        said.out.contains("1 value was written, 1 of them in place of others, 2 there already."),
        "{}",
        said.out
    );
    assert_eq!(value(&new, "other", "a").await, Some(json!("x")));
}

#[tokio::test]
async fn killed_at_work_the_same_command_goes_on_where_it_was() {
    const MANY: usize = 20_000;
    let server = RedisServer::start("");
    let folder = folder(&[("ops", &server)]);
    let kept = open(&server, "prod/ops").await;
    let storage = &kept.storage;
    let set = |index: usize| async move {
        storage.set("many", &format!("{index:05}"), json!(index), None).await.unwrap()
    };
    stream::iter(0..MANY).map(set).buffered(64).for_each(|_| async {}).await;

    let path = folder.path().join("file");
    let is_written = || fs::metadata(&path).is_ok_and(|file| file.len() > 10_000);
    interrupted(folder.path(), "export -f ops.yaml -n prod -o file", is_written);
    succeeds(folder.path(), "export -f ops.yaml -n prod -o file --resume");
    let whole = succeeds(folder.path(), "export -f ops.yaml -n prod").out;
    assert!(fs::read_to_string(&path).unwrap() == whole, "the same file as in one go");

    let mut connection =
        redis::Client::open(format!("redis://{}", server.address())).unwrap().get_connection().unwrap();
    let mut keys = || redis::cmd("DBSIZE").query::<usize>(&mut connection).unwrap();
    let before = keys();
    interrupted(folder.path(), "import file -f ops.yaml -n new", || keys() > before + 100);
    let said = succeeds(folder.path(), "import file -f ops.yaml -n new").out;
    assert!(said.contains(&format!("Read back: {MANY} values, sha256 ")), "{said}");
    assert!(!said.contains(&format!("{MANY} values were written")), "some were there: {said}");
}

#[tokio::test]
async fn a_damaged_file_is_refused_before_anything_is_written() {
    let server = RedisServer::start("");
    let folder = folder(&[("ops", &server)]);
    let kept = open(&server, "prod/ops").await;
    fill(&kept).await;
    succeeds(folder.path(), "export -f ops.yaml -n prod -o file");
    let path = folder.path().join("file");
    let file = fs::read_to_string(&path).unwrap();
    fs::write(&path, file.replace("1.5", "2.5")).unwrap();
    let said = fails(folder.path(), "import -f ops.yaml -n other file");
    assert!(
        said.error.starts_with("error: file: its values are not those that were exported"),
        "{}",
        said.error
    );
    fs::write(&path, &file[..file.len() - 10]).unwrap();
    let said = fails(folder.path(), "import -f ops.yaml -n other file");
    assert!(said.error.contains("go on with \"export --resume\""), "{}", said.error);
    assert_eq!(open(&server, "other/ops").await.storage.plugins().await, Ok(vec![]));
}

#[tokio::test]
async fn values_are_copied_between_bots_namespaces_and_servers() {
    let (one, two) = (RedisServer::start(""), RedisServer::start(""));
    let folder = folder(&[("ops", &one), ("new", &two)]);
    fill(&open(&one, "prod/ops").await).await;
    let said = succeeds(folder.path(), "copy -f ops.yaml -n prod --to-namespace staging");
    assert!(said.out.contains("3 values were written, 0 there already."), "{}", said.out);
    assert_eq!(value(&open(&one, "staging/ops").await, "other", "a").await, Some(json!("x")));
    succeeds(folder.path(), "copy -f . --bot ops -n prod --to-bot new --to-namespace prod");
    assert_eq!(value(&open(&two, "prod/new").await, "other", "a").await, Some(json!("x")));
    let said = fails(folder.path(), "copy -f ops.yaml -n prod --to-namespace prod");
    assert_eq!(said.error, "error: source and target are the same storage\n");
    assert!(fails(folder.path(), "copy -f ops.yaml -n prod").error.contains("--to-"));
}

#[tokio::test]
async fn values_move_from_redis_to_a_file_of_the_bots_own_and_back() {
    let (one, two) = (RedisServer::start(""), RedisServer::start(""));
    let folder = folder(&[("ops", &one), ("new", &two)]);
    fill(&open(&one, "prod/ops").await).await;
    let said = succeeds(folder.path(), "copy -f ops.yaml -n prod --to-data data/ops");
    assert!(said.out.contains("to data/ops/store.redb\n3 values were written"), "{}", said.out);
    let exported = succeeds(folder.path(), "export --data data/ops").out;
    let original = succeeds(folder.path(), "export -f ops.yaml -n prod").out;
    let values = |file: &str| file.split_once('\n').unwrap().1.to_owned();
    assert_eq!(values(&exported), values(&original), "all but the header");
    fs::write(folder.path().join("file"), exported).unwrap();
    succeeds(folder.path(), "import file --data data/again");
    succeeds(folder.path(), "copy --data data/again --to-filename new.yaml --to-namespace prod");
    assert_eq!(value(&open(&two, "prod/new").await, "demo", "a").await, Some(json!({"b": [1.5]})));
    succeeds(folder.path(), "purge --data data/again --yes");
    assert_eq!(
        succeeds(folder.path(), "export --data data/again").out.lines().count(),
        2,
        "header and trailer"
    );
}

#[tokio::test]
async fn the_file_of_a_running_bot_is_left_alone_and_how_to_suspend_the_bot_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(STORE_FILE).to_str().unwrap().to_owned();
    let running =
        storage::open(&StorageConfig::Embedded(EmbeddedConfig { path })).ready(PATIENCE).await.unwrap();
    fill(&running).await;
    let said = fails(folder.path(), "export --data .");
    let suspend = r#"kubectl patch chatbot NAME --type=merge -p '{"spec":{"suspend":true}}'"#;
    assert!(
        said.error.contains("is in use by a running bot") && said.error.contains(suspend),
        "{}",
        said.error
    );
    drop(running);
    let start = Instant::now();
    while !storage(folder.path(), "export --data .").success {
        assert!(start.elapsed() < PATIENCE, "the file is free again");
        // The task that kept the file ends.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn purging_wants_a_yes_and_touches_no_other_bot() {
    let server = RedisServer::start("");
    let folder = folder(&[("ops", &server)]);
    let (kept, other) = (open(&server, "prod/ops").await, open(&server, "prod/other").await);
    fill(&kept).await;
    fill(&other).await;
    let said = fails(folder.path(), "purge -f ops.yaml -n prod");
    assert!(said.out.ends_with("  demo: 2 values\n  other: 1 value\n"), "{}", said.out);
    assert_eq!(said.error, "error: nothing was removed: confirm with --yes\n");
    let said = succeeds(folder.path(), "purge -f ops.yaml -n prod --dry-run");
    assert!(said.out.ends_with("Dry run: 3 values would be removed.\n"), "{}", said.out);
    assert_eq!(value(&kept, "other", "a").await, Some(json!("x")));
    let said = succeeds(folder.path(), "purge -f ops.yaml -n prod --yes");
    assert!(said.out.ends_with("3 values removed, none is left.\n"), "{}", said.out);
    assert_eq!(value(&kept, "other", "a").await, None);
    assert_eq!(value(&other, "other", "a").await, Some(json!("x")));
}

/// Types `line` into a command at a terminal, which `script` makes.
fn typed(folder: &Path, arguments: &str, line: &str) -> (String, bool) {
    let command = format!("{} storage {arguments}", env!("CARGO_BIN_EXE_chatops-bot"));
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keyboard = terminal.stdin.take().unwrap();
    writeln!(keyboard, "{line}").unwrap();
    let output = terminal.wait_with_output().unwrap();
    drop(keyboard);
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
}

#[tokio::test]
async fn at_a_terminal_the_name_of_the_bot_is_a_yes_and_nothing_else() {
    let server = RedisServer::start("");
    let folder = folder(&[("ops", &server)]);
    let kept = open(&server, "prod/ops").await;
    fill(&kept).await;
    for line in ["", "y", "yes", "prod/ops"] {
        let (said, success) = typed(folder.path(), "purge -f ops.yaml -n prod", line);
        assert!(!success && said.contains("nothing was removed"), "{line}: {said}");
    }
    assert_eq!(value(&kept, "other", "a").await, Some(json!("x")));
    let (said, success) = typed(folder.path(), "purge -f ops.yaml -n prod", "ops");
    assert!(success && said.contains("To remove 3 values for good, type the name \"ops\":"), "{said}");
    assert_eq!(value(&kept, "other", "a").await, None);
}

#[tokio::test]
async fn released_keys_are_taken_over_with_their_values() {
    let server = RedisServer::start("");
    let folder = folder(&[("ops", &server)]);
    let owned = |owner: &str| {
        let redis = RedisConfig {
            owner: Some(owner.into()),
            ..RedisConfig::standalone(server.address(), "prod/ops")
        };
        StorageConfig::Redis(Box::new(redis))
    };
    chatops_bot::adapter::slack::install_tls_provider();
    let old = storage::open(&owned("cluster-1/prod/ops")).ready(PATIENCE).await.unwrap();
    fill(&old).await;
    drop(old);
    let refused = storage::open(&owned("cluster-2/prod/ops")).ready(Duration::ZERO).await;
    assert!(refused.is_err(), "the keys belong to the first bot");
    succeeds(folder.path(), "release -f ops.yaml -n prod --dry-run");
    assert!(storage::open(&owned("cluster-2/prod/ops")).ready(Duration::ZERO).await.is_err());
    let said = succeeds(folder.path(), "release -f ops.yaml -n prod");
    assert!(said.out.starts_with("Given up: Redis "), "{}", said.out);
    let new = storage::open(&owned("cluster-2/prod/ops")).ready(PATIENCE).await.unwrap();
    assert_eq!(value(&new, "other", "a").await, Some(json!("x")));
}

#[test]
fn what_cannot_be_opened_is_told_with_what_to_do() {
    let locked = RedisServer::start("--requirepass correct-horse");
    let folder = folder(&[("ops", &locked)]);
    let said = fails(folder.path(), "export -f ops.yaml -n prod");
    assert!(said.error.contains("check REDIS_USERNAME and REDIS_PASSWORD"), "{}", said.error);
    drop(locked);
    let said = fails(folder.path(), "export -f ops.yaml -n prod");
    assert!(said.error.contains("nothing listens at 127.0.0.1:"), "{}", said.error);
    let said = fails(folder.path(), "export --data nowhere");
    assert_eq!(said.error, "error: nowhere holds no values: there is no store.redb\n");
    let memory = "apiVersion: chatops.dev/v1alpha1\nkind: ChatBot\nmetadata: {name: m}\nspec:\n  slack: \
                  {tokensSecretRef: {name: none}}\n  storage: {memory: {}}\n";
    fs::write(folder.path().join("memory.yaml"), memory).unwrap();
    let said = fails(folder.path(), "export -f memory.yaml");
    assert!(said.error.starts_with("error: bot \"m\" keeps its values in memory"), "{}", said.error);
    assert!(fails(folder.path(), "export").error.contains("name the storage"));
}
