//! The command line: one subcommand a file. The only place that knows all parts of a bot and puts them together.

mod bot;
mod dev;
mod doctor;
mod follow;
mod logs;
pub mod manifests;
mod output;
mod run;
mod signals;
mod slack_manifest;
mod source;
mod storage;
mod test;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use logs::LogFormat;

/// A ChatOps bot: it answers commands in Slack, declared by BotPlugins.
#[derive(Debug, Parser)]
#[command(name = "chatops-bot", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// How the log on standard error is written. Default: JSON in a pod, text elsewhere. RUST_LOG says how much.
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Connect to Slack and answer until SIGTERM.
    Run(run::Options),
    /// Talk to the bot in this terminal: no Slack, no cluster.
    Dev(dev::Options),
    /// Look at DNS, network, tokens, scopes and storage, and say what is wrong and how to mend it.
    Doctor(doctor::Options),
    /// Print every problem of the YAML, with file, line and caret.
    Validate(validate::Options),
    /// Hold conversations with the bot, and compare its answers with those that are expected.
    Test(test::Options),
    /// Print the manifest to create the bot's Slack app from, with the scopes and events that the bot uses.
    SlackManifest(slack_manifest::Options),
    /// Move what plugins store: into a file and back, to another storage, from Errbot, away.
    Storage(storage::Options),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Cli { command, log_format } = Cli::parse();
    let (format, level) = match &command {
        Command::Run(options) if options.is_in_a_pod() => (LogFormat::Json, "info"),
        Command::Run(_) => (LogFormat::Text, "info"),
        Command::Dev(_)
        | Command::Doctor(_)
        | Command::Validate(_)
        | Command::SlackManifest(_)
        | Command::Storage(_) => (LogFormat::Text, "warn"),
        // What a plugin answers when it fails is told by the comparison.
        Command::Test(_) => (LogFormat::Text, "error"),
    };
    logs::start(log_format.unwrap_or(format), level);
    let outcome = match command {
        Command::Run(options) => on_a_runtime(run::run(options)),
        Command::Dev(options) => on_a_runtime(dev::run(options)),
        Command::Doctor(options) => on_a_runtime(doctor::run(options)),
        Command::Validate(options) => return validate::run(&options),
        Command::Test(options) => return test::run(&options),
        Command::SlackManifest(options) => return slack_manifest::run(options),
        Command::Storage(options) => return storage::run(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

/// One thread is enough: a bot waits for others most of the time, and a second one costs memory. It also runs the tasks
/// of one lane in the order in which they were started.
fn on_a_runtime<T>(task: impl Future<Output = Result<T, bot::Failure>>) -> Result<T, bot::Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(bot::Failure::Runtime)?;
    let outcome = runtime.block_on(task);
    // A look-up of a name that is under way must not delay the end.
    runtime.shutdown_background();
    outcome
}
