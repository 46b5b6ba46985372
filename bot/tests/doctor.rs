//! `chatops-bot doctor` as a process, with a scripted Slack.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

use std::{fs, process::Output};

use tempfile::TempDir;

#[allow(dead_code, reason = "shared with the tests of the adapter, which use more of it")]
#[path = "slack/server.rs"]
mod server;

use server::Server;

/// A bot's files and its configuration.
struct Pod {
    dir: TempDir,
}

impl Pod {
    /// `more`: further lines of the configuration.
    fn new(api_url: &str, more: &str) -> Pod {
        let dir = tempfile::tempdir().unwrap();
        let f = dir.path().display();
        let config = format!(
            "version: 2\nnamespace: prod\nname: ops\nslack:\n  apiUrl: {api_url}\n  botToken: !file {f}/bot-token\n  \
             appToken: !file {f}/app-token\ncommands: {{prefix: '!', timeout: 5m}}\nplugins: []\n{more}\n"
        );
        fs::write(dir.path().join("bot.yaml"), config).unwrap();
        let pod = Pod { dir };
        pod.write("bot-token", "xoxb-1");
        pod.write("app-token", "xapp-1");
        pod
    }

    fn write(&self, file: &str, content: &str) {
        fs::write(self.dir.path().join(file), content).unwrap();
    }

    async fn doctor(&self) -> Output {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_chatops-bot"));
        command.arg("doctor").arg("--config").arg(self.dir.path().join("bot.yaml")).env_remove("RUST_LOG");
        command.output().await.unwrap()
    }
}

const MEMORY: &str = "storage: !memory {}";

/// The line about `name`, without the spaces between its columns.
#[track_caller]
fn line(output: &Output, name: &str) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let found = text.lines().map(words).find(|line| line.contains(name));
    found.unwrap_or_else(|| panic!("no line about {name}:\n{text}"))
}

#[tokio::test]
async fn a_bot_that_works_passes_every_check() {
    let slack = Server::start().await;
    let output = Pod::new(&slack.api_url(), MEMORY).doctor().await;
    assert!(output.status.success(), "{output:?}");
    assert!(line(&output, "TCP").starts_with("ok TCP 127.0.0.1:"), "{output:?}");
    assert_eq!(line(&output, "bot token"), "ok bot token @ops in acme");
    assert_eq!(line(&output, "app token"), "ok app token opens sockets");
    assert_eq!(line(&output, "scopes"), "ok scopes all that the bot needs");
    assert!(line(&output, "clock").starts_with("ok clock 0 s"), "{output:?}");
    assert!(line(&output, "resolv.conf").starts_with("ok resolv.conf name servers"), "{output:?}");
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_fix_and_by_the_exit_code() {
    let slack = Server::start().await;
    slack.world().scopes = "app_mentions:read";
    let redis = "storage: !redis {addresses: ['127.0.0.1:1'], database: 0, keyPrefix: a}";
    let pod = Pod::new(&slack.api_url(), redis);
    pod.write("app-token", "xapp-wrong");
    let output = pod.doctor().await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(line(&output, "app token").starts_with("FAIL app token InvalidAppToken"), "{output:?}");
    assert!(line(&output, "scopes").contains("chat:write"), "{output:?}");
    assert!(line(&output, "Redis 127.0.0.1:1").contains("refused"), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("fix: ") && text.contains("connections:write"), "{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("3 of the checks failed"), "{output:?}");
    assert!(!text.contains("xapp-wrong") && !text.contains("xoxb-1"), "a secret is shown:\n{text}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_and_a_proxy_that_is_not_there_are_told() {
    let pod = Pod::new(
        "https://slack.invalid/api/",
        &format!("{MEMORY}\nnetwork: {{proxy: {{url: 'http://127.0.0.1:1'}}}}"),
    );
    let output = pod.doctor().await;
    let proxy = line(&output, "proxy to slack.invalid:443");
    assert!(
        proxy.starts_with("FAIL") && proxy.contains("127.0.0.1:1") && proxy.contains("refused"),
        "{proxy}"
    );
    let output = Pod::new("https://slack.invalid/api/", MEMORY).doctor().await;
    assert_eq!(output.status.code(), Some(1));
    assert!(line(&output, "DNS slack.invalid").starts_with("FAIL"), "{output:?}");
}

#[tokio::test]
async fn without_a_configuration_it_says_where_it_looked() {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_chatops-bot"));
    let output = command.args(["doctor", "--config", "/nowhere/bot.yaml"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nowhere/bot.yaml"), "{output:?}");
}
