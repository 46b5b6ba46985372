//! Our bot with a durable Redis against the bare loop.

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use chatops_e2e::{
    installed::program,
    local::{Process, Redis, bot},
    slack::Simulator,
};

use super::{
    load::{self, Line, REMEMBER},
    table::{Table, mebibytes},
};

/// Commands in flight at once, and how many are typed.
const LOADS: [(usize, usize); 3] = [(1, 1_000), (16, 8_000), (64, 8_000)];
/// A calm day: commands a second, and how many are typed.
const CALM: (u32, usize) = (20, 400);
const CONNECT: Duration = Duration::from_secs(10);

/// One bot under measurement, with a Slack of its own.
pub(super) struct Contender {
    pub slack: Arc<Simulator>,
    pub channels: Vec<String>,
    process: Process,
    connected_after: Duration,
    answered_after: Duration,
    idle: u64,
}

/// Measures both, one after the other for each load.
pub async fn measure(table: &mut Table) -> Result<()> {
    let (redis, folder) = (Redis::start()?, tempfile::tempdir()?);
    let ours = Contender::start(|slack| bot(slack, folder.path(), redis.storage(), REMEMBER)).await?;
    let bare = Contender::start(bare_loop).await?;
    table.add("connected after the start", format!("{:.0?}", ours.connected_after), "≤ 100 ms")?;
    table.add(
        "start to first answer",
        format!("{:.0?} (bare {:.0?})", ours.answered_after, bare.answered_after),
        "",
    )?;
    table.add(
        "memory, idle",
        format!("{} (bare {})", mebibytes(ours.idle), mebibytes(bare.idle)),
        "≤ 16 MiB",
    )?;
    for (in_flight, total) in LOADS {
        let bare_rate =
            load::commands_a_second(&bare.slack, &bare.channels, Line::Echo, in_flight, total).await?;
        let our_rate =
            load::commands_a_second(&ours.slack, &ours.channels, Line::Echo, in_flight, total).await?;
        let ratio = our_rate / bare_rate;
        let figure = format!("{our_rate:.0}/s, bare {bare_rate:.0}/s, ratio {ratio:.2}");
        table.add(&format!("!echo, {in_flight} in flight"), figure, "ratio ≥ 0.6")?;
    }
    let (rate, total) = CALM;
    let bare_p99 = load::p99_at(&bare.slack, &bare.channels, rate, total).await?;
    let our_p99 = load::p99_at(&ours.slack, &ours.channels, rate, total).await?;
    table.add("p99 at 20/s", format!("{our_p99:.1?}, bare {bare_p99:.1?}"), "")?;
    table.add("memory after the load", mebibytes(ours.process.resident()?), "")
}

impl Contender {
    pub async fn start(command: impl FnOnce(&Simulator) -> Result<Command>) -> Result<Self> {
        let slack = Arc::new(Simulator::builder().rate_limits(false).retention(500).start().await?);
        let channels = load::channels(&slack, 64);
        let mut command = command(&slack)?;
        let start = Instant::now();
        let process = Process::start(&mut command)?;
        slack.wait_for_sockets(1, CONNECT).await?;
        let connected_after = start.elapsed();
        slack.ask("alice", "#ops", "!echo hello").await?;
        let answered_after = start.elapsed();
        let idle = process.resident()?;
        Ok(Self { slack, channels, process, connected_after, answered_after, idle })
    }
}

fn bare_loop(slack: &Simulator) -> Result<Command> {
    let mut command = Command::new(program("bare-loop")?);
    command.env("SLACK_API_URL", slack.api_url());
    command.env("SLACK_BOT_TOKEN", slack.bot_token()).env("SLACK_APP_TOKEN", slack.app_token());
    Ok(command)
}
