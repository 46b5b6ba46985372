//! Daemons that outlive the process that started them: each in a session of its own, its output in a log file, and
//! its identity in a file, so that any later process can tell whether it still runs.
//!
//! Does not know what the daemons are.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid};

use super::namespace::Namespace;
use super::state::State;
use super::{Component, command};

const LOG_TAIL: usize = 12;
const KILLED_WITHIN: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(2);

/// What to start.
#[derive(Debug)]
pub(super) struct Daemon {
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) environment: Vec<(&'static str, &'static str)>,
}

/// A process, told apart from a later one of the same number by the time it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pid: i32,
    /// In clock ticks since the machine started: field 22 of `/proc/PID/stat`.
    started: u64,
}

impl Identity {
    /// The process that has this number now; none if there is none, or it has ended and only waits to be reaped.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The second field is the name in parentheses, and may itself contain blanks and parentheses.
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        // The iterator stands at field 4.
        Some(Self { pid, started: fields.nth(18)?.parse().ok()? })
    }

    pub(super) fn is_running(self) -> bool {
        let running = Self::of(self.pid) == Some(self);
        if !running && let Some(pid) = Pid::from_raw(self.pid) {
            // Our own child leaves the table of processes only when we ask for it; for any other this fails.
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
        running
    }

    /// Ends the process at once. The file descriptor holds on to the process, so that the signal can't reach one
    /// that got the same number in between.
    pub(super) fn kill(self) {
        let Some(handle) = Pid::from_raw(self.pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
        else {
            return;
        };
        if self.is_running() {
            // It fails only for a process that has just ended.
            let _ = pidfd_send_signal(&handle, Signal::KILL);
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.pid, self.started)
    }
}

/// Starts `daemon` in a network namespace.
pub(super) fn start(state: &State, network: &Namespace, daemon: Daemon) -> Result<()> {
    let name = daemon.name;
    let log =
        File::create(log_file(state, name)).with_context(|| format!("cannot create the log of {name}"))?;
    let errors = log.try_clone()?;
    let child = network.inside(|| {
        Command::new("setsid")
            .arg(&daemon.program)
            .args(&daemon.args)
            .current_dir(state.root())
            // Nothing of the user's environment, such as a proxy, may reach a daemon.
            .env_clear()
            .env("PATH", command::SYSTEM_PATH)
            .env("HOME", state.root())
            .envs(daemon.environment)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
    });
    let pid = child.with_context(|| format!("cannot start {name}"))?.id().cast_signed();
    let identity = Identity::of(pid).with_context(|| ended(state, name))?;
    let file = state.processes().join(name);
    fs::write(&file, identity.to_string()).with_context(|| format!("cannot write {}", file.display()))
}

/// Ends the daemon `name` with all that it started, if there is one, and forgets it.
pub(super) fn stop(state: &State, name: &str) -> Result<()> {
    let file = state.processes().join(name);
    let content = match fs::read_to_string(&file) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    let identity = parse(&content).with_context(|| format!("{} is damaged", file.display()))?;
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    // dnsmasq has a child for each TCP connection, which holds on to the port.
    let mut family = if identity.is_running() { group(identity.pid)? } else { Vec::new() };
    let deadline = Instant::now() + KILLED_WITHIN;
    while !family.is_empty() {
        if Instant::now() > deadline {
            bail!("{name} can't be killed");
        }
        family.iter().for_each(|member| member.kill());
        thread::sleep(POLL);
        family.retain(|member| member.is_running());
        family.extend(group(identity.pid)?);
    }
    Ok(())
}

/// The running processes of a process group, which bears the number of the daemon that leads it.
fn group(leader: i32) -> Result<Vec<Identity>> {
    let mut members = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list the processes")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name in parentheses: state, parent, group.
        let group =
            stat.rsplit_once(") ").and_then(|(_, fields)| fields.split(' ').nth(2)?.parse::<i32>().ok());
        if group == Some(leader) {
            members.extend(Identity::of(pid));
        }
    }
    Ok(members)
}

/// # Errors
/// A daemon has ended; the message names it and ends with the last lines of its log.
pub(super) fn all_running(state: &State) -> Result<()> {
    match components(state)?.into_iter().find(|component| !component.running) {
        Some(dead) => bail!(ended(state, &dead.name)),
        None => Ok(()),
    }
}

fn ended(state: &State, name: &str) -> String {
    let path = log_file(state, name);
    format!("{name} has ended; the last lines of {}:\n{}", path.display(), tail(&path))
}

fn tail(path: &Path) -> String {
    let Ok(content) = fs::read(path) else { return "(there is no such file)".to_owned() };
    let content = String::from_utf8_lossy(&content);
    let lines: Vec<_> = content.lines().collect();
    let last = &lines[lines.len().saturating_sub(LOG_TAIL)..];
    last.iter().map(|line| format!("    {line}\n")).collect()
}

/// All daemons that were started, oldest first.
pub(super) fn components(state: &State) -> Result<Vec<Component>> {
    let entries = match fs::read_dir(state.processes()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("cannot list the processes of the cluster"),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let content = fs::read_to_string(entry.path())?;
        let identity = parse(&content).with_context(|| format!("{} is damaged", entry.path().display()))?;
        found.push((identity, entry.file_name().to_string_lossy().into_owned()));
    }
    found.sort_by_key(|(identity, _)| (identity.started, identity.pid));
    let component = |(identity, name): (Identity, _)| Component {
        name,
        pid: identity.pid,
        running: identity.is_running(),
    };
    Ok(found.into_iter().map(component).collect())
}

fn parse(content: &str) -> Option<Identity> {
    let (pid, started) = content.split_once(' ')?;
    Some(Identity { pid: pid.parse().ok()?, started: started.parse().ok()? })
}

fn log_file(state: &State, name: &str) -> PathBuf {
    state.logs().join(format!("{name}.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_process_of_the_same_number_is_another_one() {
        let own = Identity::of(std::process::id().cast_signed()).expect("this process runs");
        assert!(own.is_running());
        let earlier = Identity { started: own.started - 1, ..own };
        assert!(!earlier.is_running());
        assert_eq!(parse(&own.to_string()), Some(own));
    }

    #[test]
    #[allow(
        clippy::zombie_processes,
        reason = "that it is reaped without waiting for it is what the test shows"
    )]
    fn a_child_that_was_killed_is_reaped() {
        let child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let identity = Identity::of(child.id().cast_signed()).expect("it runs");
        identity.kill();
        while identity.is_running() {
            std::thread::yield_now();
        }
        assert_eq!(Identity::of(identity.pid), None);
        assert!(!Path::new(&format!("/proc/{}", identity.pid)).exists(), "no zombie is left");
    }
}
