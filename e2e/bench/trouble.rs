//! What people notice when Slack delivers twice, drops connections, or says that it is too much.

use std::{collections::HashMap, time::Duration};

use anyhow::Result;
use chatops_e2e::slack::{Fault, Slack};
use futures::future::try_join_all;
use jiff::Timestamp;
use tokio::time::{Instant, interval, sleep};

use super::{
    contender::{Contender, channel},
    report::Table,
};

/// Commands a second.
const RATE: u32 = 20;
/// Commands of which each fifth is delivered twice.
const DOUBLED: usize = 300;
/// Commands of which these are followed by the loss of every connection.
const DROPPED: usize = 200;
const DROPS: [usize; 2] = [60, 140];
/// Commands at once in one channel, to which Slack lets a bot post once a second.
const BURST: usize = 20;
/// Slack delivers again after a minute.
const AFTERMATH: Duration = Duration::from_secs(75);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// A command as it was typed. No other has its word.
struct Typed {
    word: String,
    at: Timestamp,
}

/// What people saw of their commands.
struct Outcome {
    lost: usize,
    doubled: usize,
    slowest: Duration,
}

/// Measures all of them.
pub async fn measure(contenders: &[Contender], table: &mut Table) -> Result<()> {
    let (mut doubled, mut dropped) = (Vec::new(), Vec::new());
    for each in contenders {
        doubled.push(
            types(each, "twice", DOUBLED, |number| {
                (number % 5 == 0).then_some(Fault::DuplicateEvents { times: 1 })
            })
            .await?,
        );
        dropped.push(
            types(each, "dropped", DROPPED, |number| DROPS.contains(&number).then_some(Fault::DropSockets))
                .await?,
        );
    }
    sleep(AFTERMATH).await;
    let outcomes = |typed: &[Vec<Typed>]| -> Vec<_> {
        contenders.iter().zip(typed).map(|(each, typed)| outcome(&each.slack, typed)).collect()
    };
    let twice = outcomes(&doubled).into_iter().map(|seen| format!("{} twice", seen.doubled));
    table.add("of 300 commands, 60 delivered twice: answered", twice, "0 twice")?;
    let (name, aim) = ("two dropped connections, 200 commands", "0 lost, 0 twice, ≤ 2 s");
    table.add(name, outcomes(&dropped).iter().map(Outcome::to_string), aim)?;
    bursts(contenders, table).await
}

/// Types over the channels in turn, and has something go wrong halfway between two commands where `fault` tells what.
async fn types(
    bot: &Contender,
    what: &str,
    count: usize,
    fault: impl Fn(usize) -> Option<Fault>,
) -> Result<Vec<Typed>> {
    let period = Duration::from_secs(1) / RATE;
    let (mut pace, mut typed) = (interval(period), Vec::new());
    for number in 0..count {
        pace.tick().await;
        let channel = &bot.channels[number % bot.channels.len()];
        typed.push(type_one(bot, channel, format!("{what}-{number}")).await?);
        if let Some(fault) = fault(number) {
            sleep(period / 2).await;
            bot.slack.inject(fault);
        }
    }
    Ok(typed)
}

async fn type_one(bot: &Contender, channel: &str, word: String) -> Result<Typed> {
    let at = Timestamp::now();
    bot.slack.user("alice").types(channel, &format!("!echo {word}")).await?;
    Ok(Typed { word, at })
}

fn outcome(slack: &Slack, typed: &[Typed]) -> Outcome {
    let mut answers = HashMap::<_, Vec<_>>::new();
    for entry in slack.transcript() {
        for line in entry.action.new_message().iter().flat_map(|message| message.text.lines()) {
            answers.entry(line.to_owned()).or_default().push(entry.at);
        }
    }
    let mut seen = Outcome { lost: 0, doubled: 0, slowest: Duration::ZERO };
    for command in typed {
        let times = answers.get(&command.word).map_or(&[][..], Vec::as_slice);
        seen.doubled += usize::from(times.len() > 1);
        match times.first() {
            None => seen.lost += 1,
            Some(at) => {
                seen.slowest = seen.slowest.max(Duration::try_from(*at - command.at).unwrap_or_default());
            }
        }
    }
    seen
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lost, doubled, slowest } = self;
        write!(f, "{lost} lost, {doubled} twice, slowest {:.1} s", slowest.as_secs_f64())
    }
}

/// A burst in one channel of each, and what the others have of it.
async fn bursts(contenders: &[Contender], table: &mut Table) -> Result<()> {
    let outcomes = try_join_all(contenders.iter().map(burst)).await?;
    let (burst, others): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
    table.add(
        "burst of 20 in one channel",
        burst.iter().map(Outcome::to_string),
        "0 lost, 0 twice, ≤ 21 s",
    )?;
    table.add("meanwhile in other channels", others.iter().map(Outcome::to_string), "unaffected")
}

async fn burst(bot: &Contender) -> Result<(Outcome, Outcome)> {
    let busy = channel(&bot.slack, "busy");
    bot.slack.set_rate_limits(true);
    let (mut burst, mut others) = (Vec::new(), Vec::new());
    for number in 0..BURST {
        burst.push(type_one(bot, &busy, format!("burst-{number}")).await?);
    }
    let mut pace = interval(Duration::from_secs(1));
    for number in 0..BURST {
        pace.tick().await;
        others.push(type_one(bot, &bot.channels[number], format!("meanwhile-{number}")).await?);
    }
    let deadline = Instant::now() + AFTERMATH;
    while outcome(&bot.slack, &burst).lost > 0 && Instant::now() < deadline {
        sleep(LOOK).await;
    }
    bot.slack.set_rate_limits(false);
    Ok((outcome(&bot.slack, &burst), outcome(&bot.slack, &others)))
}
