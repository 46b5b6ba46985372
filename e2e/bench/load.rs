//! People who type commands, each in a channel of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use chatops_e2e::slack::Simulator;
use futures::future::try_join_all;
use tokio::time::{interval, timeout};

use super::contender::Contender;

/// How long one answer may take before the run is given up.
const ANSWER: Duration = Duration::from_secs(30);

/// What is typed, and what has to come back.
#[derive(Clone, Copy)]
pub enum Line {
    Echo,
    /// A command of the plugin [`REMEMBER`], which stores a value.
    Store,
}

/// The plugin that stores what [`Line::Store`] types.
pub const REMEMBER: &str = r#"{
    "apiVersion": "chatops.dev/v1alpha1", "kind": "BotPlugin", "metadata": {"name": "remember"},
    "spec": {"commands": [{
        "name": "remember",
        "args": [{"name": "value", "required": true, "rest": true}],
        "store": {"set": {"key": "{{ args.value }}", "value": "{{ args.value }}"}},
        "reply": "{{ args.value }}"
    }]}
}"#;

impl Line {
    fn command(self) -> &'static str {
        match self {
            Line::Echo => "!echo",
            Line::Store => "!remember",
        }
    }
}

/// What was answered.
pub struct Done {
    pub commands: usize,
    span: Duration,
}

impl Done {
    pub fn per_second(&self) -> f64 {
        self.commands as f64 / self.span.as_secs_f64()
    }
}

/// Types with `in_flight` people for `span`, each waiting for the answer.
pub async fn for_a_while(bot: &Contender, line: Line, in_flight: usize, span: Duration) -> Result<Done> {
    let end = Instant::now() + span;
    while_true(bot, line, in_flight, |_| Instant::now() < end).await
}

/// Types `total` commands with `in_flight` people, each waiting for the answer.
pub async fn commands(bot: &Contender, line: Line, in_flight: usize, total: usize) -> Result<Done> {
    while_true(bot, line, in_flight, |number| number < total).await
}

async fn while_true(
    bot: &Contender,
    line: Line,
    in_flight: usize,
    goes_on: impl Fn(usize) -> bool,
) -> Result<Done> {
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Instant::now();
    let person = async |channel: &String| {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if !goes_on(number) {
                return anyhow::Ok(());
            }
            ask(&bot.slack, channel, line, number).await?;
            answered.fetch_add(1, Ordering::Relaxed);
        }
    };
    try_join_all(bot.channels.iter().take(in_flight).map(person)).await.context(bot.name)?;
    Ok(Done { commands: answered.into_inner(), span: start.elapsed() })
}

/// Types `total` commands at `rate` a second, in turn over the channels, and returns the 99th percentile of the time
/// to the answer.
pub async fn p99_at(bot: &Contender, rate: u32, total: usize) -> Result<Duration> {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    let mut answers = Vec::with_capacity(total);
    for number in 0..total {
        ticks.tick().await;
        let (slack, channel) = (Arc::clone(&bot.slack), bot.channels[number % bot.channels.len()].clone());
        answers.push(tokio::spawn(async move {
            let start = Instant::now();
            ask(&slack, &channel, Line::Echo, number).await?;
            anyhow::Ok(start.elapsed())
        }));
    }
    let mut times = Vec::with_capacity(total);
    for answer in answers {
        times.push(answer.await??);
    }
    times.sort();
    Ok(times[(times.len() * 99) / 100])
}

async fn ask(slack: &Simulator, channel: &str, line: Line, number: usize) -> Result<()> {
    let text = format!("number {number}");
    let typed = format!("{} {text}", line.command());
    let answer = timeout(ANSWER, slack.ask("alice", channel, &typed)).await??;
    ensure!(answer == text, "asked for {text:?}, got {answer:?}");
    Ok(())
}
