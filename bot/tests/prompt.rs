//! `chatops-bot dev` at a terminal, which util-linux's `script` gives it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    fs,
    io::{Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

const PLUGIN: &str = r#"
apiVersion: chatops.dev/v1alpha1
kind: BotPlugin
metadata: {name: deploy}
spec:
  commands:
    - name: deploy
      args:
        - {name: service, summary: What to deploy., required: true, pattern: "[a-z]+"}
        - {name: environment, type: Enum, values: [Staging, Production], required: true}
        - {name: dry, type: Boolean}
        - {name: machines, type: Integer, required: true, repeated: true}
      reply: "{{ args.service }} to {{ args.environment }} on {{ args.machines | join('+') }}"
    - name: greet
      args: [{name: who, type: User, required: true}, {name: words, required: true}]
      reply: "{{ args.words }}, {{ args.who.id }}"
"#;

const MACHINES: &str = "machines (One on each line; an empty line ends): ";

/// A person at a terminal. The process is stopped when it is dropped.
struct Person {
    process: Child,
    keys: ChildStdin,
    screen: Receiver<Vec<u8>>,
    /// What was shown and not yet looked at.
    shown: String,
    _files: tempfile::TempDir,
}

impl Person {
    fn start() -> Person {
        let files = tempfile::tempdir().unwrap();
        let plugin = files.path().join("plugin.yaml");
        fs::write(&plugin, PLUGIN).unwrap();
        let dev = format!("{} dev -f {}", env!("CARGO_BIN_EXE_chatops-bot"), plugin.display());
        let mut process = Command::new("script")
            .args(["--quiet", "--return", "--echo", "never", "--command", &dev, "/dev/null"])
            .env("TERM", "dumb")
            .env("USER", "alice")
            .env("XDG_STATE_HOME", files.path())
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keys = process.stdin.take().unwrap();
        let mut output = process.stdout.take().unwrap();
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut person = Person { process, keys, screen, shown: String::new(), _files: files };
        person.sees("dev> ");
        person
    }

    /// Types a line, waits for the `prompt` behind its answer and returns what is shown before that.
    fn types(&mut self, line: &str, prompt: &str) -> String {
        writeln!(self.keys, "{line}").unwrap();
        self.sees(prompt)
    }

    fn sees(&mut self, prompt: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while !self.shown.ends_with(prompt) {
            let bytes = self.screen.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let bytes = bytes.unwrap_or_else(|_| panic!("no {prompt:?} behind {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&bytes).replace('\r', ""));
        }
        let shown = std::mem::take(&mut self.shown);
        shown.strip_suffix(prompt).unwrap_or_default().to_owned()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn what_a_command_lacks_is_asked() {
    let mut alice = Person::start();
    let missing = alice.types("!deploy", "service (What to deploy): ");
    assert!(missing.contains("\"service\", \"environment\" and \"machines\" are missing."), "{missing}");
    assert_eq!(alice.types("web", "environment (Staging, Production): "), "");
    assert_eq!(alice.types("production", MACHINES), "");
    assert_eq!(alice.types("3", MACHINES), "");
    assert_eq!(alice.types("5", MACHINES), "");
    assert_eq!(alice.types("", "dev> "), "web to Production on 3+5\n");
    let repeated = "!deploy --service=web --environment=production --machines=3 --machines=5\nweb to Production on 3+5\n";
    assert_eq!(alice.types("!!", "dev> "), repeated);
}

#[test]
fn what_was_typed_is_not_asked_again() {
    let mut alice = Person::start();
    alice.types("!greet @bob", "words: ");
    assert_eq!(alice.types("Good --evening \"to you\"", "dev> "), "Good --evening \"to you\", bob\n");
}

#[test]
fn a_wrong_answer_is_asked_again() {
    let mut alice = Person::start();
    alice.types("!deploy -- web Staging", MACHINES);
    alice.types("many", MACHINES);
    let wrong = alice.types("", MACHINES);
    assert!(wrong.contains("must be a whole number"), "{wrong}");
    alice.types("7", MACHINES);
    assert_eq!(alice.types("", "dev> "), "web to Staging on 7\n");
}

#[test]
fn nothing_answered_runs_nothing() {
    let mut alice = Person::start();
    alice.types("!deploy web", "environment (Staging, Production): ");
    assert_eq!(alice.types("  ", "dev> "), "It does not run.\n");
    assert!(alice.types("!history", "dev> ").lines().all(|line| !line.contains("Production")));
}
