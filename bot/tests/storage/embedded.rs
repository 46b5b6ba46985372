//! The file of the embedded store: crashes, full disks, and files that cannot be used.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use chatops_bot::storage::{Limits, StorageError, list_all};
use chatops_crds::bot_report::FaultCode;
use serde_json::json;

use crate::{
    contract::SMALL,
    kept::{eventually, keep_file},
};

#[tokio::test]
async fn what_was_written_is_there_after_the_file_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let kept = keep_file(&path, Limits::default()).once_ready().await;
    kept.storage.set("demo", "k", json!("v"), None).await.unwrap();
    drop(kept);
    let kept = keep_file(&path, Limits::default()).once_ready().await;
    assert_eq!(kept.storage.get("demo", "k").await, Ok(Some(json!("v"))));
}

/// An hour of a busy channel is more commands than a plugin may have keys.
#[tokio::test]
async fn the_places_of_the_bot_itself_are_not_limited_as_plugins_are() {
    let folder = tempfile::tempdir().unwrap();
    let kept = keep_file(&folder.path().join("store.redb"), SMALL).once_ready().await;
    let mut outcomes = Vec::new();
    for (place, n) in
        [".inbox", "demo"].into_iter().flat_map(|place| (0..=SMALL.keys).map(move |n| (place, n)))
    {
        outcomes.push(kept.storage.set(place, &n.to_string(), json!(n), None).await.is_ok());
    }
    let (refused, taken) = outcomes.split_last().unwrap();
    assert!(!refused && taken.iter().all(|taken| *taken), "{outcomes:?}");
}

#[tokio::test]
async fn a_file_that_another_process_has_open_is_told_and_taken_over_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let first = keep_file(&path, Limits::default()).once_ready().await;
    first.storage.set("demo", "k", json!("v"), None).await.unwrap();
    let mut second = keep_file(&path, Limits::default());
    assert_eq!(second.fault(FaultCode::StorageFileUnusable, "cause").await, "locked");
    assert_eq!(second.storage.get("demo", "k").await, Err(StorageError::Unreachable));
    drop(first);
    second.recovers().await;
    assert_eq!(second.storage.get("demo", "k").await, Ok(Some(json!("v"))));
}

#[tokio::test]
async fn files_that_cannot_be_used_are_told_with_the_cause() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("no-folder").join("store.redb");
    let mut kept = keep_file(&none, Limits::default());
    assert_eq!(kept.fault(FaultCode::StorageFileUnusable, "cause").await, "other");
    fs::create_dir(none.parent().unwrap()).unwrap();
    kept.recovers().await;

    let text = folder.path().join("text");
    fs::write(&text, "this is no database, though it is long enough to be one".repeat(1_000)).unwrap();
    let mut kept = keep_file(&text, Limits::default());
    assert_eq!(kept.fault(FaultCode::StorageFileUnusable, "cause").await, "damaged");
    assert_eq!(kept.fault(FaultCode::StorageFileUnusable, "path").await, text.to_str().unwrap());
    fs::remove_file(&text).unwrap();
    kept.recovers().await;
}

#[tokio::test]
async fn a_damaged_file_is_told_and_never_answers_nonsense() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let kept = keep_file(&path, Limits::default()).once_ready().await;
    for n in 0..200 {
        kept.storage.set("demo", &format!("{n}"), json!("v".repeat(500)), None).await.unwrap();
    }
    drop(kept);
    eventually("it is closed", async || {
        let kept = keep_file(&path, Limits::default()).once_ready().await;
        kept.storage.get("demo", "1").await.is_ok()
    })
    .await;
    let mut bytes = fs::read(&path).unwrap();
    let start = bytes.windows(100).position(|window| window == [b'v'; 100]).unwrap();
    for at in (start..bytes.len()).step_by(64) {
        bytes[at] ^= 0x55;
    }
    fs::write(&path, bytes).unwrap();
    let mut kept = keep_file(&path, Limits::default());
    assert_eq!(kept.fault(FaultCode::StorageFileUnusable, "cause").await, "damaged");
}

/// A small file system of its own, unmounted when it is dropped. Tests run as root; whoever does not is told.
struct Tmpfs {
    folder: tempfile::TempDir,
}

