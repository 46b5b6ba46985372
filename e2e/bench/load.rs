//! People who type commands, each in a channel of their own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use chatops_e2e::slack::{ChannelKind, Simulator};
use futures::future::try_join_all;
use tokio::time::{interval, timeout};

/// How long one answer may take before the run is given up.
const ANSWER: Duration = Duration::from_secs(30);

/// Makes the channels that [`commands_a_second`] types in.
pub fn channels(slack: &Simulator, count: usize) -> Vec<String> {
    (0..count)
        .map(|i| {
            let name = format!("load-{i}");
            slack.create_channel(&name, ChannelKind::Public);
            format!("#{name}")
        })
        .collect()
}

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

/// Types `total` commands with `in_flight` people, each waiting for the answer, and returns commands a second.
pub async fn commands_a_second(
    slack: &Arc<Simulator>,
    channels: &[String],
    line: Line,
    in_flight: usize,
    total: usize,
) -> Result<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    try_join_all(channels.iter().take(in_flight).map(|channel| {
        let (slack, next, channel) = (slack.clone(), next.clone(), channel.clone());
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(());
                }
                ask(&slack, &channel, line, number).await?;
            }
        }
    }))
    .await?;
    Ok(total as f64 / start.elapsed().as_secs_f64())
}

/// Types `total` commands at `rate` a second, in turn over the channels, and returns the 99th percentile of the time
/// to the answer.
pub async fn p99_at(
    slack: &Arc<Simulator>,
    channels: &[String],
    rate: u32,
    total: usize,
) -> Result<Duration> {
    let mut ticks = interval(Duration::from_secs(1) / rate);
    let mut answers = Vec::with_capacity(total);
    for number in 0..total {
        ticks.tick().await;
        let (slack, channel) = (slack.clone(), channels[number % channels.len()].clone());
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
