//! `chatops-bot test`: transcripts, each held with a bot of its own, and what is different in the answers.

mod conversation;
mod expected;
mod junit;
mod outcome;
mod transcript;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use chatops_crds::bot_config::StorageConfig;
use tokio::sync::oneshot;

use super::{
    bot::{self, Bot, Failure, Keeps},
    manifests::Diagnostic,
    output,
    source::{FromManifests, LoadError, Loaded, Source},
};
use crate::{
    adapter::scripted::{self, Scripted},
    outbox::Outbox,
};
use outcome::Outcome;
use transcript::Transcript;

/// What is wrong with how the command is used: transcripts or manifests that cannot be read. As of clap.
const USAGE: u8 = 2;

/// How long an answer may take beyond the time that a command has.
const MORE: Duration = Duration::from_secs(10);

/// How transcripts are written, for `--help`.
const FORMAT: &str = "\
A transcript says who types what where, and indented by two spaces what must come back:

  # In a channel, by the prefix.
  alice in #general: !democmd add colour blue
    colour saved
  # In a direct message.
  bob: democmd get colour
    blue
  bob in a thread of #general: @ops democmd list
    colour: * (glob)
  bob in #general: nice weather
    (no answer)

A line that ends with \" (re)\" is a regular expression; with \" (glob)\", * is any text and ? any character;
... stands for any lines. What is typed goes on in lines that start with \">\". @NAME mentions the bot by the
name of its ChatBot, \"dev\" without one. Users and channels have their names as ids. Values are kept in memory
for one transcript.

Exit status: 0 if all answers are as expected, 1 if not, 2 if there is nothing that can be run.";

#[derive(Debug, clap::Args)]
#[command(after_long_help = FORMAT)]
pub(super) struct Options {
    /// Conversations to hold with the bot, each with a new one.
    #[arg(required = true, value_name = "TRANSCRIPT")]
    transcripts: Vec<PathBuf>,

    /// BotPlugins, and possibly a ChatBot, as kubectl applies them: files, folders or -. Default: the folder of each
    /// transcript.
    #[arg(short, long, value_name = "PATH")]
    filename: Vec<PathBuf>,

    /// Name of the ChatBot, where the files hold several.
    #[arg(long, value_name = "NAME")]
    bot: Option<String>,

    /// Write what came of each line into this file, as JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Succeeds if all answers are as expected.
pub(super) fn run(options: &Options) -> ExitCode {
    let Some(transcripts) = read(&options.transcripts) else { return USAGE.into() };
    let outcomes = match super::on_a_runtime(hold_all(options, transcripts)) {
        Ok(outcomes) => outcomes,
        Err(failure) => {
            output::error(&failure.to_string());
            let is_usage =
                matches!(&failure, Failure::Load(error) if !matches!(error, LoadError::Refused(_)));
            return if is_usage { USAGE.into() } else { ExitCode::FAILURE };
        }
    };
    output::text(&summary(&outcomes));
    if let Some(file) = &options.junit
        && let Err(error) = write_junit(file, &outcomes)
    {
        output::error(&format!("cannot write {}: {error}", file.display()));
        return USAGE.into();
    }
    if outcomes.iter().all(|outcome| outcome.failed() == 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All transcripts, or none if one cannot be used, of which the reason is shown.
fn read(paths: &[PathBuf]) -> Option<Vec<(PathBuf, Transcript)>> {
    let transcripts: Vec<_> = paths.iter().map(|path| Some((path.clone(), read_one(path)?))).collect();
    transcripts.into_iter().collect()
}

fn read_one(path: &Path) -> Option<Transcript> {
    let name = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            output::error(&format!("cannot read {name}: {error}"));
            return None;
        }
    };
    let mistakes = match transcript::parse(&name, &text) {
        Ok(transcript) => return Some(transcript),
        Err(mistakes) => mistakes,
    };
    let shown =
        mistakes.into_iter().map(|mistake| Diagnostic::new(&name, &text, mistake.span, mistake.message));
    output::problems(&shown.collect::<Vec<_>>());
    None
}

/// Holds the conversations one after the other, and tells of each what it came to.
async fn hold_all(
    options: &Options,
    transcripts: Vec<(PathBuf, Transcript)>,
) -> Result<Vec<Outcome>, Failure> {
    let (mut loaded, mut outcomes) = (BTreeMap::<_, Loaded>::new(), Vec::new());
    for (path, transcript) in transcripts {
        let source = FromManifests {
            paths: manifests(options, &path),
            bot: options.bot.clone(),
            namespace: None,
            storage: Some(StorageConfig::Memory {}),
        };
        let (paths, source) = (source.paths.clone(), Source::Manifests(source));
        let of_source = match loaded.get(&paths) {
            Some(loaded) => loaded.clone(),
            None => loaded.entry(paths).or_insert(bot::load(&source)?).clone(),
        };
        let outcome = hold(Bot::new(source, of_source), transcript).await?;
        output::text(&told(&outcome));
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// Where the plugins are for the transcript at `path`.
fn manifests(options: &Options, path: &Path) -> Vec<PathBuf> {
    if !options.filename.is_empty() {
        return options.filename.clone();
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    vec![folder.unwrap_or(Path::new(".")).to_owned()]
}

async fn hold(bot: Bot, transcript: Transcript) -> Result<Outcome, Failure> {
    let (sender, heard) = scripted::sender();
    let outbox = Outbox::start(sender, bot.metrics.clone());
    let (name, patience) = (bot.config.name.clone(), bot.program.borrow().timeout + MORE);
    let (tell, outcome) = oneshot::channel();
    bot.run(outbox, Keeps::Nothing, None, |inbox, stop| async move {
        let mut script = Scripted { inbox, heard };
        let held = conversation::hold(&mut script, &name, &transcript, patience);
        if let Some(answers) = stop.run_until_cancelled(held).await.flatten() {
            // It is waited for.
            let _ = tell.send(Outcome::new(transcript, answers));
        }
        Ok(())
    })
    .await?;
    outcome.await.map_err(|_| Failure::Interrupted)
}

/// What a transcript came to, for people.
fn told(outcome: &Outcome) -> String {
    let (name, lines) = (&outcome.transcript.name, outcome.transcript.steps.len());
    match (outcome.failed(), outcome.left()) {
        (0, _) => format!("ok      {name}\n"),
        (failed, 0) => format!("FAILED  {name}: {failed} of {lines} lines\n{}\n", outcome.diff(0..lines)),
        (failed, left) => {
            format!(
                "FAILED  {name}: {failed} of {lines} lines, {left} not typed\n{}\n",
                outcome.diff(0..lines)
            )
        }
    }
}

fn summary(outcomes: &[Outcome]) -> String {
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let (typed, failed) = (sum(|outcome| outcome.lines.len()), sum(Outcome::failed));
    let count = |n, one, more| if n == 1 { format!("1 {one}") } else { format!("{n} {more}") };
    let transcripts = count(outcomes.len(), "transcript", "transcripts");
    format!("{transcripts}, {} typed, {failed} failed\n", count(typed, "line", "lines"))
}

fn write_junit(file: &Path, outcomes: &[Outcome]) -> Result<(), Box<dyn std::error::Error>> {
    Ok(fs::write(file, junit::render(outcomes)?)?)
}
