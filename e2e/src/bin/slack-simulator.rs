//! `slack-simulator`: a simulated Slack to point a bot at, and a console to talk in it.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    net::SocketAddr,
    process::ExitCode,
};

use chatops_e2e::slack::{Console, Remote, Simulator, converse};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

/// A simulated Slack workspace: Web API, Socket Mode, people who type.
#[derive(Debug, Parser)]
#[command(name = "slack-simulator", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the workspace until SIGTERM
    Serve(Serve),
    /// Talk in a channel: one message or slash command a line, messages are printed as they come
    Chat {
        #[command(flatten)]
        at: At,
        /// Channel to talk in
        #[arg(long, default_value = "#general")]
        channel: String,
        /// Who talks: alice, bob, carol, gus (guest), frida (another company)
        #[arg(long, default_value = "alice")]
        user: String,
    },
    /// Type one message and print the answer
    Type {
        #[command(flatten)]
        at: At,
        /// `#general`, or `@alice` for alice's direct channel with the bot
        channel: String,
        /// Who types
        user: String,
        /// The message
        text: String,
    },
    /// Print a channel's messages
    Read {
        #[command(flatten)]
        at: At,
        /// `#general`, or `@alice` for alice's direct channel with the bot
        channel: String,
    },
}

#[derive(Debug, clap::Args)]
struct At {
    /// Where the simulator serves
    #[arg(long, default_value = "http://127.0.0.1:8080", env = "SLACK_SIMULATOR_URL")]
    url: String,
}

#[derive(Debug, clap::Args)]
struct Serve {
    /// Address to serve on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Slack's rate limits
    #[arg(long, value_enum, default_value_t = Switch::On)]
    rate_limits: Switch,
    /// Divides Slack's long waits, such as the minutes before a redelivery
    #[arg(long, default_value_t = 1.0)]
    time_factor: f64,
    /// Name of the bot
    #[arg(long, default_value = "ops")]
    bot_name: String,
    /// Bot token; random if neither this nor the variable is given
    #[arg(long, env = "SLACK_BOT_TOKEN", hide_env_values = true)]
    bot_token: Option<String>,
    /// App-level token; random if neither this nor the variable is given
    #[arg(long, env = "SLACK_APP_TOKEN", hide_env_values = true)]
    app_token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut out = io::stdout();
    match Arguments::parse().command {
        Command::Serve(arguments) => serve(arguments).await?,
        Command::Chat { at, channel, user } => {
            let interactive = io::stdin().is_terminal();
            let console = Console { remote: Remote::new(&at.url)?, channel, user, interactive };
            let unanswered = converse(&console, lines_of_stdin(), &mut out).await?;
            if unanswered > 0 {
                writeln!(io::stderr(), "{unanswered} lines got no answer")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Type { at, channel, user, text } => {
            let answer = Remote::new(&at.url)?.ask(&user, &channel, &text).await?;
            writeln!(out, "{answer}")?;
        }
        Command::Read { at, channel } => {
            for message in Remote::new(&at.url)?.messages(&channel).await? {
                writeln!(out, "{}: {}", message.author, message.text)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    let mut builder = Simulator::builder()
        .bind(arguments.listen)
        .rate_limits(arguments.rate_limits == Switch::On)
        .time_factor(arguments.time_factor)
        .bot_name(&arguments.bot_name);
    let tokens_are_known = arguments.bot_token.is_some() && arguments.app_token.is_some();
    if let Some(token) = arguments.bot_token {
        builder = builder.bot_token(token);
    }
    if let Some(token) = arguments.app_token {
        builder = builder.app_token(token);
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let simulator = builder.start().await?;
    let mut out = io::stdout();
    writeln!(out, "Slack Web API: {}", simulator.api_url())?;
    if !tokens_are_known {
        writeln!(
            out,
            "SLACK_BOT_TOKEN={}\nSLACK_APP_TOKEN={}",
            simulator.bot_token(),
            simulator.app_token()
        )?;
    }
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

/// Lines of standard input, read on a thread of their own: a blocked read must not keep the process from ending.
fn lines_of_stdin() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