impl Tmpfs {
    fn mount(options: &str) -> Tmpfs {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(mounted.success(), "this test mounts a tmpfs: run it as root");
        Tmpfs { folder }
    }

    fn remount(&self, options: &str) {
        let options = format!("remount,{options}");
        let done = Command::new("mount").args(["-o", &options]).arg(self.folder.path()).status().unwrap();
        assert!(done.success());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily: the file may be open yet.
        let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_what_was_acknowledged_stays_and_room_is_enough_to_recover() {
    let disk = Tmpfs::mount("size=4m");
    let ballast = disk.path("ballast");
    fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let mut kept = keep_file(&disk.path("store.redb"), Limits::default()).once_ready().await;
    let value = json!("v".repeat(100 << 10));
    let mut written = 0;
    let error = loop {
        match kept.storage.set("demo", &format!("{written:03}"), value.clone(), None).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the disk does not get full");
    };
    assert_eq!(error, StorageError::Refused("full".into()));
    assert_eq!(kept.fault(FaultCode::StorageFileUnusable, "cause").await, "full");
    fs::remove_file(&ballast).unwrap();
    kept.recovers().await;
    assert_eq!(list_all(&*kept.storage, "demo", "").await.unwrap().len(), written);
    kept.storage.set("demo", "after", value, None).await.unwrap();
    assert_eq!(list_all(&*kept.storage, "demo", "").await.unwrap().len(), written + 1);
}

#[tokio::test]
async fn a_read_only_disk_is_told_and_recovered_from() {
    let disk = Tmpfs::mount("size=8m");
    drop(keep_file(&disk.path("store.redb"), Limits::default()).once_ready().await);
    eventually("it is closed", async || {
        Command::new("mount").args(["-o", "remount,ro"]).arg(disk.folder.path()).status().unwrap().success()
    })
    .await;
    let mut kept = keep_file(&disk.path("store.redb"), Limits::default());
    assert_eq!(kept.fault(FaultCode::StorageFileUnusable, "cause").await, "readonly");
    disk.remount("rw");
    kept.recovers().await;
}

/// A bot in a terminal with its data in `folder`.
struct Dev {
    process: std::process::Child,
    typed: std::process::ChildStdin,
    printed: BufReader<std::process::ChildStdout>,
}

impl Dev {
    fn start(folder: &Path, plugin: &Path) -> Dev {
        let mut process = Command::new(env!("CARGO_BIN_EXE_chatops-bot"))
            .arg("dev")
            .arg("--data")
            .arg(folder)
            .arg("-f")
            .arg(plugin)
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let typed = process.stdin.take().unwrap();
        let printed = BufReader::new(process.stdout.take().unwrap());
        Dev { process, typed, printed }
    }

    fn asks(&mut self, line: &str) -> String {
        writeln!(self.typed, "{line}").unwrap();
        let mut answer = String::new();
        self.printed.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

const PLUGIN: &str = "\
apiVersion: chatops.dev/v1alpha1
kind: BotPlugin
metadata: {name: demo}
spec:
  commands:
  - name: put
    args: [{name: key, required: true}, {name: value, required: true}]
    store: {set: {key: '{{ args.key }}', value: '{{ args.value }}'}}
    reply: stored
  - name: look
    args: [{name: key, required: true}]
    store: {get: {key: '{{ args.key }}'}}
    reply: \"{{ result | default('nothing') }}\"
";

#[test]
fn dev_keeps_data_in_a_folder_also_when_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (data, plugin) = (folder.path().join("new").join("data"), folder.path().join("plugin.yaml"));
    fs::write(&plugin, PLUGIN).unwrap();
    let mut dev = Dev::start(&data, &plugin);
    for n in 0..20 {
        assert_eq!(dev.asks(&format!("!put k{n} v{n}")), "stored");
    }
    dev.kill();
    let mut dev = Dev::start(&data, &plugin);
    for n in 0..20 {
        assert_eq!(dev.asks(&format!("!look k{n}")), format!("v{n}"));
    }
    assert!(data.join("store.redb").exists());
}
