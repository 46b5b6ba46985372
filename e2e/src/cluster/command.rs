//! Runs a short command of the system to its end, with a deadline.

use std::ffi::OsStr;
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The folders of system programs; root's `PATH` lacks some of them in a shell that is no login shell.
pub(super) const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs `program` and returns what it wrote to its standard output.
///
/// # Errors
/// It failed, with what it wrote to its standard error; or it took longer than `deadline`.
pub(super) async fn run<S: AsRef<OsStr>>(program: &str, args: &[S], deadline: Duration) -> Result<String> {
    let mut command = Command::new(program);
    command.args(args).env("PATH", SYSTEM_PATH);
    check(command, deadline).await
}

/// Like [`run`], for a command that has been set up already.
pub(super) async fn check(command: Command, deadline: Duration) -> Result<String> {
    let shown = shown(&command);
    let output = output(command, deadline).await?;
    if !output.status.success() {
        bail!("{shown}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Waits for `command`, whatever its status; kills it at the deadline.
pub(super) async fn output(mut command: Command, deadline: Duration) -> Result<Output> {
    let shown = shown(&command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(deadline, command.output())
        .await
        .with_context(|| format!("{shown}: still running after {} s", deadline.as_secs()))?
        .with_context(|| format!("cannot run {shown}"))
}

fn shown(command: &Command) -> String {
    let command = command.as_std();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
