//! `chatops-bot run` as a process: its configuration, its HTTP server, its end. Slack is not there; what is said in
//! Slack is tested with the adapter.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use chatops_crds::bot_report::{BotReport, Envelope, FaultCode};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running bot with an HTTP server. The process is stopped when it is dropped.
struct Bot {
    process: Option<Child>,
    port: u16,
}

impl Bot {
    fn start(arguments: &[&str]) -> Bot {
        Self::start_with(arguments, &[])
    }

    fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Bot {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut command = bot(&["run", "--listen", &format!("127.0.0.1:{port}")]);
        let process = command.args(arguments).envs(environment.iter().copied()).spawn().unwrap();
        Bot { process: Some(process), port }
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: bot\r\nconnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The report, once it is as wanted.
    fn report(&self, what: &str, is: impl Fn(&BotReport) -> bool) -> BotReport {
        let start = Instant::now();
        loop {
            let answer = self.get("/status").unwrap_or_default();
            let json = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
            let envelope: Option<Envelope> = serde_json::from_str(json).ok();
            if let Some(report) = envelope.as_ref().map(|e| e.report.clone()).filter(|report| is(report)) {
                return report;
            }
            assert!(start.elapsed() < PATIENCE, "{what}: {envelope:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for the end.
    fn ends(mut self) -> Output {
        self.process.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn bot(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatops-bot"));
    command
        .args(arguments)
        .env_remove("RUST_LOG")
        .env_remove("SLACK_BOT_TOKEN")
        .env_remove("SLACK_APP_TOKEN");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A configuration as the operator renders it; nobody listens where its Slack is.
fn rendered(folder: &Path, version: u32, commands: &[&str]) -> String {
    let commands: Vec<_> = commands.iter().map(|name| format!("{{name: {name}, reply: ok}}")).collect();
    format!(
        "version: {version}\nnamespace: prod\nname: ops\nslack:\n  apiUrl: http://127.0.0.1:1/api/\n  botToken: !file {f}/bot-token\n  \
         appToken: !file {f}/app-token\ncommands: {{prefix: '!', timeout: 5m}}\nstorage: !memory {{}}\nplugins:\n- {{name: demo, \
         generation: 1, commands: [{c}]}}\n",
        f = folder.display(),
        c = commands.join(", ")
    )
}

/// Puts a file where the kubelet puts it: behind a link that is swapped.
fn mount(folder: &Path, generation: &str, text: &str) {
    let data = folder.join(format!("..{generation}"));
    fs::create_dir(&data).unwrap();
    fs::write(data.join("bot.yaml"), text).unwrap();
    symlink(data.file_name().unwrap(), folder.join("..data_tmp")).unwrap();
    fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    if !folder.join("bot.yaml").exists() {
        symlink("..data/bot.yaml", folder.join("bot.yaml")).unwrap();
    }
}

#[test]
fn a_changed_configuration_is_in_force_within_a_second_and_a_broken_one_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    mount(folder.path(), "1", &rendered(folder.path(), 1, &["one"]));
    let file = folder.path().join("bot.yaml");
    let bot = Bot::start(&["--config", file.to_str().unwrap()]);
    let first = bot.report("the first configuration", |report| !report.config_hash.is_empty());
    assert_eq!(first.config_hash, chatops_crds::bot_config::hash(&fs::read_to_string(&file).unwrap()));
    assert_eq!((first.plugins[0].commands, first.storage.ready), (1, true));

    mount(folder.path(), "2", &rendered(folder.path(), 1, &["one", "two"]));
    let changed = Instant::now();
    let second = bot.report("the second configuration", |report| report.plugins[0].commands == 2);
    assert!(changed.elapsed() < Duration::from_secs(1), "it took {:?}", changed.elapsed());
    assert_ne!(second.config_hash, first.config_hash);

    mount(folder.path(), "3", "version: 1\nnamespace: [");
    let broken = bot.report("a broken configuration", |report| report.config_fault.is_some());
    assert_eq!(broken.config_fault.unwrap().code, FaultCode::ConfigUnreadable);
    assert_eq!((broken.plugins[0].commands, broken.config_hash), (2, second.config_hash));

    mount(folder.path(), "4", &rendered(folder.path(), 1, &["one", "two"]));
    bot.report("a mended configuration", |report| report.config_fault.is_none());
}

#[test]
fn what_is_wrong_with_slack_is_reported_and_the_bot_is_alive_but_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    mount(folder.path(), "1", &rendered(folder.path(), 1, &[]));
    let bot = Bot::start(&["--config", folder.path().join("bot.yaml").to_str().unwrap()]);
    let report = bot.report("missing tokens", |report| report.slack.credentials_fault.is_some());
    assert_eq!(report.slack.credentials_fault.unwrap().code, FaultCode::TokensSecretNotFound);
    assert!(bot.get("/healthz").unwrap().starts_with("HTTP/1.1 200"));
    assert!(bot.get("/readyz").unwrap().starts_with("HTTP/1.1 503"));
    assert!(bot.get("/metrics").unwrap().contains("# EOF"));
}

#[test]
fn sigterm_ends_it_with_success_and_the_log_is_json_and_holds_no_token() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bot-token"), "xoxb-correct-horse").unwrap();
    fs::write(folder.path().join("app-token"), "xapp-battery-staple").unwrap();
    mount(folder.path(), "1", &rendered(folder.path(), 1, &[]));
    let bot = Bot::start(&["--config", folder.path().join("bot.yaml").to_str().unwrap()]);
    bot.report("Slack is not there", |report| report.slack.connection_fault.is_some());
    bot.signal("-TERM");
    let told = Instant::now();
    let output = bot.ends();
    assert!(told.elapsed() < Duration::from_secs(5), "it took {:?}", told.elapsed());
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    assert!(log.contains("SIGTERM") && !log.contains("horse") && !log.contains("staple"), "{log}");
}

#[test]
fn a_configuration_of_another_contract_is_not_run() {
    let folder = tempfile::tempdir().unwrap();
    mount(folder.path(), "1", &rendered(folder.path(), 99, &[]));
    let output =
        bot(&["run", "--config", folder.path().join("bot.yaml").to_str().unwrap()]).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("contract version 99"));
}

const BOT: &str = "\
apiVersion: chatops.dev/v1alpha1
kind: ChatBot
metadata: {name: NAME}
spec: {slack: {tokensSecretRef: {name: x}, apiURL: 'http://127.0.0.1:1/api/'}, storage: {redis: {addresses: ['127.0.0.1:1']}}}
---
";

#[test]
fn the_yaml_that_kubectl_applies_runs_without_a_cluster_with_tokens_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.yaml");
    fs::write(&file, BOT.replace("NAME", "ops")).unwrap();
    let file = file.to_str().unwrap();
    let output = bot(&["run", "-f", file]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("error: SLACK_BOT_TOKEN is missing or empty: set it to the token"), "{said}");

    let tokens = [("SLACK_BOT_TOKEN", "xoxb-1-2-three"), ("SLACK_APP_TOKEN", "xapp-1-A2-3-four")];
    let bot = Bot::start_with(&["-f", file], &tokens);
    let report =
        bot.report("nobody listens", |r| r.slack.connection_fault.is_some() && r.storage.fault.is_some());
    let fault = report.slack.connection_fault.unwrap();
    assert_eq!((fault.code, fault.arg("cause")), (FaultCode::SlackUnreachable, "refused"));
    let fault = report.storage.fault.unwrap();
    assert_eq!((fault.code, fault.arg("cause")), (FaultCode::StorageUnreachable, "refused"));
}

#[test]
fn a_secret_in_a_line_of_the_log_is_masked_and_the_line_stays_json() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bot.yaml");
    fs::write(&file, BOT.replace("NAME", "ops")).unwrap();
    // The address of storage, which is logged, for a token.
    let tokens = [("SLACK_BOT_TOKEN", "127.0.0.1:1"), ("SLACK_APP_TOKEN", "xapp-1-A2-3-four")];
    let bot = Bot::start_with(&["-f", file.to_str().unwrap(), "--log-format", "json"], &tokens);
    bot.report("nobody listens", |report| report.storage.fault.is_some());
    bot.signal("-TERM");
    let log = String::from_utf8(bot.ends().stderr).unwrap();
    assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{log}");
    assert!(log.contains(r#"\"address\": \"***\""#) && !log.contains("127.0.0.1:1"), "{log}");
}

#[test]
fn of_several_chat_bots_one_has_to_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bots.yaml");
    fs::write(&file, BOT.replace("NAME", "ops") + &BOT.replace("NAME", "dev")).unwrap();
    let said = |more: &[&str]| {
        let output = bot(&["run", "-f", file.to_str().unwrap()]).args(more).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let several =
        "error: there are several ChatBots in these files: choose one with --bot ops or --bot dev\n";
    assert_eq!(said(&[]), several);
    let not_there = "error: there is no ChatBot \"prod\" in these files; there are ops, dev\n";
    assert_eq!(said(&["--bot", "prod"]), not_there);
}
