//! The control API and the program.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chatops_e2e::slack::{Fault, Remote, Simulator};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::app::App;

const PROGRAM: &str = env!("CARGO_BIN_EXE_slack-simulator");

/// Answers every person's message, and every slash command, with the same words in capitals, until it is aborted.
async fn shouting_bot(slack: &Simulator) -> anyhow::Result<JoinHandle<anyhow::Result<()>>> {
    let app = App::of(slack)?;
    let (mut socket, _) = app.connect().await?;
    Ok(tokio::spawn(async move {
        while let Ok(envelope) = socket.take().await {
            if envelope["type"] == "slash_commands" {
                let command = &envelope["payload"];
                let text = command["text"].as_str().unwrap_or_default().to_uppercase();
                let url = command["response_url"].as_str().unwrap_or_default();
                app.http.post(url).json(&json!({ "text": text })).send().await?;
                continue;
            }
            let event = &envelope["payload"]["event"];
            if event["type"] == "message" && event["bot_id"].is_null() {
                let text = event["text"].as_str().unwrap_or_default().to_uppercase();
                let answer =
                    json!({ "channel": event["channel"], "thread_ts": event["thread_ts"], "text": text });
                app.call("chat.postMessage", answer).await?;
            }
        }
        Ok(())
    }))
}

#[tokio::test]
async fn the_control_api_types_reads_and_breaks_things() -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let bot = shouting_bot(&slack).await?;
    let remote = Remote::new(&format!("http://{}", slack.address()))?;
    assert_eq!(remote.ask("alice", "#ops", "hello").await?, "HELLO");
    let first = remote.messages("#ops").await?.remove(0);
    let inside = remote.types_in_thread("bob", &first, "psst").await?;
    assert_eq!(remote.wait_for_reply(&inside, Duration::from_secs(20)).await?.thread_ts, Some(first.ts));
    let error = remote.types("nobody", "#ops", "x").await.expect_err("a user who does not exist");
    assert!(error.to_string().contains("no user nobody"), "{error}");

    assert!(!remote.change_scopes(&[], &["chat:write"]).await?.contains(&"chat:write".to_owned()));
    remote.reject_bot_token("invalid_auth").await?;
    assert!(remote.types("alice", "#ops", "unheard").await.is_ok());
    remote.restore_tokens().await?;
    let token = remote.rotate_bot_token().await?;
    assert_eq!(remote.state().await?.bot_token, token);
    remote.inject(Fault::DropSockets).await?;
    remote.clear_faults().await?;
    assert!(remote.inject(Fault::RefuseConnections { millis: None }).await.is_err());
    bot.abort();
    Ok(())
}

#[tokio::test]
async fn piped_lines_are_typed_one_by_one_and_each_gets_its_answer() -> anyhow::Result<()> {
    let slack = Simulator::builder().rate_limits(false).start().await?;
    let bot = shouting_bot(&slack).await?;
    let url = format!("http://{}", slack.address());
    let output = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        let mut chat = Command::new(PROGRAM)
            .args(["chat", "--url", &url, "--channel", "#ops", "--user", "bob"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        chat.stdin.take().context("no input")?.write_all(b"one\n\ntwo\n/ops three\n")?;
        Ok(chat.wait_with_output()?)
    });
    let output = output.await??;
    assert!(output.status.success());
    let (messages, command) =
        ("bob: one\nops: ONE\nbob: two\nops: TWO\n", "bob: /ops three\nops (only you): THREE\n");
    assert_eq!(String::from_utf8(output.stdout)?, format!("{messages}{command}"));
    bot.abort();
    Ok(())
}

/// Ends the program if a test fails half way.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn line(from: &mut BufReader<ChildStdout>) -> anyhow::Result<String> {
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

#[test]
fn the_program_tells_where_it_serves_and_ends_at_once_on_sigterm() -> anyhow::Result<()> {
    let program = Command::new(PROGRAM)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env_remove("SLACK_BOT_TOKEN")
        .env_remove("SLACK_APP_TOKEN")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut served = Served(program);
    let mut output = BufReader::new(served.0.stdout.take().context("no output")?);
    let url = line(&mut output)?.strip_prefix("Slack Web API: ").context("no URL")?.to_owned();
    assert!(line(&mut output)?.starts_with("SLACK_BOT_TOKEN=xoxb-"));
    assert!(line(&mut output)?.starts_with("SLACK_APP_TOKEN=xapp-1-A"));
    let base = url.strip_suffix("/api").context("no /api")?;
    let read = Command::new(PROGRAM).args(["read", "#general", "--url", base]).output()?;
    assert!(read.status.success() && read.stdout.is_empty());

    let told = Instant::now();
    let process = rustix::process::Pid::from_child(&served.0);
    rustix::process::kill_process(process, rustix::process::Signal::TERM)?;
    assert!(served.0.wait()?.success());
    assert!(told.elapsed() < Duration::from_secs(5));
    Ok(())
}
