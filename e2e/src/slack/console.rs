//! The text console of `slack-simulator chat`: lines go to a channel as one person, those that start with `/` as slash
//! commands; the channel's messages are printed as they come. With a pipe for input every line waits for its answer, so that a script reads as a conversation.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::{
    journal::{Action, Entry},
    message::Message,
    remote::Remote,
};

/// One long poll of the interactive console.
const POLL: Duration = Duration::from_secs(20);
/// How long a scripted line waits for its answer.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// A scripted answer is complete when nothing more came for this long.
const QUIET: Duration = Duration::from_millis(300);

/// Who talks where.
#[derive(Debug, Clone)]
pub struct Console {
    /// The simulator.
    pub remote: Remote,
    /// `#general`
    pub channel: String,
    /// `alice`
    pub user: String,
    /// A person sits in front of it: what is typed is on the screen already and need not be printed.
    pub interactive: bool,
}

/// Carries lines to the channel and messages to `output` until the lines end. Returns how many lines got no answer
/// (always 0 when interactive).
///
/// # Errors
/// The simulator cannot be reached, or the output cannot be written.
pub async fn converse(
    console: &Console,
    mut lines: mpsc::Receiver<String>,
    output: &mut (impl Write + Send),
) -> anyhow::Result<usize> {
    let state = console.remote.state().await?;
    let name = console.channel.trim_start_matches('#');
    let channel = state.workspace.channels.iter().find(|channel| channel.name == name || channel.id == name);
    let channel = channel.map_or_else(|| console.channel.clone(), |channel| channel.id.clone());
    let mut view = View { console, channel, seen: state.journal_end, output };
    let mut unanswered = 0;
    if console.interactive {
        writeln!(view.output, "{} as {}: one message a line, Ctrl-D ends", console.channel, console.user)?;
        loop {
            tokio::select! {
                line = lines.recv() => match line {
                    Some(line) if line.trim().is_empty() => {}
                    Some(line) => drop(console.says(&line).await?),
                    None => break,
                },
                entries = console.remote.journal(view.seen, POLL) => drop(view.print(&entries?)?),
            }
        }
        return Ok(0);
    }
    while let Some(line) = lines.recv().await {
        if line.trim().is_empty() {
            continue;
        }
        let is_answered = match console.says(&line).await? {
            Some(question) => console.remote.wait_for_reply(&question, ANSWER_DEADLINE).await.is_ok(),
            None => {
                // Nobody else sees a slash command.
                writeln!(view.output, "{}: {line}", console.user)?;
                view.print_next().await?
            }
        };
        unanswered += usize::from(!is_answered);
        view.print_until_quiet().await?;
    }
    Ok(unanswered)
}

impl Console {
    /// Types a line; what it returns is the message, if it is one.
    async fn says(&self, line: &str) -> anyhow::Result<Option<Message>> {
        let (user, channel) = (&self.user, &self.channel);
        if !line.starts_with('/') {
            return self.remote.types(user, channel, line).await.map(Some);
        }
        let (command, text) = line.split_once(' ').unwrap_or((line, ""));
        self.remote.runs_command(user, channel, command, text).await.map(|()| None)
    }
}

struct View<'a, W> {
    console: &'a Console,
    channel: String,
    seen: u64,
    output: &'a mut W,
}

impl<W: Write> View<'_, W> {
    /// Waits for something to print; false if nothing came in time.
    async fn print_next(&mut self) -> anyhow::Result<bool> {
        let end = Instant::now() + ANSWER_DEADLINE;
        while let Some(wait) = end.checked_duration_since(Instant::now()) {
            let entries = self.console.remote.journal(self.seen, wait).await?;
            if self.print(&entries)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn print_until_quiet(&mut self) -> anyhow::Result<()> {
        loop {
            let entries = self.console.remote.journal(self.seen, QUIET).await?;
            if entries.is_empty() {
                return Ok(());
            }
            self.print(&entries)?;
        }
    }

    /// Whether there was something to print.
    fn print(&mut self, entries: &[Entry]) -> anyhow::Result<bool> {
        let mut printed = false;
        for entry in entries {
            self.seen = entry.sequence;
            let Some(message) = entry.action.shown().filter(|message| message.channel == self.channel) else {
                continue;
            };
            let is_own = message.author == self.console.user;
            if !(is_own && self.console.interactive) {
                writeln!(self.output, "{}", line(&entry.action, message))?;
                printed = true;
            }
        }
        self.output.flush()?;
        Ok(printed)
    }
}

fn line(action: &Action, message: &Message) -> String {
    let indent = if message.thread_ts.is_some_and(|parent| parent != message.ts) { "  ↳ " } else { "" };
    let note = match action {
        Action::Ephemeral { .. } => " (only you)",
        Action::Updated { .. } => " (edited)",
        _ => "",
    };
    let files: String =
        message.files.iter().map(|file| format!("\n[file {}, {} bytes]", file.name, file.size)).collect();
    let text = format!("{}{files}", message.text);
    let head = format!("{indent}{}{note}: ", message.author);
    // Continued lines stand under the first one.
    head.clone() + &text.replace('\n', &format!("\n{}", " ".repeat(head.chars().count())))
}
