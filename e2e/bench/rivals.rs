//! Who is measured: our bot with a durable Redis, the bare loop, and what people may pick instead.

use std::{env, path::Path, path::PathBuf, process::Command};

use anyhow::{Context, Result};
use chatops_e2e::{
    installed::program,
    local::{Redis, bot, configuration},
    slack::Simulator,
};

use super::{contender::Contender, load::REMEMBER};

/// Of each rival the program that `scripts/rivals.sh` installs.
const RIVALS: [(&str, &str); 4] = [
    ("Bolt for JavaScript", "start-bolt-js"),
    ("Bolt for Python", "start-bolt-python"),
    ("Hubot", "start-hubot"),
    ("Errbot", "start-errbot"),
];

/// Starts all, ours first.
pub async fn start(redis: &Redis, folder: &Path) -> Result<Vec<Contender>> {
    let servers = [redis.pid()?];
    let command = |slack: &Simulator| bot(slack, folder, &configuration(slack, redis.storage(), REMEMBER)?);
    let ours = Contender::start("ours", &servers, command).await?;
    let bare = Contender::start("bare loop", &[], |slack| Ok(at(slack, Command::new(program("bare-loop")?))))
        .await?;
    let mut all = vec![ours, bare];
    let home = env::var_os("RIVALS").map(PathBuf::from).context("RIVALS is not set: use make bench")?;
    for (name, program) in RIVALS {
        let command = |slack: &Simulator| {
            // Errbot asks for the team, and wants a folder for its state.
            slack.add_scope("team:read");
            let mut command = at(slack, Command::new(home.join(program)));
            command.env("RIVAL_DATA", folder);
            Ok(command)
        };
        all.push(Contender::start(name, &[], command).await?);
    }
    Ok(all)
}

fn at(slack: &Simulator, mut command: Command) -> Command {
    command.env("SLACK_API_URL", slack.api_url());
    command.env("SLACK_BOT_TOKEN", slack.bot_token()).env("SLACK_APP_TOKEN", slack.app_token());
    command
}
